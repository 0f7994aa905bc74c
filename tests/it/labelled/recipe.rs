//! What the labelled set is made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::ruleset::{self, Provider, RuleDocs, Sample as RuleSample};

use super::chance::{ALNUM, Chance};

/// One file, and whether something secret is in it.
pub struct Sample {
    pub class: &'static str,
    pub secret: bool,
    /// The rule that must (or must not) speak; `None`: any.
    pub rule: Option<String>,
    pub path: String,
    pub text: String,
}

type Make = fn(&mut Chance) -> String;

/// The whole set, the same every time.
pub fn samples() -> Vec<Sample> {
    let mut out = Vec::new();
    rules(&mut out);
    providers(&mut out);
    for (class, secret, count, table) in [
        ("generic", true, 12, GENERIC),
        ("file", true, 4, FILES),
        ("encoded", true, 12, ENCODED),
        ("wrong-check", false, 12, WRONG),
        ("clean", false, 12, CLEAN),
    ] {
        for (kind, (path, make)) in table.iter().enumerate() {
            for n in 0..count {
                let text = make(&mut Chance::new(1 + (kind * 100 + n) as u64));
                out.push(Sample { class, secret, rule: None, path: (*path).to_owned(), text });
            }
        }
    }
    out
}

fn rules(out: &mut Vec<Sample>) {
    let docs: Vec<RuleDocs> = ruleset::builtin_docs("secrets").unwrap();
    for (at, doc) in docs.iter().enumerate() {
        for (class, secret, seeds, samples) in
            [("provider", true, 2, &doc.matches), ("near-miss", false, 1, &doc.near_misses)]
        {
            for (which, sample) in samples.iter().enumerate() {
                let (path, text) = match sample {
                    RuleSample::Text(text) => ("src/settings.txt", text),
                    RuleSample::InFile { path, text } => (path.as_str(), text),
                };
                for seed in 0..seeds {
                    let text = Chance::new((at * 64 + which * 8 + seed) as u64).expand(text) + "\n";
                    out.push(Sample { class, secret, rule: Some(doc.id.clone()), path: path.to_owned(), text });
                }
            }
        }
    }
}

/// What a provider's name tells: its first form in two files, and the same value where nothing is named.
fn providers(out: &mut Vec<Sample>) {
    for (seed, provider) in (1000u64..).zip(Provider::all()) {
        let (word, value) = (provider.words[0], provider.forms[0].sample(seed));
        for (class, secret, path, text) in [
            ("by name", true, "src/client.py", format!("{}_API_KEY = \"{value}\"\n", word.to_ascii_uppercase())),
            ("by name", true, "deploy/values.yaml", format!("env:\n  {word}-secret-token: {value}\n")),
            ("near-miss", false, "src/client.py", format!("OUR_API_KEY = \"{value}\"\n")),
            ("near-miss", false, "src/client.py", format!("{word}_api_key = \"{}\"\n", &value[..7])),
        ] {
            out.push(Sample { class, secret, rule: Some(provider.id.to_owned()), path: path.to_owned(), text });
        }
    }
}

