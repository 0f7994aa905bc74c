//! Functions on CIDR blocks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::ops::{Out, integer, text};
use super::Args;
use crate::syntax::hcl::Kind;

/// A block of addresses: the first one as a number, how many bits an address has, how many are fixed.
#[derive(Clone, Copy)]
struct Cidr {
    base: u128,
    width: u32,
    prefix: u32,
}

impl Cidr {
    fn parse(text: &str) -> Result<Self, Kind> {
        let bad = || Kind::invalid("not a CIDR block");
        let (address, prefix) = text.split_once('/').ok_or_else(bad)?;
        let (bits, width) = number_of(address.parse().map_err(|_| bad())?);
        let prefix: u32 = prefix.parse().ok().filter(|&prefix| prefix <= width).ok_or_else(bad)?;
        Ok(Self { base: bits & mask(width, prefix), width, prefix })
    }

    fn host_bits(self) -> u32 {
        self.width - self.prefix
    }

    fn subnet(self, more: u32, index: u128) -> Result<Self, Kind> {
        let prefix = self.prefix + more;
        if prefix > self.width || (more < 128 && index >= 1 << more) {
            return Err(Kind::invalid("not enough address bits"));
        }
        let shift = self.width - prefix;
        let offset = if shift >= 128 { 0 } else { index << shift };
        Ok(Self { base: self.base | offset, width: self.width, prefix })
    }

    fn text(self) -> String {
        format!("{}/{}", address(self.base, self.width), self.prefix)
    }
}

fn number_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    }
}

fn mask(width: u32, prefix: u32) -> u128 {
    let all = if width == 128 { u128::MAX } else { (1 << width) - 1 };
    let host = width - prefix;
    if host >= 128 { 0 } else { all >> host << host }
}

fn address(bits: u128, width: u32) -> String {
    if width == 32 {
        Ipv4Addr::from(u32::try_from(bits & 0xffff_ffff).unwrap_or_default()).to_string()
    } else {
        Ipv6Addr::from(bits).to_string()
    }
}

pub(super) fn cidrhost(args: Args<'_>) -> Out {
    let block = Cidr::parse(&text(&args[0])?)?;
    let wanted = integer(&args[1])?;
    let size = if block.host_bits() >= 127 { u128::MAX } else { 1 << block.host_bits() };
    let index = if wanted < 0 {
        size.checked_sub(u128::from(wanted.unsigned_abs()))
    } else {
        Some(u128::from(wanted.unsigned_abs()))
    };
    match index.filter(|&index| index < size) {
        Some(index) => Ok(Kind::text(&address(block.base | index, block.width))),
        None => Err(Kind::invalid("no such host in that block")),
    }
}

pub(super) fn cidrnetmask(args: Args<'_>) -> Out {
    let block = Cidr::parse(&text(&args[0])?)?;
    if block.width != 32 {
        return Err(Kind::invalid("netmasks are for IPv4"));
    }
    Ok(Kind::text(&address(mask(32, block.prefix), 32)))
}

pub(super) fn cidrsubnet(args: Args<'_>) -> Out {
    let block = Cidr::parse(&text(&args[0])?)?;
    let more = u32::try_from(integer(&args[1])?).map_err(|_| Kind::invalid("negative bits"))?;
    let index = u128::try_from(integer(&args[2])?).map_err(|_| Kind::invalid("negative subnet"))?;
    if more > 128 {
        return Err(Kind::invalid("too many bits"));
    }
    Ok(Kind::text(&block.subnet(more, index)?.text()))
}

pub(super) fn cidrsubnets(args: Args<'_>) -> Out {
    let block = Cidr::parse(&text(&args[0])?)?;
    let mut next = block.base;
    let mut subnets = Vec::new();
    for arg in &args[1..] {
        let more = u32::try_from(integer(arg)?).map_err(|_| Kind::invalid("negative bits"))?;
        let prefix = block.prefix.saturating_add(more);
        if prefix > block.width {
            return Err(Kind::invalid("not enough address bits"));
        }
        let size = 1u128.checked_shl(block.width - prefix).ok_or_else(|| Kind::invalid("block too large"))?;
        // Each begins at the next multiple of its own size.
        let base = next.div_ceil(size).saturating_mul(size);
        if base & mask(block.width, block.prefix) != block.base {
            return Err(Kind::invalid("not enough room"));
        }
        next = base.saturating_add(size);
        subnets.push(arg.with(Kind::text(&Cidr { base, width: block.width, prefix }.text())));
    }
    Ok(Kind::list(subnets))
}

pub(super) fn cidrcontains(args: Args<'_>) -> Out {
    let block = Cidr::parse(&text(&args[0])?)?;
    let inner = text(&args[1])?;
    let (bits, width, prefix) = if inner.contains('/') {
        let inner = Cidr::parse(&inner)?;
        (inner.base, inner.width, inner.prefix)
    } else {
        let (bits, width) = number_of(inner.parse().map_err(|_| Kind::invalid("not an address"))?);
        (bits, width, width)
    };
    Ok(Kind::Bool(width == block.width && prefix >= block.prefix && bits & mask(width, block.prefix) == block.base))
}
