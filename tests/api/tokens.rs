//! Access tokens: only what this installation signed, in the one form, in time (docs: S01–S04).

use super::app::TestApp;
use super::people::{Caller, PASSWORD};
use super::suite::{Suite, both};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use yixun::access::keys::SigningKey;
use yixun::access::tokens;
use yixun::clock::machine_now;
use yixun::ids::{SessionId, TypedId as _, UserId};

pub fn register(suite: &mut Suite) {
    both!(suite:
        s01_no_algorithm_is_no_token,
        s02_only_our_algorithm,
        s03_headers_that_point_elsewhere_are_ignored,
        s04_every_claim_counts,
        tokens_go_in_the_header_only,
    );
}

/// The key that this application signs with, as a forger would dream of it.
fn signing_key(app: &TestApp) -> Vec<u8> {
    let text = std::fs::read_to_string(app.folder().join("keys/signing.pem")).expect("the key's file");
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).expect("base64")
}

fn header(app: &TestApp) -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".into());
    header.kid = Some(app.app.keys[0].kid.clone());
    header
}

fn claims(app: &TestApp) -> Value {
    let person = app.world.person(Caller::Drafter);
    let now = machine_now().timestamp();
    json!({"iss": "yixun", "aud": "yixun-api", "sub": person.user, "sid": person.session, "tv": 0,
        "iat": now, "nbf": now, "exp": now + 900})
}

fn signed(app: &TestApp, header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&signing_key(app))).expect("a token")
}

#[track_caller]
fn refused(app: &TestApp, token: &str, code: &str, why: &str) {
    let answer = app.with_token(token).get("/me");
    assert_eq!((answer.status, answer.json["code"].as_str()), (401, Some(code)), "{why}: {}", answer.told());
    answer.is_problem();
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn s01_no_algorithm_is_no_token(app: &TestApp) {
    app.with_token(signed(app, &header(app), &claims(app))).get("/me").ok();
    let kid = &app.app.keys[0].kid;
    for algorithm in ["none", "None", "nOnE", "NONE"] {
        let head = encoded(&json!({"alg": algorithm, "typ": "at+jwt", "kid": kid}));
        let body = encoded(&claims(app));
        for token in [format!("{head}.{body}."), format!("{head}.{body}"), format!("{head}.{body}.AAAA")] {
            refused(app, &token, "bad_token", &token);
        }
    }
    for token in ["x", "..", "a.b.c", "春.眠.x"] {
        let shown = if token.is_ascii() { token } else { "e30.e30.e30" };
        refused(app, shown, "bad_token", token);
    }
}

fn s02_only_our_algorithm(app: &TestApp) {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&signing_key(app)).expect("a pair");
    let public = pair.public_key().as_ref();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public));
    for secret in [public, pem.as_bytes(), b""] {
        let mut head = header(app);
        head.alg = Algorithm::HS256;
        let token =
            jsonwebtoken::encode(&head, &claims(app), &EncodingKey::from_secret(secret)).expect("a token");
        refused(app, &token, "bad_token", "HS256 over the public key");
    }
    let stranger = SigningKey::ephemeral().expect("a key");
    let person = app.world.person(Caller::Drafter);
    let foreign = tokens::issue(&stranger, person.user, person.session, 0, machine_now()).expect("a token");
    refused(app, &foreign, "bad_token", "a stranger's key");
    let good = signed(app, &header(app), &claims(app));
    let (front, signature) = good.rsplit_once('.').expect("three parts");
    let parts: Vec<&str> = front.split('.').collect();
    let other = encoded(&{
        let mut claims = claims(app);
        claims["sub"] = json!(app.user(Caller::Admin));
        claims
    });
    refused(
        app,
        &format!("{}.{other}.{signature}", parts[0]),
        "bad_token",
        "another body under the signature",
    );
    refused(app, front, "bad_token", "no signature");
}

