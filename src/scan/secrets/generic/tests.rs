//! Contexts by language and format, and arbitrary bytes.

use super::*;
use crate::model::RepoPath;

/// What is found as the value in `text`, whose file is `path`; the first of any kind.
fn found(path: &str, text: &str) -> Option<String> {
    let (bytes, manner) = (text.as_bytes(), Manner::of(&RepoPath::new(path)));
    let lower = text.to_ascii_lowercase();
    let mut all: Vec<Generic> = PARTS
        .iter()
        .flat_map(|part| lower.match_indices(part).map(|(at, _)| at).collect::<Vec<_>>())
        .chain(text.match_indices("_PAT").map(|(at, _)| at))
        .filter_map(|at| assignment(bytes, at, manner))
        .collect();
    all.extend(worded(text, manner));
    all.first().map(|one| String::from_utf8_lossy(one.value.of(bytes)).into_owned())
}

/// What calls, commands and addresses hold.
fn worded(text: &str, manner: Manner) -> Vec<Generic> {
    let (wordings, mut all) = (Wordings::new(), Vec::new());
    for (number, wording) in wordings.texts().enumerate() {
        for (at, _) in text.match_indices(wording) {
            wordings.at(number, text.as_bytes(), at, manner, &mut |one| all.push(one));
        }
    }
    all
}

/// A password that is put together here, so that no scan of this file finds it.
const A: &str = concat!("Riv", "er!84", "kQz");
/// One of letters and digits alone.
const B: &str = concat!("Riv", "er84", "kQz");
/// One of words.
const P: &str = "harbor velvet copper meadow";
/// The same for a key.
const K: &str = concat!("q8Zk3m1V0x", "7c5B2n9L4j6H8g");

#[test]
fn values_are_found_where_languages_write_them() {
    let cases = [
        ("a.py", "r = get(url, auth=(\"admin\", \"$A\"))"),
        ("a.py", "TOKEN = (\n    \"$K\"\n)"),
        ("a.py", "headers = {\"Authorization\": \"token $K\"}"),
        ("a.py", "connect(\"host=db password=$A dbname=x\")"),
        ("a.js", "const s = process.env.API_SECRET || '$K';"),
        ("a.js", "const secret = settings.get(\"x\") ?? \"$K\";"),
        ("a.js", "crypto.createHmac(\"sha256\", \"$K\")"),
        ("A.java", "source.setPassword(\"$A\");"),
        ("A.java", "DriverManager.getConnection(url, \"root\", \"$A\");"),
        ("A.java", "@Value(\"${app.secret:$K}\")"),
        ("a.go", "req.SetBasicAuth(\"svc\", \"$A\")"),
        ("a.go", "dsn := \"user:$A@tcp(db:3306)/app\""),
        ("a.rs", "let password = String::from(\"$A\");"),
        ("a.rb", "ENV[\"API_TOKEN\"] ||= \"$K\""),
        ("a.php", "$k = getenv(\"API_KEY\") ?: \"$K\";"),
        ("A.cs", "var password = @\"$A\";"),
        ("a.m", "NSString *apiKey = @\"$K\";"),
        ("a.c", "#define WIFI_PASSWORD \"$A\""),
        ("a.c", "char password[] = \"$A\";"),
        ("a.cpp", "std::string apiToken{\"$K\"};"),
        ("a.r", "api_key <- \"$K\""),
        ("a.clj", "(def api-key \"$K\")"),
        ("a.ps1", "ConvertTo-SecureString \"$A\" -AsPlainText"),
        ("a.vb", "Dim apiKey As String = \"$K\""),
        ("build.gradle", "storePassword \"$A\""),
        ("a.md", "Password: $A"),
        ("a.yaml", "secret: |\n  $K\n"),
        ("a.json", "{\"name\":\"API_KEY\",\"slotSetting\":false,\"value\":\"$K\"}"),
        ("a.json", "{\"API_TOKEN\": {\"value\": \"$K\"}}"),
        ("a.json", "{\"Jwt\":{\"Key\":\"$K\"}}"),
        ("Info.plist", "<key>ApiKey</key>\n<string>$K</string>"),
        ("a.tf", "variable \"db_password\" {\n  default = \"$A\"\n}"),
        ("Dockerfile", "ENV API_KEY $K"),
        ("nginx.conf", "proxy_set_header X-Api-Key \"$K\";"),
        ("a.sh", "export GITHUB_PAT=$K"),
        ("a.sh", "tool --password $A x"),
        ("a.sh", "curl -s -u admin:$A https://h/x"),
        ("a.sh", "mysql -u root -p$A db"),
        ("a.sh", "echo \"root:$A\" | chpasswd"),
        ("a.sh", "openssl rsa -passin pass:$A -in a"),
        ("a.sh", "openssl passwd -6 $A"),
        ("a.sh", "mysqldump -u bk -p'$A' app"),
        ("a.sh", "mysqladmin -u root password $A"),
        ("a.sh", "smbclient //h/s -U joe%$A"),
        ("a.sh", "lftp -u joe,$A ftp.h"),
        ("a.sh", "htpasswd -bc .htpasswd admin $A"),
        ("a.sh", "rabbitmqctl add_user app $A"),
        ("a.sh", "unzip -P $A a.zip"),
        ("a.sh", "curl -H \"Authorization: Token $K\" https://h"),
        ("a.bat", "net use X: \\\\h\\s $A /user:d\\joe"),
        ("a.bat", "net use \\\\h\\s /user:joe $A"),
        ("a.bat", "net user joe $A /add"),
        ("a.sql", "ALTER USER app IDENTIFIED BY $B;"),
        ("a.xml", "<property name=\"apiSecret\"><value>$K</value></property>"),
        ("a.xml", "<property>\n  <name>fs.secret.key</name>\n  <value>$K</value>\n</property>"),
        ("a.config", "<setting name=\"ApiSecret\" serializeAs=\"String\"><value>$K</value></setting>"),
        ("a.xml", "<password><![CDATA[$A]]></password>"),
        ("a.go", "var dbPassword string = \"$A\""),
        ("A.cs", "public string DbPassword { get; set; } = \"$A\";"),
        ("A.java", "if (password.equals(\"$A\")) {"),
        ("A.java", "if (\"$A\".equals(password)) {"),
        ("A.java", "Client.builder().ledgerApiKey(\"$K\").build();"),
        ("a.kt", "mapOf(\"api_key\" to \"$K\")"),
        ("a.scala", "Map(\"api_key\" -> \"$K\")"),
        ("a.clj", "{:user \"a\" :password \"$A\"}"),
        ("a.el", "(setq api-token \"$K\")"),
        ("a.ex", "  @api_token \"$K\""),
        ("a.rs", "env::var(\"API_KEY\").unwrap_or(\"$K\".into())"),
        ("a.pl", "my $db_password = q{$A};"),
        ("a.pl", "DBI->connect($dsn, 'u', '$A');"),
        ("a.rst", "The password is ``$A``."),
        ("a.txt", "password $A\n"),
        ("a.py", "passphrase = \"$P\""),
    ];
    for (path, text) in cases {
        let (written, value) = match (text.contains("$K"), text.contains("$A")) {
            (true, _) => (text.replace("$K", K), K),
            (_, true) => (text.replace("$A", A), A),
            _ if text.contains("$B") => (text.replace("$B", B), B),
            _ => (text.replace("$P", P), P),
        };
        assert_eq!(found(path, &written).as_deref(), Some(value), "{path}: {text}");
    }
}

