use super::*;

/// The values of a file, marked `[[...]]` in its text, are exactly what is found.
fn check(path: &str, marked: &str) {
    let expected: Vec<&str> =
        marked.split("[[").skip(1).filter_map(|tail| tail.split_once("]]").map(|(v, _)| v)).collect();
    let text = marked.replace("[[", "").replace("]]", "");
    let found = values(&RepoPath::new(path), text.as_bytes());
    let mut found: Vec<(u32, String)> = found
        .iter()
        .map(|v| (v.span.start, String::from_utf8_lossy(v.span.of(text.as_bytes())).into_owned()))
        .collect();
    found.sort();
    found.dedup();
    let found: Vec<String> = found.into_iter().map(|(_, value)| value).collect();
    assert_eq!(found, expected, "{path}\n{text}");
}

#[test]
fn files_of_lines() {
    check(
        ".netrc",
        "machine a.org login joe password [[tr0ub4dor]]\nmachine b\n  login x\n  password [[hunter22]]\n# password none1\n",
    );
    check("etc/.pgpass", "db:5432:*:app:[[s3same:x]]\n*:*:*:*:*\n# a:b:c:d:efgh\n");
    check(
        ".npmrc",
        "//registry.npmjs.org/:_authToken=[[0f3c9d2a-55]]\n//x/:_authToken=${NPM_TOKEN}\n_auth=[[am9lOmh1bnRlcjI=]]\n",
    );
    check(".pypirc", "[pypi]\nusername = joe\npassword = [[tr0ub4dor]]\n");
    check("home/.git-credentials", &"https://joe:[[tr0ub4dor]]{}git.internal\n".replace("{}", "@"));
    check(".aws/credentials", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = [[q1W2e3R4t5]]\n");
    check(".my.cnf", "[client]\nuser=root\npassword=\"[[tr0ub #dor]]\"\n");
    check("redis.conf", "# requirepass foobared\nrequirepass [[tr0ub4dor]]\n");
    check("gradle.properties", "org.gradle.jvmargs=-Xmx2g\nnexusPassword=[[tr0ub4dor]]\nossrhToken=${T}\n");
    check("ipsec.secrets", "10.0.0.1 10.0.0.2 : PSK \"[[tr0ub4dor]]\"\n");
    check("ppp/chap-secrets", "joe * [[tr0ub4dor]] *\n");
    check(".curlrc", "user = \"joe:[[tr0ub4dor]]\"\n");
    check("terraform.rc", "credentials \"app.terraform.io\" {\n  token = \"[[abc.atlasv1.defg]]\"\n}\n");
    check("config/master.key", "[[0f3c9d2a55e84b17a6c2d9e0f1b3a574]]\n");
}

#[test]
fn files_of_blocks() {
    check(".subversion/auth/svn.simple/0f3c", "K 8\npassword\nV 9\n[[tr0ub4dor]]\nK 15\nsvn:realmstring\n");
    check("home.ovpn", "client\n<auth-user-pass>\njoe\n[[tr0ub4dor]]\n</auth-user-pass>\n");
    check("infra/terraform.tfstate", "{\"attributes\": {\"username\": \"joe\", \"password\": \"[[tr0ub4dor]]\"}}");
    check("secrets/initialAdminPassword", "[[0f3c9d2a55e84b17a6c2d9e0f1b3a574]]\n");
    check("x.rdp", "username:s:u\npassword 51:b:[[703D93BB57C025FC]]\n".replace("b:[[", "[[b:").as_str());
}

#[test]
fn hashes_of_passwords() {
    check(".htpasswd", "joe:[[$apr1$Q7x0Yk2P$4nZ8mLr1Tq9vBs6dWc3Xe/]]\nann:[[{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=]]\n");
    check(
        "etc/shadow",
        "root:[[$6$Zk3vT9pQ$Yc1R8mWq5LxN2sB7dK4hJ0gF6tV3uE9aO]]:19000:0:99999:7:::\ndaemon:*:19000::::::\nbin:!:1::::::\n",
    );
}

#[test]
fn trees() {
    check(
        ".docker/config.json",
        "{\"auths\": {\"r.io\": {\"auth\": \"[[am9lOnRyMHViNGRvcg==]]\"}}, \"credsStore\": \"osxkeychain\"}",
    );
    check(
        ".kube/config",
        "users:\n- name: a\n  user:\n    token: [[tr0ub4dor-tok]]\n    client-certificate-data: AAAABBBB\n    client-key-data: [[LS0tLS1CRUdJTg==]]\n",
    );
    check(
        "k8s/db.yaml",
        "apiVersion: v1\nkind: Secret\ndata:\n  username: YWRtaW4=\n  password: [[dHIwdWI0ZG9y]]\nstringData:\n  api-key: [[tr0ub4dor]]\n",
    );
    check(
        "k8s/db.yaml",
        &"kind: SealedSecret\nspec:\n  encryptedData:\n    password: dHIwd{}ZG9y\n".replace("{}", "WI0"),
    );
    check("k8s/db.yaml", &"kind: Secret\ndata:\n  password: dHIwd{}ZG9y\nsops:\n  mac: x\n".replace("{}", "WI0"));
    check(
        "auth.json",
        "{\"http-basic\": {\"a.org\": {\"username\": \"joe\", \"password\": \"[[tr0ub4dor]]\"}}, \"github-oauth\": {\"github.com\": \"[[tr0ub4dor2]]\"}}",
    );
    check(".vscode/sftp.json", "{\"host\": \"a\", // x\n \"password\": \"[[tr0ub4dor]]\"}");
}

#[test]
fn code_markup_and_tables() {
    check(
        "wp-config.php",
        "define( 'DB_PASSWORD', '[[tr0ub4dor]]' );\ndefine('AUTH_KEY', '[[k;]9 #q2]]');\ndefine('NONCE_KEY', 'put your unique phrase here');\n",
    );
    check(
        "app/settings.py",
        "SECRET_KEY = '[[x9$k2-pq]]'\nDATABASES = {'default': {'PASSWORD': '[[tr0ub4dor]]'}}\nPASSWORD = os.environ['P']\n",
    );
    check("sitemanager.xml", "<Server><Host>a</Host><Pass encoding=\"base64\">[[dHIwdWI0ZG9y]]</Pass></Server>");
    check("settings.xml", "<server><password>[[tr0ub4dor]]</password></server><!-- <password>nope1</password> -->");
    check("NuGet.config", "<add key=\"ClearTextPassword\" value=\"[[tr0ub4dor]]\" />");
    check("tomcat-users.xml", "<user username=\"a\" password=\"[[tr0ub4dor]]\" roles=\"x\"/>");
    check(
        "passwords.csv",
        "url,username,password\nhttps://a.org,joe,[[tr0ub4dor]]\nhttps://b.org,\"x,y\",\"[[hunter,22]]\"\n",
    );
    check("prices.csv", "url,price\nhttps://a.org,1234567\n");
    check(
        "dump.sql",
        "CREATE USER 'joe'@'%' IDENTIFIED BY '[[tr0ub4dor]]';\nCREATE ROLE app LOGIN PASSWORD '[[hunter22]]';\n",
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(which in 0usize..13, bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let names = [".netrc", ".pgpass", ".npmrc", ".git-credentials", ".docker/config.json", ".kube/config", "shadow", ".curlrc",
            "a.xml/settings.xml", "wp-config.php", "a.csv", "a.sql", "userlist.txt"];
        for value in values(&RepoPath::new(names[which]), &bytes) {
            proptest::prop_assert!(value.span.start <= value.span.end && value.span.end as usize <= bytes.len());
        }
    }
}
