use std::io::Cursor;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

/// Go's build information in the form of Go 1.18, as `go::read` hands it on.
fn go_piece(version: &str, modules: &str) -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    for text in [version, modules] {
        assert!(text.len() < 128, "one byte of length");
        bytes.push(text.len() as u8);
        bytes.extend(text.bytes());
    }
    bytes
}

/// A section: name, address, content.
type Section<'a> = (&'a str, u64, Vec<u8>);

/// ELF for x86-64; every section is loaded, and writable.
fn elf(sections: &[Section<'_>]) -> Vec<u8> {
    let mut names = vec![0];
    let mut places = Vec::new();
    let mut body = vec![0; 64 + 56 * sections.len()];
    for (name, address, content) in sections.iter().chain(&[(".shstrtab", 0, Vec::new())]) {
        body.resize(body.len().next_multiple_of(16), 0);
        places.push((names.len() as u32, *address, body.len() as u64, content.len() as u64));
        names.extend(name.bytes().chain([0]));
        body.extend(content);
    }
    let last = places.len() - 1;
    places[last].3 = names.len() as u64;
    body.extend(&names);
    for (at, &(_, address, offset, size)) in places[..last].iter().enumerate() {
        let mut entry = Vec::new();
        entry.extend([1_u32, 6].map(u32::to_le_bytes).concat());
        entry.extend([offset, address, address, size, size, 16].map(u64::to_le_bytes).concat());
        body[64 + 56 * at..64 + 56 * (at + 1)].copy_from_slice(&entry);
    }
    let table = body.len() as u64;
    body.extend([0; 64]);
    for (name, address, offset, size) in &places {
        body.extend([*name, 1].map(u32::to_le_bytes).concat());
        body.extend([3, *address, *offset, *size, 0, 16, 0].map(u64::to_le_bytes).concat());
    }
    body[..16].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    body[16..18].copy_from_slice(&2_u16.to_le_bytes());
    body[32..40].copy_from_slice(&64_u64.to_le_bytes());
    body[40..48].copy_from_slice(&table.to_le_bytes());
    for (at, number) in
        [(54, 56), (56, last as u16), (58, 64), (60, places.len() as u16 + 1), (62, places.len() as u16)]
    {
        body[at..at + 2].copy_from_slice(&u16::to_le_bytes(number));
    }
    body
}

/// A 64-bit Mach-O program of one segment, as long as its first section.
fn macho(sections: &[Section<'_>]) -> Vec<u8> {
    let size = 72 + 80 * sections.len();
    let mut body = [0xfeed_facf_u32, 0x0100_000c, 0, 2, 1, size as u32, 0, 0].map(u32::to_le_bytes).concat();
    body.resize(32 + size, 0);
    let put = |body: &mut Vec<u8>, at: usize, bytes: &[u8]| body[at..at + bytes.len()].copy_from_slice(bytes);
    put(&mut body, 32, &[0x19_u32, size as u32].map(u32::to_le_bytes).concat());
    put(&mut body, 40, b"__DATA");
    put(&mut body, 96, &(sections.len() as u32).to_le_bytes());
    for (at, (name, address, content)) in sections.iter().enumerate() {
        body.resize(body.len().next_multiple_of(16), 0);
        let (entry, offset) = (104 + 80 * at, body.len() as u32);
        put(&mut body, entry, name.as_bytes());
        put(&mut body, entry + 16, b"__DATA");
        put(&mut body, entry + 32, &[*address, content.len() as u64].map(u64::to_le_bytes).concat());
        put(&mut body, entry + 48, &offset.to_le_bytes());
        if at == 0 {
            put(
                &mut body,
                56,
                &[*address, content.len() as u64, offset.into(), content.len() as u64].map(u64::to_le_bytes).concat(),
            );
        }
        body.extend(content);
    }
    body
}

/// A 64-bit PE program; every section may be read and written.
fn pe(sections: &[Section<'_>]) -> Vec<u8> {
    let mut body = vec![0; 64];
    body[..2].copy_from_slice(b"MZ");
    body[60] = 64;
    body.extend(b"PE\0\0");
    body.extend([0x8664, sections.len() as u16].map(u16::to_le_bytes).concat());
    body.extend([0; 12]);
    body.extend([32, 0x22].map(u16::to_le_bytes).concat());
    let mut optional = vec![0; 32];
    optional[..2].copy_from_slice(&0x20b_u16.to_le_bytes());
    optional[24..32].copy_from_slice(&0x0040_0000_u64.to_le_bytes());
    body.extend(optional);
    let mut content = Vec::new();
    let start = (body.len() + 40 * sections.len()).next_multiple_of(16);
    for (name, address, bytes) in sections {
        content.resize(content.len().next_multiple_of(16), 0);
        let mut entry = name.as_bytes().to_vec();
        entry.resize(8, 0);
        let (size, offset) = (bytes.len() as u32, (start + content.len()) as u32);
        entry.extend(
            [size, (*address - 0x0040_0000) as u32, size, offset, 0, 0, 0, 0xc000_0040].map(u32::to_le_bytes).concat(),
        );
        body.extend(entry);
        content.extend(bytes);
    }
    body.resize(start, 0);
    body.extend(content);
    body
}

/// What a file hands on, and what is told of it; `None` where it is no executable.
fn read(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, Option<String>)> {
    let pieces = Mutex::new(Vec::new());
    let want = Want { text: 1, binary: 2, keep: 0 };
    let take = |content: Content<'_>| {
        assert!(content.binary && content.want == Want { text: 0, binary: 2, keep: 0 });
        pieces.lock().unwrap().push(content.input.bytes.to_vec());
        true
    };
    let path = RepoPath::new("app");
    let (done, notice) =
        visit(&mut Cursor::new(bytes), bytes.len() as u64, &path, &Origin::WorkTree, want, &take).unwrap()?;
    assert!(done.bytes <= 5 * bytes.len() as u64 + 64);
    assert!(notice.iter().all(|notice| notice.incomplete && notice.path.as_ref() == Some(&path)));
    Some((pieces.into_inner().unwrap(), notice.map(|notice| notice.message)))
}

#[test]
fn all_formats_hand_on_what_both_compilers_leave() {
    let go = go_piece("go1.21.0", "path\tm");
    let crates = b"\x78\x9cany".to_vec();
    let both = |name| [(name, 0x40_1000, go.clone()), (".dep-v0", 0x40_2000, crates.clone())];
    for file in [elf(&both(".go.buildinfo")), macho(&both("__go_buildinfo")), pe(&both(".data"))] {
        assert_eq!(read(&file), Some((vec![crates.clone(), go.clone()], None)));
    }
}

#[test]
fn without_a_section_of_its_own_it_is_found_in_the_data() {
    let go = go_piece("go1.21.0", "");
    // The first is not aligned, as a constant of a program that reads build information is not.
    let mut data = [b"12345678".to_vec(), go.clone()].concat();
    data.resize(data.len().next_multiple_of(16), 0);
    data.extend(&go);
    for file in [elf(&[(".data", 0x1000, data.clone())]), macho(&[("__data", 0x1000, data.clone())])] {
        let (pieces, notice) = read(&file).unwrap();
        assert_eq!((pieces, notice), (vec![go.clone()], None));
    }
    // Across the steps of the search.
    let far = [vec![0; STEP_EDGE], go.clone()].concat();
    assert_eq!(read(&elf(&[(".data", 0x1000, far)])).unwrap().0, [go]);
}

/// So that the header lies on the edge of the first step.
const STEP_EDGE: usize = 1024 * 1024 - 16;

#[test]
fn the_form_with_pointers_is_read_as_the_form_without() {
    let (version, modules) = ("go1.15.2", "path\tm\nmod\tm\tv1\t\n");
    for (flags, big) in [(0, false), (1, true)] {
        let number = |number: u64| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let strings =
            [number(0x5020), number(version.len() as u64), number(0x5040), number(modules.len() as u64)].concat();
        let mut data = strings;
        data.extend(version.bytes());
        data.resize(0x40, 0);
        data.extend(modules.bytes());
        let mut header = b"\xff Go buildinf:\x08".to_vec();
        header.push(flags);
        header.extend([number(0x5000), number(0x5010)].concat());
        let file = elf(&[(".go.buildinfo", 0x4000, header), (".data", 0x5000, data)]);
        assert_eq!(read(&file), Some((vec![go_piece(version, modules)], None)));
    }
}

#[test]
fn a_universal_binary_is_read_for_each_processor() {
    let go = go_piece("go1.21.0", "");
    let one = macho(&[("__go_buildinfo", 0x1000, go.clone())]);
    let mut file = [0xcafe_babe_u32, 2].map(u32::to_be_bytes).concat();
    let size = one.len() as u32;
    file.extend([7, 3, 64, size, 4, 12, 0, 64 + size, size, 4].map(u32::to_be_bytes).concat());
    file.resize(64, 0);
    file.extend(one.iter().chain(&one));
    assert_eq!(read(&file), Some((vec![go.clone(), go], None)));
    // A Java class of version 52.
    assert_eq!(read(b"\xca\xfe\xba\xbe\0\0\0\x34\0\0\0\0"), None);
}

#[test]
fn what_lies_is_told() {
    let go = go_piece("go1.21.0", "path\tm");
    let whole = elf(&[(".go.buildinfo", 0x1000, go)]);
    let told = |bytes: &[u8]| read(bytes).and_then(|(_, notice)| notice).unwrap_or_default();
    assert!(told(&whole[..whole.len() - 1]).contains("table of sections lies outside"));
    assert!(told(&whole[..40]).contains("breaks off inside of its header"));
    // The length of the modules.
    let mut bytes = whole.clone();
    let at = bytes.windows(7).position(|seven| seven == b"\x06path\tm").unwrap();
    bytes[at..at + 2].copy_from_slice(&[0xff, 0x7f]);
    assert!(told(&bytes).contains("breaks off"), "{}", told(&bytes));
    // A section of 4 GiB.
    let mut bytes = elf(&[(".dep-v0", 0x1000, b"x".to_vec())]);
    let table = u64::from_le_bytes(bytes[40..48].try_into().unwrap()) as usize;
    bytes[table + 64 + 32..table + 64 + 40].copy_from_slice(&(4_u64 << 30).to_le_bytes());
    assert!(told(&bytes).contains("larger than 8 MiB"));
    bytes[table + 64 + 32..table + 64 + 40].copy_from_slice(&(1_u64 << 20).to_le_bytes());
    assert!(told(&bytes).contains("lies outside of the file"));
    // Sections without number: the count stands in the first one.
    bytes[60..62].copy_from_slice(&[0, 0]);
    bytes[table + 32..table + 40].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(told(&bytes).contains("more sections than any linker makes"));
}

#[test]
fn object_files_and_other_content_are_left_alone() {
    let mut object = elf(&[(".dep-v0", 0, b"x".to_vec())]);
    object[16] = 1;
    assert_eq!(read(&object), Some((vec![], None)));
    assert_eq!(read(b"MZ\0 is how a DOS program begins"), Some((vec![], None)));
    for bytes in [&b""[..], b"\x7fEL", b"#!/bin/sh\n", b"MZ is how this text begins", b"\x7fELF\x02\x01 text"] {
        assert_eq!(read(bytes), None);
    }
    assert!(begins(&object) && !begins(b"\x7fE"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_within_bounds(which in 0_usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let heads = [&b"\x7fELF\x02\x01"[..], b"\x7fELF\x01\x02", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe\0\0\0\x02", b"MZ"];
        read(&[heads[which], &bytes].concat());
        read(&bytes);
    }

    #[test]
    fn any_damage_is_survived(which in 0_usize..3, changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..12), cut in any::<u16>()) {
        let both = |name| [(name, 0x40_1000, go_piece("go1.21.0", "path\tm")), (".dep-v0", 0x40_2000, b"\x78\x9cany".to_vec())];
        let mut bytes = [elf(&both(".go.buildinfo")), macho(&both("__go_buildinfo")), pe(&both(".data"))][which].clone();
        for (at, byte) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        read(&bytes);
        bytes.truncate(usize::from(cut) % bytes.len());
        read(&bytes);
    }
}
