//! Letters to operators on the board: beside the street's own, for the bureau's eyes, and without a say in any loop.

use super::super::build;
use super::super::letter_kinds::{self, OPERATOR, REPLY_DUE, send};
use super::{Scene, counted, figures};
use crate::app::TestApp;
use crate::build::id;
use crate::letters::{close, inspected};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        an_operators_letter_stands_beside_the_streets,
        a_street_with_an_operators_letter_only,
    );
}

#[track_caller]
fn to_operator(app: &TestApp, campaign: &str, place: Place) -> String {
    let body = json!({"kind": "operator_reminder", "campaign_id": campaign, "operator": OPERATOR,
        "street_id": app.world.area(place), "reply_due": REPLY_DUE});
    let letter = id(&letter_kinds::draft(app, &body).created());
    send(app, &letter);
    letter
}

/// A board without what it says of letters to operators.
fn streets_only(mut board: Value) -> Value {
    for row in board["streets"].as_array_mut().expect("streets") {
        row["operator_letters"] = Value::Null;
        row["figures"]["operator_letters"] = Value::Null;
    }
    board["district"]["figures"]["operator_letters"] = Value::Null;
    board
}

fn an_operators_letter_stands_beside_the_streets(app: &TestApp) {
    let s = Scene::new(app);
    close(app, Place::Own, &s.findings[0]);
    let before = s.board(Caller::Supervisor);
    assert_eq!(before["streets"][0]["operator_letters"], json!([]));
    let letter = to_operator(app, &s.campaign, Place::Own);
    app.as_(Caller::Reviewer)
        .post(&format!("/findings/{}/withdrawals", s.findings[1]), &json!({"reason": "误报"}))
        .ok();
    app.clock.set("2026-08-13T02:00:00Z".parse().expect("a time"));
    let receipt = json!({"received_by": "试验签收人"});
    app.as_(Caller::Registrar).post(&format!("/letters/{letter}/acknowledge"), &receipt).ok();
    let sent = app.as_(Caller::Drafter).get(&format!("/letters/{letter}")).ok();
    let numbers: BTreeSet<String> = sent["findings"]
        .as_array()
        .expect("numbers")
        .iter()
        .filter_map(|n| n.as_str().map(str::to_string))
        .collect();
    for reader in [Caller::Drafter, Caller::Registrar, Caller::Issuer, Caller::Supervisor] {
        let board = s.board(reader);
        let row = &board["streets"][0];
        let shown = &row["operator_letters"];
        assert_eq!(shown.as_array().map(Vec::len), Some(1), "{reader:?}");
        for (name, expected) in [
            ("operator", json!(OPERATOR)),
            ("letter_id", json!(letter)),
            ("kind", json!("operator_reminder")),
            ("number", sent["number"].clone()),
            ("delivered_on", json!("2026-08-03")),
            ("received_on", json!("2026-08-13")),
        ] {
            assert_eq!(shown[0][name], expected, "{name} for {reader:?}");
        }
        // Three lines: closed, withdrawn, and one that is late.
        assert_eq!(figures(&shown[0]["own"]), counted(app, &numbers, "2026-08-13"));
        assert_eq!(figures(&shown[0]["own"]), [3, 1, 1, 1, 1]);
        assert_eq!(figures(&shown[0]["carried_over"]), [0; 5]);
        let counts = |at: &Value| (at["operator_letters"].clone(), at["letters"]["sent"].clone());
        assert_eq!(counts(&row["figures"]), (json!(1), json!(1)), "{reader:?}");
        assert_eq!(counts(&board["district"]["figures"]), (json!(1), json!(2)), "{reader:?}");
    }
    // A street sees its own row as it always was, and nothing of what went to the operator.
    let streets = s.board(Caller::Street);
    assert_eq!(streets["streets"][0]["operator_letters"], json!([]));
    assert_eq!(streets["streets"][0]["figures"]["operator_letters"], 0);
    assert_eq!(streets["district"]["figures"]["operator_letters"], 0);
    assert_eq!(streets_only(streets)["streets"][0], streets_only(s.board(Caller::Supervisor))["streets"][0]);
    // It is taken back: gone from the board, as a street's letter would be.
    let withdraw = json!({"kind": "withdrawal", "original_id": letter, "reason": "主送机关有误"});
    send(app, &id(&letter_kinds::draft(app, &withdraw).created()));
    assert_eq!(s.board(Caller::Supervisor)["streets"][0]["operator_letters"], json!([]));
}

fn a_street_with_an_operators_letter_only(app: &TestApp) {
    let earlier = id(&build::campaign(app, Place::District, &[Station]));
    let old = inspected(app, Place::Sibling, Station, &earlier, &["YK-14"]);
    app.clock.set("2026-10-08T02:00:00Z".parse().expect("a time"));
    let mut body = build::campaign_body(app, Place::Own);
    (body["starts_on"], body["ends_on"]) = (json!("2026-10-01"), json!("2026-12-31"));
    body["reply_due"] = json!("2027-01-20");
    let campaign = id(&app.as_(Caller::Drafter).post("/campaigns", &body).created());
    let targets = format!("/campaigns/{campaign}/targets");
    app.as_(Caller::Drafter).post(&targets, &json!({"kinds": ["station"]})).ok();
    build::letters(app, Place::Own, &campaign);
    let board = || app.as_(Caller::Supervisor).get(&format!("/letters/board?campaign_id={campaign}")).ok();
    let before = board();
    assert_eq!(
        (&before["district"]["streets"], &before["district"]["closed_loop"]),
        (&json!(1), &json!(true))
    );
    // The campaign has nothing to do in the other street; what is left there from before is the operator's.
    let letter = to_operator(app, &campaign, Place::Sibling);
    let after = board();
    let rows = after["streets"].as_array().expect("streets");
    assert_eq!(rows.len(), 2);
    let row = rows.iter().find(|r| r["street_id"] == json!(app.world.area(Place::Sibling))).expect("its row");
    let shown = &row["operator_letters"][0];
    assert_eq!((&shown["letter_id"], figures(&shown["carried_over"])), (&json!(letter), [1, 0, 0, 1, 1]));
    assert_eq!(figures(&shown["own"]), [0; 5]);
    assert_eq!((&row["differences"], &row["closed_loop"]), (&json!([]), &json!(false)));
    assert_eq!(figures(&row["figures"]["carried_over"]), [0; 5], "no street was told of it");
    let district = |board: Value| streets_only(board)["district"].clone();
    assert_eq!(district(after.clone()), district(before), "it breaks no loop");
    assert_eq!(after["district"]["figures"]["operator_letters"], 1);
    // Whoever answers letters in one street and writes them in none sees neither.
    let everywhere = Caller::At(Role::Street, Place::District);
    let streets = app.as_(everywhere).get(&format!("/letters/board?campaign_id={campaign}")).ok();
    assert_eq!(streets["streets"].as_array().map(Vec::len), Some(1));
    assert_eq!(app.as_(Caller::Drafter).get(&format!("/findings/{}", old[0])).ok()["state"], "served");
}
