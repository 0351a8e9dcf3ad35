//! Whatever is malformed, oversized or out of place is answered in the one form, with a code, a Chinese sentence and the
//! pointer, and nothing is half stored. Both databases say the same.

use super::app::TestApp;
use super::build::{self, facility_body};
use super::client::{Api, Reply};
use super::people::{Caller, Place};
use super::spec;
use super::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use ureq::http::Method;
use yixun::db::schema::{audit_entry, facility};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        s32_what_is_not_json,
        s32_deep_nesting_is_not_followed,
        s32_nul_is_refused_everywhere,
        duplicate_keys,
        a_body_is_an_object,
        s24_every_body_refuses_unknown_fields,
        every_query_refuses_unknown_parameters,
        s31_oversized_bodies,
        wrong_media_types,
        wrong_methods_and_addresses,
        strangers_learn_nothing_from_their_bodies,
        s43_headers_on_every_answer,
        nothing_is_half_stored,
    );
}

fn raw_json(to: &Api<'_>, path: &str, bytes: &[u8]) -> Reply {
    to.bytes(Method::POST, path, "application/json", bytes)
}

fn s32_what_is_not_json(app: &TestApp) {
    let bodies: [&[u8]; 15] = [
        b"",
        b" ",
        b"{",
        b"}",
        b"{\"name\":}",
        b"{\"name\":\"x\"",
        b"{\"name\":\"x\",}",
        b"{'name':'x'}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\x41\"}",
        b"{\"name\":\"a\nb\"}",
        b"{\"name\":nul}",
        b"// {}",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(body).into_owned();
        for (to, path) in [(app.as_(Caller::Drafter), "/facilities"), (app.anyone(), "/auth/refresh")] {
            let answer = raw_json(&to, path, body);
            // A field that this path does not know may be told first; it is never taken.
            assert!(matches!(answer.status, 400 | 422), "{shown}: {}", answer.told());
            answer.is_problem();
        }
        raw_json(&app.as_(Caller::Drafter), "/facilities", body).expect(400, "unreadable_json");
    }
    for tail in ["{}", "x", "]", "\u{0}"] {
        let whole = facility_body(app, Place::Own, Station).to_string();
        let answer = raw_json(&app.as_(Caller::Drafter), "/facilities", format!("{whole}{tail}").as_bytes());
        assert_eq!(answer.status, 400, "{}", answer.told());
    }
    for number in ["1e400", "-1e400", "1E+999"] {
        let body = facility_body(app, Place::Own, Station).to_string().replace("23.1", number);
        raw_json(&app.as_(Caller::Drafter), "/facilities", body.as_bytes()).expect(400, "unreadable_json");
    }
    for number in ["99999999999999999999", "0.1", "\"5\"", "true", "[]", "{}"] {
        let body = format!("{{\"username\":{number},\"password\":\"x\"}}");
        let answer = raw_json(&app.anyone(), "/auth/login", body.as_bytes());
        if number == "\"5\"" {
            answer.expect(401, "wrong_credentials");
        } else {
            answer.expect_at(422, "invalid_request", "/username", "wrong_type");
        }
    }
}

fn s32_deep_nesting_is_not_followed(app: &TestApp) {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    for body in [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("{{\"username\":{},\"password\":\"x\"}}", deep("[", "]")),
        format!("{{\"username\":\"x\",\"password\":{}}}", deep("{\"a\":", "}").replace(":}", ":1}")),
        "[".repeat(200_000),
    ] {
        let answer = raw_json(&app.anyone(), "/auth/login", body.as_bytes());
        assert!(matches!(answer.status, 400 | 422), "{}", answer.told());
        answer.is_problem();
    }
    let many = format!("{{{}}}", (0..20_000).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(","));
    raw_json(&app.anyone(), "/auth/login", many.as_bytes()).expect_at(
        422,
        "invalid_request",
        "/k0",
        "unknown_field",
    );
}

/// PostgreSQL cannot hold U+0000 in text: refused before any database sees it.
fn s32_nul_is_refused_everywhere(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    for nul in ["\\u0000", "\u{0}"] {
        let body =
            facility_body(app, Place::Own, Station).to_string().replace("试验路", &format!("试{nul}路"));
        raw_json(&drafter, "/facilities", body.as_bytes()).expect(400, "unreadable_nul");
    }
    let mut escaped = facility_body(app, Place::Own, Station);
    escaped["name"] = json!("反斜杠\\u0000站");
    assert_eq!(drafter.post("/facilities", &escaped).created()["name"], escaped["name"]);
    drafter.get("/facilities?q=a%00b").expect(400, "unreadable_nul");
    drafter.get("/areas?level=%00").expect(400, "unreadable_nul");
    app.as_(Caller::AuditAdmin).get("/audit?object_id=%00").expect(400, "unreadable_nul");
    // `"\u0000"` as the key inside a cursor.
    for path in ["/facilities", "/areas"] {
        drafter.get(&format!("{path}?cursor=Ilx1MDAwMCI")).expect_at(
            422,
            "bad_cursor",
            "/cursor",
            "bad_cursor",
        );
    }
    drafter.get("/facilities/%00").expect(404, "not_found");
}

