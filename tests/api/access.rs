//! Logging in and staying in, accounts, and the three administrators.

use super::app::TestApp;
use super::build::{id, unique};
use super::client::{Api, Reply};
use super::people::{Caller, PASSWORD, Place};
use super::suite::{Suite, both};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::access::tokens::fingerprint;
use yixun::clock::machine_now;
use yixun::db::Ts;
use yixun::db::schema::{audit_entry, login_failure, password_history, refresh_token, session, user_account};

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_login_gives_a_session,
        s15_unknown_wrong_and_disabled_look_alike,
        s16_five_failures_lock_a_name_for_fifteen_minutes,
        s16_fifty_failures_lock_an_address,
        a_success_forgets_the_failures,
        s18_the_first_login_asks_for_a_new_password,
        s17_the_password_policy_is_told,
        an_old_password_does_not_come_back,
        a_password_of_ninety_days_must_be_changed,
        s07_refresh_replay_kills_the_family,
        s08_a_lost_refresh_answer_is_forgiven_for_ten_seconds,
        s08_parallel_refreshes_leave_one_family,
        s09_refresh_tokens_are_stored_hashed,
        s11_idle_sessions_end,
        s10_logout_ends_the_session,
        s10_disabling_ends_everything,
        s10_a_reset_password_ends_everything,
        s28_roles_are_looked_up_at_every_request,
        s27_three_administrators,
        users_are_listed_in_pages,
        an_account_is_edited_with_its_revision,
        accounts_keep_their_secrets,
    );
}

fn login(app: &TestApp, username: &str, password: &str) -> Reply {
    app.anyone().post("/auth/login", &json!({"username": username, "password": password}))
}

fn refresh(app: &TestApp, token: &Value) -> Reply {
    app.anyone().post("/auth/refresh", &json!({ "refresh_token": token }))
}

#[track_caller]
fn logged_in(app: &TestApp, caller: Caller) -> Value {
    login(app, &caller.username(), PASSWORD).ok()
}

fn holder<'a>(app: &'a TestApp, tokens: &Value) -> Api<'a> {
    app.with_token(tokens["access_token"].as_str().expect("an access token"))
}

/// A new account as the system administrator makes it: its view and its first password.
fn new_account(app: &TestApp) -> (Value, String) {
    let body = json!({"username": format!("new.person.{}", unique()), "display_name": "新人", "organisation": "示例区民政局"});
    let made = app.as_(Caller::Admin).post("/users", &body).created();
    (made["user"].clone(), made["initial_password"].as_str().expect("a password").to_string())
}

fn disable(app: &TestApp, caller: Caller, disabled: bool) {
    let admin = app.as_(Caller::Admin);
    let path = format!("/users/{}", app.user(caller));
    let revision = admin.get(&path).revision();
    admin.patch(&path, Some(revision), &json!({ "disabled": disabled })).ok();
}

fn a_login_gives_a_session(app: &TestApp) {
    let answer = login(app, &Caller::Drafter.username().to_uppercase(), PASSWORD);
    let tokens = answer.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(tokens["must_change_password"], false);
    let me = holder(app, &tokens).get("/me").ok();
    assert_eq!(me["username"], Caller::Drafter.username());
    assert_eq!((&me["roles"], &me["today"]), (&json!(["drafter"]), &json!("2026-08-03")));
    app.anyone().get("/me").expect(401, "no_token");
    assert_eq!(app.anyone().get("/me").header("www-authenticate"), "Bearer");
}

