//! Starting the program: what is wrong with its settings is said in one sentence that names the setting, and a server
//! that starts well answers until it is asked to end.

use super::app::TestApp;
use super::binary::{self, free_address, run, serve, yixun};
use super::client;
use super::scratch::fresh_folder;
use super::suite::{Suite, both, once};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

pub fn register(suite: &mut Suite) {
    once!(suite:
        unknown_settings_are_refused,
        wrong_settings_are_refused,
        s05_a_bad_signing_key_is_refused,
        unreadable_fonts_are_refused,
        a_folder_that_cannot_be_written_is_refused,
        a_second_server_on_the_same_folder_is_refused,
        s18_the_first_administrator,
        the_settings_file_is_read,
        the_specification_is_printed,
    );
    both!(suite: a_server_answers_and_ends);
}

/// `serve` that must not come up: it listens where nobody does.
fn serve_command(folder: &Path) -> Command {
    let mut command = yixun(folder);
    command.arg("serve").env("YIXUN_LISTEN", free_address().to_string());
    command
}

#[track_caller]
fn refused(folder: &Path, settings: &[(&str, &str)], parts: &[&str]) {
    run(serve_command(folder).envs(settings.iter().copied())).refused(parts);
}

fn unknown_settings_are_refused() {
    let folder = fresh_folder("start");
    refused(&folder, &[("YIXUN_DATA_DIRR", "x")], &["data_dirr", "YIXUN_DATA_DIRR", "data_dir、"]);
    fs::write(folder.join("yixun.toml"), "listen_to = \"x\"\n").expect("a file");
    refused(&folder, &[], &["listen_to", "可用的设置"]);
    assert!(!folder.join("data").exists(), "nothing was made");
}