fn duplicate_keys(app: &TestApp) {
    let body = r#"{"username":"a","username":"b","password":"c"}"#;
    raw_json(&app.anyone(), "/auth/login", body.as_bytes()).expect_at(
        422,
        "invalid_request",
        "/username",
        "duplicate_field",
    );
    let body = r#"{"username":"a","password":"c","user\u006eame":"b"}"#;
    raw_json(&app.anyone(), "/auth/login", body.as_bytes()).expect_at(
        422,
        "invalid_request",
        "/username",
        "duplicate_field",
    );
}

/// Somebody who may call an operation, or nobody for a public one.
fn permitted<'a>(app: &'a TestApp, op: &spec::Op) -> Api<'a> {
    match op.permission {
        None => app.anyone(),
        Some(action) => app.as_(Caller::At(action.roles()[0], Place::Everywhere)),
    }
}

/// An operation with a JSON body, sent as it is by somebody who may.
fn send(app: &TestApp, op: &spec::Op, body: &str) -> Reply {
    let body: Value = serde_json::from_str(body).expect("JSON");
    permitted(app, op).json(op.method.clone(), &op.any_path(), &[("If-Match", "\"1\"")], &body)
}

fn a_body_is_an_object(app: &TestApp) {
    for op in spec::operations().iter().filter(|op| op.takes_json()) {
        for body in ["[]", "null", "\"x\"", "1", "true", r#"["a","b","c","d"]"#] {
            let answer = send(app, op, body);
            assert_eq!(answer.status, 422, "{} with {body}: {}", op.id, answer.told());
            answer.expect(422, "invalid_request");
        }
    }
    let login = json!([Caller::Drafter.username(), super::people::PASSWORD]);
    app.anyone().post("/auth/login", &login).expect_at(422, "invalid_request", "", "wrong_type");
}

fn s24_every_body_refuses_unknown_fields(app: &TestApp) {
    let mut seen = 0;
    for op in spec::operations().iter().filter(|op| op.takes_json()) {
        send(app, op, r#"{"no_such_field": 1}"#).expect_at(
            422,
            "invalid_request",
            "/no_such_field",
            "unknown_field",
        );
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

fn every_query_refuses_unknown_parameters(app: &TestApp) {
    for op in spec::operations().iter().filter(|op| op.has_parameter("query") && op.method == Method::GET) {
        let caller = permitted(app, op);
        let path = op.any_path();
        caller.get(&format!("{path}?no_such=1")).expect_at(
            422,
            "invalid_request",
            "/no_such",
            "unknown_field",
        );
        let parameters = op.object["parameters"].as_array().expect("parameters");
        if parameters.iter().any(|p| p["name"] == "limit") {
            caller.get(&format!("{path}?limit=x")).expect_at(422, "invalid_request", "/limit", "wrong_type");
            caller.get(&format!("{path}?limit=1&limit=2")).expect_at(
                422,
                "invalid_request",
                "/limit",
                "duplicate_field",
            );
            let long = "A".repeat(401);
            caller.get(&format!("{path}?cursor={long}")).expect_at(
                422,
                "invalid_request",
                "/cursor",
                "out_of_range",
            );
        }
    }
}

fn s31_oversized_bodies(app: &TestApp) {
    let token = app.token(Caller::Drafter);
    let head = format!(
        "POST /api/v1/facilities HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    );
    // Announced: refused before a byte of it is read.
    let (status, text) = app.raw(format!("{head}Content-Length: 1073741824\r\n\r\n{{").as_bytes());
    assert!(
        status == 413 && text.contains("too_large") && text.contains("application/problem+json"),
        "{text}"
    );
    // Not announced: refused when the limit is passed.
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536));
    let (status, text) =
        app.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(5)).as_bytes());
    assert!(status == 413 && text.contains("too_large"), "{text}");
    // The limit itself is fine.
    let mut body = facility_body(app, Place::Own, Station).to_string();
    body.push_str(&" ".repeat(256 * 1024 - body.len()));
    raw_json(&app.as_(Caller::Drafter), "/facilities", body.as_bytes()).created();
    body.push(' ');
    let length = body.len();
    let (status, _) = app.raw(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes());
    assert_eq!(status, 413);
}

fn wrong_media_types(app: &TestApp) {
    let body = facility_body(app, Place::Own, Station).to_string();
    let drafter = app.as_(Caller::Drafter);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data",
        "application/jsonp",
        "x",
    ] {
        let answer = drafter.bytes(Method::POST, "/facilities", kind, body.as_bytes());
        answer.expect(415, "unsupported_media_type");
    }
    let without = drafter.bytes(Method::POST, "/facilities", "", body.as_bytes());
    without.expect(415, "unsupported_media_type");
    drafter.bytes(Method::POST, "/facilities", "Application/JSON; charset=utf-8", body.as_bytes()).created();
}