const GENERIC: &[(&str, Make)] = &[
    ("app/settings.py", |c| format!("DB_PASSWORD = \"{}\"\n", c.password())),
    ("app/client.py", |c| format!("client = Client(api_key='{}', timeout=3)\n", c.key())),
    ("web/config.js", |c| format!("module.exports = {{\n  apiKey: '{}',\n  port: 80,\n}};\n", c.key())),
    ("web/auth.ts", |c| format!("const clientSecret: string = \"{}\";\n", c.key())),
    ("src/Main.java", |c| format!("  private static final String PASSWORD = \"{}\";\n", c.password())),
    ("src/Db.cs", |c| format!("var s = \"Server=db;User Id=app;Password={};\";\n", c.password())),
    ("main.go", |c| format!("var apiToken = \"{}\"\n", c.key())),
    ("src/lib.rs", |c| format!("const AUTH_TOKEN: &str = \"{}\";\n", c.key())),
    ("config/app.rb", |c| format!("config.secret_key = '{}'\n", c.key())),
    ("config.php", |c| format!("<?php\n$db_password = '{}';\ndefine('AUTH_KEY', 'x');\n", c.password())),
    ("App.kt", |c| format!("val accessToken = \"{}\"\n", c.key())),
    ("Net.swift", |c| format!("let apiSecret = \"{}\"\n", c.key())),
    ("run.sh", |c| format!("export API_TOKEN={}\n", c.key())),
    (".env", |c| format!("PORT=80\nDATABASE_PASSWORD={}\n", c.password())),
    ("values.yaml", |c| format!("auth:\n  password: {}\n  user: app\n", c.password())),
    ("settings.json", |c| format!("{{\n  \"clientSecret\": \"{}\"\n}}\n", c.key())),
    ("app.toml", |c| format!("[db]\npassword = \"{}\"\n", c.password())),
    ("app.ini", |c| format!("[mail]\nuser = app\npassword = {}\n", c.password())),
    ("app.properties", |c| format!("spring.datasource.password={}\n", c.password())),
    ("web.xml", |c| format!("<add key=\"ApiKey\" value=\"{}\" />\n", c.key())),
    ("pom.xml", |c| format!("<server><password>{}</password></server>\n", c.password())),
    ("main.tf", |c| format!("resource \"x\" \"y\" {{\n  master_password = \"{}\"\n}}\n", c.password())),
    ("Dockerfile", |c| format!("FROM alpine\nENV API_KEY={}\n", c.key())),
    (".github/workflows/ci.yml", |c| format!("env:\n  DEPLOY_TOKEN: {}\n", c.key())),
    ("dump.sql", |c| format!("CREATE USER app IDENTIFIED BY '{}';\n", c.password())),
    ("db.js", |c| format!("const u = 'postgres://app:{}@db.internal:5432/app';\n", c.text(ALNUM, 16))),
    ("call.sh", |c| format!("curl -H \"Authorization: Bearer {}\" https://api.internal/\n", c.text(ALNUM, 40))),
    ("get.py", |c| format!("h = {{'Authorization': 'Basic {}'}}\n", STANDARD.encode(format!("app:{}", c.password())))),
    ("conf.lua", |c| format!("local secret_key = \"{}\"\n", c.key())),
    ("Db.scala", |c| format!("val dbPassword = \"{}\"\n", c.password())),
    ("mount.cmd", |c| format!("net use X: \\\\fs\\data {} /user:CORP\\svc\n", c.text(ALNUM, 14))),
    ("copy.sh", |c| format!("mysqldump -u backup -p'{}' app\n", c.password())),
    ("core-site.xml", |c| {
        format!("<property>\n  <name>fs.secret.key</name>\n  <value>{}</value>\n</property>\n", c.key())
    }),
    ("app.config", |c| {
        format!("<setting name=\"ApiKey\" serializeAs=\"String\"><value>{}</value></setting>\n", c.key())
    }),
    ("Login.java", |c| format!("if (password.equals(\"{}\")) {{\n", c.password())),
    ("Api.java", |c| format!("Client.builder().ledgerApiKey(\"{}\").build();\n", c.key())),
    ("Options.cs", |c| format!("public string DbPassword {{ get; set; }} = \"{}\";\n", c.password())),
    ("map.kt", |c| format!("mapOf(\"api_key\" to \"{}\")\n", c.key())),
    ("core.clj", |c| format!("{{:user \"app\" :password \"{}\"}}\n", c.password())),
    ("env.rs", |c| format!("env::var(\"API_KEY\").unwrap_or(\"{}\".into())\n", c.key())),
    ("call.sh", |c| format!("curl -H \"Authorization: Token {}\" https://api.internal/\n", c.text(ALNUM, 40))),
];