fn s15_unknown_wrong_and_disabled_look_alike(app: &TestApp) {
    disable(app, Caller::SecondDrafter, true);
    let tries = [
        login(app, "nobody.there", PASSWORD),
        login(app, &Caller::Drafter.username(), "Wrong-Trees-2026x"),
        login(app, &Caller::SecondDrafter.username(), PASSWORD),
    ];
    let seen: BTreeSet<String> =
        tries.iter().map(|t| t.expect(401, "wrong_credentials").to_string()).collect();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// Moves the recorded failures so far into the past.
fn age_failures(app: &TestApp, by: TimeDelta) {
    app.write(move |tx| {
        let rows: Vec<(i64, Ts)> =
            login_failure::table.select((login_failure::id, login_failure::at)).load(tx.conn())?;
        for (id, at) in rows {
            let earlier = Ts::from(at.0 - by);
            diesel::update(login_failure::table.find(id))
                .set(login_failure::at.eq(earlier))
                .execute(tx.conn())?;
        }
        Ok(())
    });
}

fn s16_five_failures_lock_a_name_for_fifteen_minutes(app: &TestApp) {
    let name = Caller::Drafter.username();
    for _ in 0..4 {
        login(app, &name, "Wrong-Trees-2026x").expect(401, "wrong_credentials");
    }
    // The fifth at another node: the counters are in the database.
    let node = app.second_node();
    login(&node, &name, "Wrong-Trees-2026x").expect(401, "wrong_credentials");
    for at in [app, &node] {
        let locked = login(at, &name, PASSWORD);
        locked.expect(429, "too_many_attempts");
        let wait: i64 = locked.header("retry-after").parse().expect("seconds");
        assert!((880..=900).contains(&wait), "{wait}");
    }
    logged_in(app, Caller::Reviewer);
    app.as_(Caller::Drafter).get("/me").ok(); // who is in stays in
    age_failures(app, TimeDelta::minutes(14));
    login(app, &name, PASSWORD).expect(429, "too_many_attempts");
    age_failures(app, TimeDelta::minutes(2));
    login(app, &name, PASSWORD).ok();
}

fn s16_fifty_failures_lock_an_address(app: &TestApp) {
    let add = |count: usize| {
        app.write(move |tx| {
            for n in 0..count {
                let row = (
                    login_failure::username.eq(format!("guess{n}")),
                    login_failure::address.eq("127.0.0.1"),
                    login_failure::at.eq(Ts::from(machine_now())),
                );
                diesel::insert_into(login_failure::table).values(row).execute(tx.conn())?;
            }
            Ok(())
        });
    };
    add(49);
    logged_in(app, Caller::Drafter);
    add(1);
    login(app, &Caller::Drafter.username(), PASSWORD).expect(429, "too_many_attempts");
}

fn a_success_forgets_the_failures(app: &TestApp) {
    let name = Caller::Drafter.username();
    for _ in 0..2 {
        for _ in 0..4 {
            login(app, &name, "Wrong-Trees-2026x").expect(401, "wrong_credentials");
        }
        logged_in(app, Caller::Drafter);
    }
}

fn s18_the_first_login_asks_for_a_new_password(app: &TestApp) {
    let (user, first) = new_account(app);
    let name = user["username"].as_str().expect("a name");
    app.as_(Caller::SecurityAdmin)
        .post(&format!("/users/{}/grants", id(&user)), &json!({"role": "drafter"}))
        .created();
    let tokens = login(app, name, &first).ok();
    assert_eq!(tokens["must_change_password"], true);
    let me = holder(app, &tokens);
    me.get("/facilities").expect(403, "password_change_required");
    me.get("/me").ok();
    let change = |from: &str, to: &str| {
        me.post("/me/password", &json!({"current_password": from, "new_password": to}))
    };
    change("Wrong-Trees-2026x", "Other-Trees-2026x").expect_at(
        422,
        "wrong_password",
        "/current_password",
        "wrong_password",
    );
    change(&first, &first).expect_at(422, "password_reused", "/new_password", "password_reused");
    change(&first, "Other-Trees-2026x").done();
    me.get("/me").expect(401, "session_ended");
    refresh(app, &tokens["refresh_token"]).expect(401, "bad_refresh_token");
    login(app, name, &first).expect(401, "wrong_credentials");
    let tokens = login(app, name, "Other-Trees-2026x").ok();
    assert_eq!(tokens["must_change_password"], false);
    holder(app, &tokens).get("/facilities").ok();
}

fn s17_the_password_policy_is_told(app: &TestApp) {
    let me = app.as_(Caller::Drafter);
    let change =
        |to: &str| me.post("/me/password", &json!({"current_password": PASSWORD, "new_password": to}));
    let named = format!("X1-{}-tall", Caller::Drafter.username());
    for weak in ["Short-1x", "alllowercaseletters", "ALLUPPERCASE123", "Password-2026-x", named.as_str()] {
        change(weak).expect_at(422, "weak_password", "/new_password", "weak_password");
    }
    change(&"x".repeat(257)).expect_at(422, "invalid_request", "/new_password", "out_of_range");
    change("").expect_at(422, "invalid_request", "/new_password", "out_of_range");
    // 72 bytes and more are not cut, Unicode counts as characters.
    let long = format!("春眠不觉晓处处闻啼鸟-Ab1{}", "x".repeat(80));
    change(&long).done();
    login(app, &Caller::Drafter.username(), &long[..long.len() - 1]).expect(401, "wrong_credentials");
    login(app, &Caller::Drafter.username(), &long).ok();
}

fn an_old_password_does_not_come_back(app: &TestApp) {
    let name = Caller::Drafter.username();
    let mut now = PASSWORD.to_string();
    for n in 0..3 {
        let next = format!("Tall-Trees-2026-{n}");
        let me = login(app, &name, &now).ok();
        let change = |to: &str| {
            holder(app, &me).post("/me/password", &json!({"current_password": now, "new_password": to}))
        };
        if n > 0 {
            change("Tall-Trees-2026-0").expect(422, "password_reused");
        }
        change(&next).done();
        now = next;
    }
    let user = app.world.person(Caller::Drafter).user;
    let kept: Vec<String> = app.read(|conn| {
        let of_user = password_history::table.filter(password_history::user_id.eq(user));
        Ok(of_user.select(password_history::password_hash).load(conn)?)
    });
    assert!(kept.len() == 3 && kept.iter().all(|hash| hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")));
}

fn a_password_of_ninety_days_must_be_changed(app: &TestApp) {
    let user = app.world.person(Caller::Drafter).user;
    let set = |at: DateTime<Utc>| {
        app.write(move |tx| {
            let row = diesel::update(user_account::table.find(user));
            row.set(user_account::password_set_at.eq(Ts::from(at))).execute(tx.conn())?;
            Ok(())
        });
    };
    set(machine_now() - TimeDelta::days(89));
    app.as_(Caller::Drafter).get("/facilities").ok();
    set(machine_now() - TimeDelta::days(91));
    app.as_(Caller::Drafter).get("/facilities").expect(403, "password_change_required");
    assert_eq!(logged_in(app, Caller::Drafter)["must_change_password"], true);
}

/// Moves the use of a refresh token into the past.
fn used_earlier(app: &TestApp, token: &Value, by: TimeDelta) {
    let hash = fingerprint(token.as_str().expect("a token"));
    app.write(move |tx| {
        let used = diesel::update(refresh_token::table.find(&hash));
        used.set(refresh_token::used_at.eq(Some(Ts::from(machine_now() - by)))).execute(tx.conn())?;
        Ok(())
    });
}

fn s07_refresh_replay_kills_the_family(app: &TestApp) {
    let first = logged_in(app, Caller::Inspector);
    let second = refresh(app, &first["refresh_token"]).ok();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    holder(app, &second).get("/me").ok();
    used_earlier(app, &first["refresh_token"], TimeDelta::seconds(11));
    refresh(app, &first["refresh_token"]).expect(401, "refresh_token_reused");
    refresh(app, &second["refresh_token"]).expect(401, "bad_refresh_token");
    for tokens in [&first, &second] {
        holder(app, tokens).get("/me").expect(401, "session_ended");
    }
    let told: Vec<String> = app.read(|conn| {
        Ok(audit_entry::table
            .filter(audit_entry::action.eq("refresh"))
            .select(audit_entry::line)
            .load(conn)?)
    });
    assert_eq!(told.iter().filter(|line| line.contains("token_reuse")).count(), 1, "{told:?}");
    logged_in(app, Caller::Inspector);
}

fn s08_a_lost_refresh_answer_is_forgiven_for_ten_seconds(app: &TestApp) {
    let first = logged_in(app, Caller::Inspector);
    let lost = refresh(app, &first["refresh_token"]).ok();
    used_earlier(app, &first["refresh_token"], TimeDelta::seconds(8));
    let again = refresh(app, &first["refresh_token"]).ok();
    assert_eq!(lost["refresh_token"], again["refresh_token"]);
    let next = refresh(app, &again["refresh_token"]).ok();
    holder(app, &next).get("/me").ok();
}

fn s08_parallel_refreshes_leave_one_family(app: &TestApp) {
    let first = logged_in(app, Caller::Inspector);
    let token = &first["refresh_token"];
    let answers: Vec<Reply> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| refresh(app, token))).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    let next: BTreeSet<String> = answers.iter().map(|a| a.ok()["refresh_token"].to_string()).collect();
    assert_eq!(next.len(), 1, "{next:?}");
    let user = app.world.person(Caller::Inspector).user;
    let live: i64 = app.read(|conn| {
        let unused =
            refresh_token::table.inner_join(session::table.on(session::id.eq(refresh_token::session_id)));
        let live = unused.filter(refresh_token::used_at.is_null()).filter(session::user_id.eq(user));
        Ok(live.count().get_result(conn)?)
    });
    assert_eq!(live, 1);
}

fn s09_refresh_tokens_are_stored_hashed(app: &TestApp) {
    let tokens = logged_in(app, Caller::Inspector);
    let token = tokens["refresh_token"].as_str().expect("a token");
    let stored: Vec<String> =
        app.read(|conn| Ok(refresh_token::table.select(refresh_token::hash).load(conn)?));
    assert_eq!(stored, [fingerprint(token)]);
    assert_ne!(stored[0], token);
    let lines: Vec<String> = app.read(|conn| Ok(audit_entry::table.select(audit_entry::line).load(conn)?));
    assert!(lines.iter().all(|line| !line.contains(token) && !line.contains(PASSWORD)));
}

fn s11_idle_sessions_end(app: &TestApp) {
    let tokens = logged_in(app, Caller::Inspector);
    let hash = fingerprint(tokens["refresh_token"].as_str().expect("a token"));
    let key = hash.clone();
    let (issued, expires): (Ts, Ts) = app.read(move |conn| {
        let of_token = refresh_token::table.find(key);
        Ok(of_token.select((refresh_token::issued_at, refresh_token::expires_at)).first(conn)?)
    });
    assert_eq!(expires.0 - issued.0, TimeDelta::days(14));
    app.write(move |tx| {
        let ended = Ts::from(machine_now() - TimeDelta::seconds(1));
        let token = diesel::update(refresh_token::table.find(&hash));
        token.set(refresh_token::expires_at.eq(ended)).execute(tx.conn())?;
        Ok(())
    });
    refresh(app, &tokens["refresh_token"]).expect(401, "bad_refresh_token");
}

fn s10_logout_ends_the_session(app: &TestApp) {
    let (one, other) = (logged_in(app, Caller::Drafter), logged_in(app, Caller::Drafter));
    holder(app, &one).post("/auth/logout", &json!({})).done();
    holder(app, &one).get("/me").expect(401, "session_ended");
    refresh(app, &one["refresh_token"]).expect(401, "bad_refresh_token");
    holder(app, &other).get("/me").ok();
}

fn s10_disabling_ends_everything(app: &TestApp) {
    let tokens = logged_in(app, Caller::Drafter);
    disable(app, Caller::Drafter, true);
    holder(app, &tokens).get("/me").expect(401, "session_ended");
    app.as_(Caller::Drafter).get("/me").expect(401, "session_ended");
    refresh(app, &tokens["refresh_token"]).expect(401, "bad_refresh_token");
    login(app, &Caller::Drafter.username(), PASSWORD).expect(401, "wrong_credentials");
    disable(app, Caller::Drafter, false);
    holder(app, &tokens).get("/me").expect(401, "session_ended");
    let again = logged_in(app, Caller::Drafter);
    holder(app, &again).get("/me").ok();
}

fn s10_a_reset_password_ends_everything(app: &TestApp) {
    let tokens = logged_in(app, Caller::Drafter);
    let admin = app.as_(Caller::Admin);
    let path = format!("/users/{}", app.user(Caller::Drafter));
    let revision = admin.get(&path).revision();
    let reset = admin.patch(&path, Some(revision), &json!({"reset_password": true})).ok();
    let first = reset["initial_password"].as_str().expect("a password");
    holder(app, &tokens).get("/me").expect(401, "session_ended");
    login(app, &Caller::Drafter.username(), PASSWORD).expect(401, "wrong_credentials");
    assert_eq!(login(app, &Caller::Drafter.username(), first).ok()["must_change_password"], true);
}

fn s28_roles_are_looked_up_at_every_request(app: &TestApp) {
    let security = app.as_(Caller::SecurityAdmin);
    let somebody = app.as_(Caller::NoRole);
    let grants = format!("/users/{}/grants", app.user(Caller::NoRole));
    somebody.get("/facilities").expect(403, "permission_denied");
    let give = |from: &str, to: Value| {
        let body = json!({"role": "street", "area_id": app.world.area(Place::Own), "valid_from": from, "valid_to": to});
        security.post(&grants, &body).created()
    };
    give("2026-08-04", Value::Null);
    give("2026-07-01", json!("2026-08-02"));
    somebody.get("/facilities").expect(403, "permission_denied");
    let held = give("2026-08-03", json!("2026-08-03"));
    assert_eq!(somebody.get("/facilities").ok()["items"].as_array().map(Vec::len), Some(4));
    app.advance(TimeDelta::days(1));
    somebody.get("/facilities").ok(); // the one from tomorrow
    let of_day = |from: &str| {
        let grants = held["grants"].as_array().expect("grants");
        id(grants.iter().find(|grant| grant["valid_from"] == from).expect("a grant"))
    };
    let tomorrow = format!("{grants}/{}", of_day("2026-08-04"));
    security.delete(&tomorrow).done();
    somebody.get("/facilities").expect(403, "permission_denied");
    security.delete(&tomorrow).expect(404, "not_found");
    let strangers = format!("/users/{}/grants/{}", app.user(Caller::Drafter), of_day("2026-08-03"));
    security.delete(&strangers).expect(404, "not_found");
}

fn s27_three_administrators(app: &TestApp) {
    let give = |to: Caller, role: &str| {
        let path = format!("/users/{}/grants", app.user(to));
        app.as_(Caller::SecurityAdmin).post(&path, &json!({ "role": role }))
    };
    give(Caller::Drafter, "inspector").created();
    for (to, role) in [
        (Caller::Drafter, "admin"),
        (Caller::Drafter, "audit_admin"),
        (Caller::Admin, "drafter"),
        (Caller::Admin, "audit_admin"),
        (Caller::AuditAdmin, "security_admin"),
    ] {
        give(to, role).expect(409, "roles_exclude_each_other");
    }
    give(Caller::SecurityAdmin, "security_admin").expect(409, "own_account");
    give(Caller::NoRole, "nothing").expect_at(422, "invalid_request", "/role", "unknown_code");
    // Accounts, roles and the trail belong to three different persons.
    let body = json!({"username": "somebody.new", "display_name": "新人", "organisation": "示例"});
    app.as_(Caller::SecurityAdmin).post("/users", &body).expect(403, "permission_denied");
    app.as_(Caller::AuditAdmin).get("/users").expect(403, "permission_denied");
    app.as_(Caller::Admin).get("/audit").expect(403, "permission_denied");
    let grants = format!("/users/{}/grants", app.user(Caller::NoRole));
    app.as_(Caller::Admin).post(&grants, &json!({"role": "drafter"})).expect(403, "permission_denied");
    let own = format!("/users/{}", app.user(Caller::Admin));
    let admin = app.as_(Caller::Admin);
    admin
        .patch(&own, Some(admin.get(&own).revision()), &json!({"disabled": true}))
        .expect(409, "own_account");
}

fn users_are_listed_in_pages(app: &TestApp) {
    let admin = app.as_(Caller::Admin);
    let names = |users: &[Value]| -> Vec<String> {
        users.iter().map(|u| u["username"].as_str().expect("a name").to_string()).collect()
    };
    let mut expected: Vec<String> =
        app.read(|conn| Ok(user_account::table.select(user_account::username).load(conn)?));
    expected.sort();
    assert_eq!(names(&admin.all("/users")), expected);
    let first = admin.get("/users?limit=7").ok();
    assert_eq!(names(first["items"].as_array().expect("items")), expected[..7]);
    assert_eq!(admin.get("/users").ok()["items"].as_array().map(Vec::len), Some(50));
    admin.get("/users?limit=0").expect_at(422, "out_of_range", "/limit", "out_of_range");
    admin.get(&format!("/users/{}", super::build::uuid())).expect(404, "not_found");
}

fn an_account_is_edited_with_its_revision(app: &TestApp) {
    let admin = app.as_(Caller::Admin);
    let path = format!("/users/{}", app.user(Caller::Inspector));
    let revision = admin.get(&path).revision();
    let change = json!({"display_name": "改名"});
    admin.patch(&path, None, &change).expect(428, "if_match_required");
    admin.patch(&path, Some(revision + 1), &change).expect(412, "version_differs");
    let changed = admin.patch(&path, Some(revision), &change);
    assert_eq!(
        (changed.ok()["user"]["display_name"].as_str(), changed.revision()),
        (Some("改名"), revision + 1)
    );
    admin.patch(&path, Some(revision), &change).expect(412, "version_differs");
    admin.patch(&path, Some(revision + 1), &json!({"username": "x"})).expect_at(
        422,
        "invalid_request",
        "/username",
        "unknown_field",
    );
    let taken = json!({"username": Caller::Drafter.username().to_uppercase(), "display_name": "重名", "organisation": "示例"});
    admin.post("/users", &taken).expect(409, "username_taken");
    let odd = json!({"username": "two words", "display_name": "名", "organisation": "示例"});
    admin.post("/users", &odd).expect_at(422, "invalid_request", "/username", "out_of_range");
    let nowhere = json!({"role": "street", "area_id": super::build::uuid()});
    let grants = format!("{path}/grants");
    app.as_(Caller::SecurityAdmin).post(&grants, &nowhere).expect_at(
        422,
        "bad_reach",
        "/area_id",
        "bad_reach",
    );
    let both = json!({"role": "street", "area_id": app.world.area(Place::Own),
        "facility_id": app.world.facility(Place::Own, yixun::directory::FacilityKind::Station)});
    app.as_(Caller::SecurityAdmin).post(&grants, &both).expect(422, "bad_reach");
}

fn accounts_keep_their_secrets(app: &TestApp) {
    let (_, first) = new_account(app);
    for reader in [Caller::Admin, Caller::SecurityAdmin] {
        let text = Value::from(app.as_(reader).all("/users")).to_string();
        assert!(!text.contains("argon2") && !text.contains(&first) && !text.contains("password_hash"));
    }
    for role in [Role::Drafter, Role::Supervisor, Role::AuditAdmin] {
        app.as_(Caller::At(role, Place::Everywhere)).get("/users").expect(403, "permission_denied");
    }
}