fn wrong_methods_and_addresses(app: &TestApp) {
    let somebody = app.as_(Caller::Drafter);
    for op in spec::operations() {
        let wrong = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        let of_path: Vec<Method> =
            spec::operations().into_iter().filter(|o| o.path == op.path).map(|o| o.method).collect();
        for method in wrong.into_iter().filter(|m| !of_path.contains(m)) {
            let answer = somebody.json(method, &op.any_path(), &[], &json!({}));
            answer.expect(405, "method_not_allowed");
        }
    }
    for path in [
        "/nothing",
        "/facilities/",
        "/Facilities",
        "/facilities/x/y/z",
        "//",
        "//nothing",
        "//api/v1",
        "//api/v2/me",
        "/facilities/..%2f..%2fetc%2fpasswd",
        "/facilities/%ff",
        "/facilities/%E6%B5%B7",
        "/areas/440105007",
    ] {
        somebody.get(path).expect(404, "not_found");
    }
    let not_ids = ["1", "null", "00000000-0000-0000-0000-00000000000g", "' or 1=1 --"];
    for id in not_ids {
        let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        somebody.get(&format!("/facilities/{encoded}")).expect(404, "not_found");
    }
}

/// Who may not call an operation is told so whatever the body: nothing of it is judged first.
fn strangers_learn_nothing_from_their_bodies(app: &TestApp) {
    let id = build::uuid();
    for body in ["{", "{\"x\":1}", "[]", "{}"] {
        for (caller, status, code) in [
            (app.anyone(), 401, "no_token"),
            (app.with_token("e30.e30.e30"), 401, "bad_token"),
            (app.as_(Caller::Street), 403, "permission_denied"),
        ] {
            raw_json(&caller, "/facilities", body.as_bytes()).expect(status, code);
            let patched =
                caller.bytes(Method::PATCH, &format!("/facilities/{id}"), "text/plain", body.as_bytes());
            patched.expect(status, code);
        }
    }
    app.as_(Caller::Street).get("/users?limit=x").expect(403, "permission_denied");
    app.as_(Caller::Street).get("/users/x").expect(403, "permission_denied");
}

fn s43_headers_on_every_answer(app: &TestApp) {
    let drafter = app.as_(Caller::Drafter);
    let answers = [
        drafter.get("/facilities"),
        drafter.get("/nothing"),
        drafter.delete("/facilities"),
        app.anyone().get("/me"),
        app.anyone().get("//livez"),
        app.anyone().get("//openapi.json"),
        app.anyone().get("//docs/"),
        drafter.post("/facilities", &json!({})),
    ];
    for answer in answers {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{name}: {}", answer.told());
        }
        assert!(answer.headers.get("server").is_none());
        if answer.status >= 400 {
            answer.is_problem();
            let text = String::from_utf8_lossy(&answer.bytes).to_lowercase();
            for inside in ["select ", "sqlite", "postgres", "diesel", "src/", "serde", "panick", "line "] {
                assert!(!text.contains(inside), "{inside:?} in {text}");
            }
        }
    }
    assert_eq!(drafter.get("/facilities").header("cache-control"), "no-store");
}

fn nothing_is_half_stored(app: &TestApp) {
    let counted = || -> (i64, i64) {
        app.read(|conn| {
            Ok((facility::table.count().get_result(conn)?, audit_entry::table.count().get_result(conn)?))
        })
    };
    let before = counted();
    let whole = facility_body(app, Place::Own, Station);
    let drafter = app.as_(Caller::Drafter);
    for (name, value) in [
        ("kind", json!("tent")),
        ("street_id", json!(app.world.area(Place::Elsewhere))),
        ("community_id", json!(build::uuid())),
        ("position", json!({"lat": 0, "lng": 0, "datum": "wgs84"})),
        ("code", json!("x".repeat(41))),
    ] {
        let mut body = whole.clone();
        body[name] = value;
        assert_eq!(drafter.post("/facilities", &body).status, 422);
    }
    // A body that breaks off.
    let head = format!(
        "POST /api/v1/facilities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
        app.token(Caller::Drafter)
    );
    let stream = std::net::TcpStream::connect(app.address).expect("a connection");
    let text = whole.to_string();
    std::io::Write::write_all(
        &mut &stream,
        format!("{head}Content-Length: {}\r\n\r\n{text}", text.len() + 1).as_bytes(),
    )
    .expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("half closed");
    let mut answer = String::new();
    let _closed_hard = std::io::Read::read_to_string(&mut &stream, &mut answer);
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert_eq!(counted(), before);
    drafter.post("/facilities", &whole).created();
}