const FILES: &[(&str, Make)] = &[
    (".netrc", |c| format!("machine api.internal\nlogin app\npassword {}\n", c.password())),
    (".pgpass", |c| format!("db.internal:5432:app:app:{}\n", c.password())),
    (".npmrc", |c| format!("//npm.internal/:_authToken={}\n", c.uuid())),
    (".pypirc", |c| format!("[pypi]\nusername = app\npassword = {}\n", c.password())),
    (".git-credentials", |c| format!("https://app:{}@git.internal\n", c.text(ALNUM, 20))),
    (".docker/config.json", |c| {
        format!(
            "{{\"auths\":{{\"r.internal\":{{\"auth\":\"{}\"}}}}}}\n",
            STANDARD.encode(format!("app:{}", c.password()))
        )
    }),
    (".aws/credentials", |c| {
        format!("[default]\naws_access_key_id = none\naws_secret_access_key = {}\n", c.text("A-Za-z0-9/+", 40))
    }),
    (".s3cfg", |c| format!("[default]\nsecret_key = {}\n", c.text("A-Za-z0-9", 40))),
    ("rclone.conf", |c| format!("[s3]\ntype = s3\nsecret_access_key = {}\n", c.text(ALNUM, 40))),
    (".my.cnf", |c| format!("[client]\nuser=app\npassword={}\n", c.password())),
    (".htpasswd", |c| format!("app:$apr1${}${}\n", c.text(ALNUM, 8), c.text(ALNUM, 22))),
    ("etc/shadow", |c| format!("root:$6${}${}:19000:0:99999:7:::\n", c.text(ALNUM, 16), c.text(ALNUM, 86))),
    ("config/master.key", |c| format!("{}\n", c.hex(32))),
    (".kube/config", |c| format!("users:\n- name: a\n  user:\n    token: {}\n", c.text(ALNUM, 40))),
    ("wp-config.php", |c| format!("<?php\ndefine('DB_PASSWORD', '{}');\n", c.password())),
    ("settings.xml", |c| {
        format!(
            "<settings><servers><server><id>a</id><password>{}</password></server></servers></settings>\n",
            c.password()
        )
    }),
    ("terraform.tfvars", |c| format!("db_password = \"{}\"\n", c.password())),
    (".env.production", |c| format!("SECRET_KEY_BASE={}\n", c.hex(128))),
];

/// A token that any tool knows, with its right check digits.
fn token(c: &mut Chance) -> String {
    c.expand("ghp_{{A-Za-z0-9:30}}{{check}}")
}

const ENCODED: &[(&str, Make)] = &[
    ("a.txt", |c| format!("blob {}\n", STANDARD.encode(token(c)))),
    ("b.txt", |c| format!("blob {}\n", STANDARD.encode(STANDARD.encode(format!("token={}", token(c)))))),
    ("c.txt", |c| format!("blob {}\n", token(c).bytes().map(|b| format!("{b:02x}")).collect::<String>())),
    ("d.txt", |c| format!("u=/?t={}\n", token(c).bytes().map(|b| format!("%{b:02X}")).collect::<String>())),
    ("e.js", |c| format!("f('{}')\n", token(c).bytes().map(|b| format!("\\x{b:02x}")).collect::<String>())),
    ("f.js", |c| format!("f('{}')\n", token(c).bytes().map(|b| format!("\\u{b:04x}")).collect::<String>())),
    ("g.html", |c| format!("<p>{}</p>\n", token(c).bytes().map(|b| format!("&#{b};")).collect::<String>())),
    ("h.js", |c| token(c).split_at(20).into_parts("t = \"", "\" + \"", "\";\n")),
    ("i.py", |c| token(c).split_at(14).into_parts("t = (\"", "\"\n     \"", "\")\n")),
    ("k.yaml", |c| format!("kind: Secret\ndata:\n  token: {}\n", STANDARD.encode(token(c)))),
    ("l.eml", |c| wrapped(&format!("a letter with a token: {}\nand its end\n", token(c)), 60, "")),
    ("m.yaml", |c| format!("conf: |\n  {}\n", wrapped(&format!("[auth]\nkey={}\n", token(c)), 32, "  "))),
    ("n.txt", |c| format!("u=/?u={}\n", token(c).bytes().map(|b| format!("%25{b:02X}")).collect::<String>())),
    ("o.php", |c| token(c).split_at(20).into_parts("$t = \"", "\";\n$t .= \"", "\";\n")),
    ("p.sql", |c| token(c).split_at(20).into_parts("SELECT '", "' || '", "';\n")),
    ("q.bas", |c| token(c).split_at(20).into_parts("t = \"", "\" & _\n    \"", "\"\n")),
    ("r.rb", |c| token(c).split_at(20).into_parts("t = '", "' \\\n    '", "'\n")),
    ("s.js", |c| token(c).split_at(20).into_parts("t = ['", "', '", "'].join('')\n")),
    ("t.rs", |c| token(c).split_at(20).into_parts("let t = \"", "\\\n        ", "\";\n")),
    ("u.c", |c| listed(&token(c), "char k[] = {", |b| format!("0x{b:02x}"), ", ", "};")),
    ("v.java", |c| listed(&token(c), "byte[] k = new byte[] {", |b| format!("{b}"), ", ", "};")),
    ("w.py", |c| listed(&token(c), "k = bytes([\n    ", |b| format!("{b}"), ",\n    ", "\n])")),
    ("x.php", |c| listed(&token(c), "$k = ", |b| format!("chr({b})"), ".", ";")),
    ("y.c", |c| listed(&token(c), "char k[] = { ", |b| format!("'{}'", char::from(b)), ", ", ", '\\0' };")),
    ("z.txt", |c| listed(&token(c), "rx ", |b| format!("{b:02x}"), ":", "")),
    ("a.reg", |c| listed(&token(c), "\"k\"=hex(2):", |b| format!("{b:02x},00"), ",", "")),
    ("b.log", |c| {
        let text = format!("token {}", token(c));
        let rows = text.as_bytes().chunks(16).enumerate();
        rows.map(|(at, row)| {
            format!("{:08x} {}\n", at * 16, row.iter().map(|b| format!(" {b:02x}")).collect::<String>())
        })
        .collect()
    }),
    ("c.py", |c| parted(&token(c), "t = ''.join(['", "', '", "'])\n")),
    ("d.js", |c| parted(&token(c), "t = ['", "', '", "'].join('')\n")),
    ("e.rs", |c| parted(&token(c), "const T: &str = concat!(\"", "\", \"", "\");\n")),
    ("f.php", |c| parted(&token(c), "$t = implode('', ['", "', '", "']);\n")),
    ("g.py", |c| token(c).split_at(18).into_parts("t = '%s%s' % ('", "', '", "')\n")),
    ("h.css", |c| {
        format!("a::after{{content:'{}'}}\n", token(c).bytes().map(|b| format!("\\{b:06x}")).collect::<String>())
    }),
    ("i.json", |c| format!("{{\"b\": \"{{\\\"v\\\": \\\"{}\\\"}}\"}}\n", token(c).replace('_', "\\\\u005f"))),
    ("j.eml", |c| {
        token(c).split_at(20).into_parts("Subject: x\n\nthe key is ", "=\n", " and that is it\n").replace('_', "=5F")
    }),
    ("k.html", |c| format!("<p data-v=\"{{&quot;v&quot;:&quot;{}&quot;}}\">\n", token(c).replace('_', "&#95;"))),
    ("l.txt", |c| format!("/cb?v=Bearer%20{}&n=1\n", token(c))),
];