fn wrong_settings_are_refused() {
    let folder = fresh_folder("start");
    for (name, value) in [
        ("YIXUN_WORKERS", "0"),
        ("YIXUN_WORKERS", "many"),
        ("YIXUN_LISTEN", "everywhere"),
        ("YIXUN_LISTEN", "127.0.0.1"),
        ("YIXUN_NODE", "Node"),
        ("YIXUN_NODE", "a.b"),
        ("YIXUN_METRICS_LISTEN", "9100"),
        ("YIXUN_STORAGE", "ftp://x"),
        ("YIXUN_STORAGE", "folder:"),
        ("YIXUN_PASSWORD_POLICY", "easy"),
        ("YIXUN_LOG_JSON", "perhaps"),
        ("YIXUN_LOG", "not a filter=="),
        ("YIXUN_CONFIG", "/nowhere/yixun.toml"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "postgres://db.example/d"),
        ("DATABASE_URL", "host=127.0.0.1"),
    ] {
        refused(&folder, &[(name, value)], &[name]);
    }
    // A PostgreSQL that is not there, and its password stays untold.
    let nobody = format!("postgres://u:secret-word@{}/d", free_address());
    let said = run(serve_command(&folder).env("DATABASE_URL", nobody));
    assert!(!said.err.contains("secret-word"), "{said:?}");
    said.refused(&["DATABASE_URL"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    refused(&folder, &[("YIXUN_LISTEN", &address)], &["YIXUN_LISTEN", &address]);
}

fn s05_a_bad_signing_key_is_refused() {
    let folder = fresh_folder("start");
    let key = folder.join("signing.pem");
    let given = format!("[\"{}\"]", key.display());
    let with = |parts: &[&str]| refused(&folder, &[("YIXUN_SIGNING_KEYS", &given)], parts);
    with(&["YIXUN_SIGNING_KEYS", "signing.pem", "无法读取"]);
    let write = |text: &str, mode: u32| {
        fs::write(&key, text).expect("a file");
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("its mode");
    };
    write("not a key", 0o600);
    with(&["YIXUN_SIGNING_KEYS", "signing.pem"]);
    write("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0o600);
    with(&["YIXUN_SIGNING_KEYS", "Ed25519"]);
    // The key that a first start makes is good, unless others may read it.
    run(&mut {
        let mut c = yixun(&folder);
        c.arg("migrate");
        c
    })
    .ok();
    let made = folder.join("data/keys/signing.pem");
    assert_eq!(fs::metadata(&made).expect("the key").permissions().mode() & 0o777, 0o600);
    write(&fs::read_to_string(&made).expect("the key"), 0o640);
    with(&["YIXUN_SIGNING_KEYS", "chmod 600"]);
    fs::set_permissions(&made, fs::Permissions::from_mode(0o604)).expect("its mode");
    refused(&folder, &[], &["signing.pem", "chmod 600"]);
}

fn unreadable_fonts_are_refused() {
    let folder = fresh_folder("start");
    let file = folder.join("file");
    fs::write(&file, "x").expect("a file");
    let empty = fresh_folder("no-fonts");
    for fonts in [folder.join("missing"), file, empty] {
        let shown = fonts.display().to_string();
        refused(&folder, &[("YIXUN_FONTS_DIR", &shown)], &["YIXUN_FONTS_DIR", &shown]);
    }
}

fn a_folder_that_cannot_be_written_is_refused() {
    let folder = fresh_folder("start");
    let file = folder.join("file");
    fs::write(&file, "x").expect("a file");
    // Root may write everywhere, but not below a file.
    let below = file.join("data").display().to_string();
    refused(&folder, &[("YIXUN_DATA_DIR", &below)], &["YIXUN_DATA_DIR", &below]);
    let storage = format!("folder:{below}");
    refused(&folder, &[("YIXUN_STORAGE", &storage)], &["YIXUN_STORAGE", &below]);
    let database = format!("sqlite:{below}/yixun.db");
    refused(&folder, &[("DATABASE_URL", &database)], &["DATABASE_URL", &below]);
}

fn a_second_server_on_the_same_folder_is_refused() {
    let folder = fresh_folder("start");
    let first = serve(&mut yixun(&folder));
    refused(&folder, &[], &["YIXUN_DATA_DIR", "server.lock"]);
    let mut beside = yixun(&folder);
    run(beside.args(["user", "create", "--username", "root.one", "--name", "甲"])).ok();
    assert!(first.end().success());
    let again = serve(&mut yixun(&folder));
    assert!(again.end().success());
}

fn s18_the_first_administrator() {
    let folder = fresh_folder("start");
    let create = |name: &str, role: &str| {
        let mut command = yixun(&folder);
        command.args(["user", "create", "--username", name, "--name", "甲", "--role", role]);
        run(&mut command)
    };
    let said = create("root.one", "admin").ok();
    create("root.two", "admin").refused(&["已有系统管理员"]);
    create("clerk.one", "drafter").refused(&["三种管理员"]);
    create("clerk.one", "king").refused(&["没有角色 king"]);
    create("x", "security_admin").refused(&["账号名", "3 "]);
    create("root.one", "audit_admin").refused(&["已被使用"]);
    create("security.one", "security_admin").ok();
    let password = said.trim().rsplit('：').next().expect("the password").to_string();
    let serving = serve(&mut yixun(&folder));
    let agent = client::agent();
    let login = |name: &str, password: &str| {
        let body = serde_json::json!({"username": name, "password": password});
        let url = format!("http://{}/api/v1/auth/login", serving.address);
        let mut answer = agent.post(url).send_json(body).expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_json::<Value>().expect("JSON"))
    };
    for (name, guess) in
        [("admin", "admin"), ("root.one", "admin"), ("root.one", ""), ("administrator", "password")]
    {
        assert!(matches!(login(name, guess).0, 401 | 422), "{name} {guess}");
    }
    let (status, tokens) = login("root.one", &password);
    assert_eq!((status, &tokens["must_change_password"]), (200, &Value::Bool(true)));
    serving.end();
    let kept = fs::read(folder.join("data/yixun.db")).expect("the database");
    assert!(
        !kept.windows(password.len()).any(|w| w == password.as_bytes()),
        "the password is kept in the clear"
    );
}

fn the_settings_file_is_read() {
    let folder = fresh_folder("start");
    let address = free_address();
    fs::write(folder.join("other.toml"), format!("listen = \"{address}\"\nworkers = 1\nlog = \"warn\"\n"))
        .expect("a file");
    // The environment wins over the file: `serve` gives a port of its own.
    let serving = serve(yixun(&folder).env("YIXUN_CONFIG", folder.join("other.toml")));
    assert_ne!(serving.address, address);
    assert!(serving.end().success());
}

fn the_specification_is_printed() {
    let folder = fresh_folder("start");
    assert_eq!(run(yixun(&folder).arg("openapi")).ok(), yixun::http::openapi::text());
    assert!(!folder.join("data").exists(), "it needs no data");
}

fn a_server_answers_and_ends(app: &TestApp) {
    let folder = fresh_folder("start");
    let mut command = binary::yixun(&folder);
    command.env("DATABASE_URL", app.database_url()).env("YIXUN_DATA_DIR", app.folder());
    let serving = serve(&mut command);
    let agent = client::agent();
    let get = |path: &str| {
        let mut answer = agent.get(format!("http://{}{path}", serving.address)).call().expect("an answer");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), text)
    };
    assert_eq!(get("/livez"), (200, "{\"status\":\"ok\"}".into()));
    assert_eq!(get("/readyz"), (200, "{\"status\":\"ready\"}".into()));
    let health = |url: &str| run(binary::yixun(&folder).args(["health", url]));
    health(&format!("http://{}", serving.address)).ok();
    let own = serving.address.to_string();
    run(binary::yixun(&folder).arg("health").env("YIXUN_LISTEN", own)).ok();
    health(&format!("http://{}", free_address())).refused(&["/readyz", "未就绪"]);
    let version: Value = serde_json::from_str(&get("/version").1).expect("JSON");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(version["business_time"].as_str().is_some_and(|t| t.ends_with("+08:00")), "{version}");
    assert_eq!(get("/openapi.json").1, yixun::http::openapi::text());
    let (status, page) = get("/docs/");
    assert!(status == 200 && page.contains("swagger-ui"), "{page}");
    let outside = page.split(['"', '\'']).find(|part| part.starts_with("http"));
    assert_eq!(outside, None, "the documentation leads out of the intranet");
    assert_eq!(get("/docs/swagger-ui-bundle.js").0, 200);
    assert_eq!(get("/docs").0, 308);
    assert_eq!(get("/api/v1/me").0, 401);
    // The sequencer runs: a failed login of this server gets its position.
    let body = serde_json::json!({"username": "nobody.there", "password": "x"});
    let url = format!("http://{}/api/v1/auth/login", serving.address);
    assert_eq!(agent.post(url).send_json(body).expect("an answer").status(), 401);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let ordered = || app.as_(super::people::Caller::AuditAdmin).all("/audit?object_id=nobody.there").len();
    while ordered() == 0 {
        assert!(std::time::Instant::now() < patience, "nobody ordered the trail");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(serving.end().success());
}