#[test]
fn what_says_where_a_value_comes_from_is_none() {
    for (path, text) in [
        ("a.py", "password = get_password(\"production\", 12)"),
        ("a.py", "password = config[\"db_password_2\"]"),
        ("a.js", "const token = localStorage.getItem('authToken2024');"),
        ("a.js", "if (key === 'ArrowDown12') {}"),
        ("a.ts", "setToken(token: string): void"),
        ("a.json", "\"arn:aws:secretsmanager:eu-west-1:123:secret:MyDatabase-a1b2c3\""),
        ("a.py", "[\"route53:GetAccessToken\",\n \"route53resolver:GetDNSView\"]"),
        ("a.md", "const password = formData.get('x')"),
        ("a.md", "Pass `verbosity=1` to get more"),
        ("a.yaml", "password: ${DB_PASSWORD}"),
        ("a.yaml", "password:\n  \"key\": 12"),
        ("a.sh", "docker login -u me -p \"$PASSWORD\""),
        ("a.sh", "mysql -u root -p$MYSQL_PASSWORD db"),
        ("a.sh", "curl -u \"$USER:$PASS\" https://h"),
        ("a.bat", "net use X: \\\\h\\s /user:joe *"),
        ("a.py", "kwargs: arguments to pass to `h2o.init(a12b)`"),
        ("a.js", "p=n.password??``,m9;t[0]===n.port?m12=t:(m=``)"),
        ("a.sql", "CREATE USER app IDENTIFIED BY password;"),
        ("a.py", "passphrase = \"enter your passphrase here\""),
        ("a.py", "if token == \"access_token\":"),
        ("a.java", "if (\"refresh_token\".equals(token)) {"),
    ] {
        assert_eq!(found(path, text), None, "{path}: {text}");
    }
}

proptest::proptest! {
    /// Readers take any bytes, and what they tell lies inside.
    #[test]
    fn any_bytes_are_read(text in "[ -~\n\t\"'`\\\\(){}\\[\\]=:<>|,]{0,80}", part in 0..PARTS.len(), path in 0..3usize) {
        let text = format!("{text}{}{text}", PARTS[part]);
        let manner = Manner::of(&RepoPath::new(["a.py", "a.yaml", "a.md"][path]));
        for at in 0..text.len() {
            if let Some(one) = assignment(text.as_bytes(), at, manner) {
                proptest::prop_assert!((one.value.end as usize) <= text.len());
            }
        }
        worded(&format!("curl {text} mysqli({text} jwt.sign({text} echo {text}|chpasswd"), manner);
    }
}