/// Each byte of `text` as an item of a list.
fn listed(text: &str, open: &str, item: fn(u8) -> String, between: &str, close: &str) -> String {
    format!("{open}{}{close}\n", text.bytes().map(item).collect::<Vec<_>>().join(between))
}

/// `text` in parts of six characters.
fn parted(text: &str, open: &str, between: &str, close: &str) -> String {
    let parts: Vec<&str> = text.as_bytes().chunks(6).map(|part| std::str::from_utf8(part).unwrap()).collect();
    format!("{open}{}{close}", parts.join(between))
}

/// Base64 in lines of `width`, each but the first behind `indent`.
fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let text = STANDARD.encode(text);
    let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join(&format!("\n{indent}"))
}

trait IntoParts {
    fn into_parts(self, before: &str, between: &str, after: &str) -> String;
}

impl IntoParts for (&str, &str) {
    fn into_parts(self, before: &str, between: &str, after: &str) -> String {
        [before, self.0, between, self.1, after].concat()
    }
}

const WRONG: &[(&str, Make)] = &[
    ("a.txt", |c| c.expand("t ghp_{{A-Za-z0-9:30}}{{badcheck}}\n")),
    ("b.txt", |c| c.expand("t gho_{{A-Za-z0-9:30}}{{badcheck}}\n")),
    ("c.txt", |c| c.expand("t npm_{{A-Za-z0-9:30}}{{badcheck}}\n")),
    ("d.env", |c| c.expand("PRIVATE_KEY={{}}{{badcheck:wif}}\n")),
    ("e.env", |c| {
        let header = c.text(ALNUM, 30);
        c.expand(&format!("TOKEN=eyJ{header}.eyJ{{{{A-Za-z0-9:40}}}}.{{{{A-Za-z0-9:43}}}}\n"))
    }),
];