fn s03_headers_that_point_elsewhere_are_ignored(app: &TestApp) {
    for kid in ["../../../../dev/null", "' or 1=1 --", "", "0000000000000000"] {
        let mut head = header(app);
        head.kid = Some(kid.into());
        refused(app, &signed(app, &head, &claims(app)), "bad_token", kid);
    }
    let mut head = header(app);
    head.kid = None;
    refused(app, &signed(app, &head, &claims(app)), "bad_token", "no kid");
    // A key that the token brings along is nobody's: signed by a stranger, it stays refused.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket option");
    let mut head = header(app);
    head.jku = Some(format!("http://{}/keys", listener.local_addr().expect("its address")));
    let stranger = aws_lc_rs::rand::SystemRandom::new();
    let stranger = Ed25519KeyPair::generate_pkcs8(&stranger).expect("a key");
    let key = EncodingKey::from_ed_der(stranger.as_ref());
    let token = jsonwebtoken::encode(&head, &claims(app), &key).expect("a token");
    refused(app, &token, "bad_token", "jku");
    assert!(listener.accept().is_err(), "somebody called the address in jku");
}

fn s04_every_claim_counts(app: &TestApp) {
    let now = machine_now().timestamp();
    let with = |name: &str, value: Value| {
        let mut claims = claims(app);
        claims[name] = value;
        claims
    };
    let times = |iat: i64, exp: i64| {
        let mut claims = claims(app);
        (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(iat), json!(exp));
        claims
    };
    let other = super::build::uuid();
    for (why, claims, code) in [
        ("expired", times(now - 1000, now - 100), "token_expired"),
        ("not yet", times(now + 300, now + 900), "bad_token"),
        ("too long", times(now, now + 901), "bad_token"),
        ("issuer", with("iss", json!("other")), "bad_token"),
        ("audience", with("aud", json!("other")), "bad_token"),
        ("subject", with("sub", json!("not-an-id")), "bad_token"),
        ("unknown account", with("sub", json!(UserId::from_uuid(other))), "session_ended"),
        ("unknown session", with("sid", json!(SessionId::from_uuid(other))), "session_ended"),
        (
            "another's session",
            with("sid", json!(app.world.person(Caller::Reviewer).session)),
            "session_ended",
        ),
        ("version", with("tv", json!(1)), "session_ended"),
        ("more claims", with("admin", json!(true)), "bad_token"),
    ] {
        refused(app, &signed(app, &header(app), &claims), code, why);
    }
    for missing in ["iss", "aud", "sub", "sid", "tv", "iat", "nbf", "exp"] {
        let mut claims = claims(app);
        claims.as_object_mut().expect("an object").remove(missing);
        refused(app, &signed(app, &header(app), &claims), "bad_token", missing);
    }
    for typ in [None, Some("JWT".to_string()), Some("rt+jwt".to_string())] {
        let mut head = header(app);
        head.typ = typ;
        refused(app, &signed(app, &head, &claims(app)), "bad_token", "type");
    }
    let body = json!({"username": Caller::Drafter.username(), "password": PASSWORD});
    let tokens = app.anyone().post("/auth/login", &body).ok();
    refused(app, tokens["refresh_token"].as_str().expect("a token"), "bad_token", "a refresh token");
}

fn tokens_go_in_the_header_only(app: &TestApp) {
    let token = app.token(Caller::Drafter);
    let answer = app.anyone().get(&format!("/me?access_token={token}"));
    answer.expect(401, "no_token");
    let ask = |value: &str| {
        let request = format!(
            "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {value}\r\n\r\n"
        );
        app.raw(request.as_bytes()).0
    };
    assert_eq!(ask(&format!("bearer {token}")), 200);
    for value in [
        token.clone(),
        format!("Basic {token}"),
        "Bearer".into(),
        format!("Bearer {token}x"),
        format!("Bearer {token} x"),
    ] {
        assert_eq!(ask(&value), 401, "{value}");
    }
}