const CLEAN: &[(&str, Make)] = &[
    ("package-lock.json", |c| {
        let digest = STANDARD.encode(c.text(ALNUM, 64));
        format!("{{\"packages\":{{\"node_modules/js-tokens\":{{\"integrity\":\"sha512-{digest}\"}}}}}}\n")
    }),
    ("Cargo.lock", |c| format!("[[package]]\nname = \"secrecy\"\nversion = \"0.8.0\"\nchecksum = \"{}\"\n", c.hex(64))),
    ("yarn.lock", |c| format!("\"@babel/token@^1\":\n  integrity sha512-{}\n", STANDARD.encode(c.text(ALNUM, 64)))),
    ("go.sum", |c| format!("example.org/token v1.0.0 h1:{}\n", STANDARD.encode(c.text(ALNUM, 32)))),
    ("ids.json", |c| format!("{{\"id\": \"{}\", \"tenant\": \"{}\"}}\n", c.uuid(), c.uuid())),
    ("CHANGES.md", |c| format!("- Renew the token in time (commit {})\n", c.hex(40))),
    ("cert.pem", |c| {
        let body = STANDARD.encode(c.text(ALNUM, 90));
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }),
    ("authorized_keys", |c| format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{} me@host\n", c.text(ALNUM, 44))),
    ("dist/app.min.js", |c| {
        format!(
            "!function(e,t){{var n=t.token||e.key;return n.password=r(n,{}),n}}(this,\"{}\");\n",
            c.below(9999),
            c.word()
        )
    }),
    ("site.css", |c| {
        format!(
            ".token.key{{color:#{};background:url(data:image/png;base64,{})}}\n",
            c.hex(6),
            STANDARD.encode(c.text(ALNUM, 99))
        )
    }),
    ("locale/de.json", |c| {
        format!("{{\"password\": \"Kennwort {}\", \"token_label\": \"Zugang-Schlüssel\"}}\n", c.word())
    }),
    ("locale/en.yml", |c| format!("en:\n  password: Password\n  errors:\n    token: invalid_{}_token\n", c.word())),
    ("keys.ts", |c| {
        format!("export const TOKEN_KEY = 'auth.{}.token.v2';\nconst secretName = 'app/{}';\n", c.word(), c.word())
    }),
    ("env.example", |c| format!("API_KEY=your-{}-key-here\nDB_PASSWORD=changeme\nTOKEN=<token>\n", c.word())),
    ("deploy.yaml", |c| {
        format!("password: ${{{}_PASSWORD}}\ntoken: {{{{ .Values.{}.token }}}}\n", c.word().to_uppercase(), c.word())
    }),
    ("read.py", |c| {
        format!(
            "password = os.environ['{}_PASSWORD']\ntoken = get_token(user, {})\n",
            c.word().to_uppercase(),
            c.below(99)
        )
    }),
    ("secret.tf", |c| format!("password = data.vault_secret.{}.value\nkey = var.api_key_{}\n", c.word(), c.word())),
    ("ci.yml", |c| format!("env:\n  TOKEN: ${{{{ secrets.{}_TOKEN }}}}\n", c.word().to_uppercase())),
    ("lexer.c", |c| format!("if (token == TOKEN_{}) {{ key = \"{}_key2\"; }}\n", c.word().to_uppercase(), c.word())),
    ("form.html", |c| format!("<input type=\"password\" name=\"{}\" autocomplete=\"new-password\">\n", c.word())),
    ("page.py", |c| format!("next_token = \"{}\"\npage_key = '{}-{}'\n", c.text(ALNUM, 32), c.word(), c.word())),
    (".cargo-checksum.json", |c| format!("{{\"files\":{{\"tests/data/password.txt\":\"{}\"}}}}\n", c.hex(64))),
    ("locale/zh.json", |c| format!("{{\"password\": \"\\u5bc6\\u7801{}\\u9519\\u8bef\"}}\n", c.word())),
    ("table.c", |c| {
        let bytes: Vec<String> = (0..256).map(|_| format!("0x{:02x}", c.below(256))).collect();
        format!("static const uint8_t key_table[] = {{ {} }};\n", bytes.join(", "))
    }),
    ("token.ts", |c| format!("const token: Address = \"0x{}\";\n", c.hex(40))),
    ("paths.rs", |c| format!("t.pass(\"tests/since_1.51/{}/*.rs\");\n", c.word())),
    ("schema.json", |c| {
        format!("{{\"api_key\": {{\"type\": \"string\", \"description\": \"Key for {}\"}}}}\n", c.word())
    }),
];
