//! Claims for a letter's annex in one request.

use crate::app::TestApp;
use crate::build::{Photo, campaign, id, inspection, letters};
use crate::findings::{detail, found};
use crate::inspections::{facility, fresh};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite: one_bad_line_spoils_no_other, only_what_the_letter_prints);
}

fn line(finding: &str, proof: &Photo) -> Value {
    let photos = [proof.declared()];
    json!({"finding": finding, "claimed_on": "2026-08-03", "measures": "已按要求整改", "photos": photos})
}

/// The own street's letter with its document, and the ids of the findings that it prints.
fn letter(app: &TestApp, codes: &[&str]) -> (String, Vec<String>) {
    let planned = id(&campaign(app, Place::Own, &[Station]));
    let seen = inspection(app, &facility(app, Place::Own, Station), codes).of_campaign(&planned);
    let receipt = seen.put_whole(&app.as_(Caller::Inspector));
    let findings = receipt["findings"].as_array().expect("findings").iter().map(id).collect();
    (id(&letters(app, Place::Own, &planned)[0]), findings)
}

fn one_bad_line_spoils_no_other(app: &TestApp) {
    let (letter, findings) = letter(app, &["YK-14", "YK-15", "YK-18"]);
    let number = detail(app, &findings[1])["number"].as_str().expect("a number").to_string();
    let proofs: Vec<Photo> = (0..4).map(|_| Photo::new("after", None)).collect();
    let mut late = line(&findings[2], &proofs[2]);
    late["claimed_on"] = json!("2020-01-01");
    let items = json!([
        line(&findings[0], &proofs[0]),
        late,
        7,
        line(&number, &proofs[1]),
        {"finding": findings[2], "measures": "x"},
        line(&findings[0], &proofs[3]),
    ]);
    let path = format!("/letters/{letter}/rectifications");
    let told = app.as_(Caller::Street).post(&path, &json!({ "items": items })).ok();
    let told = told["items"].as_array().expect("items");
    let statuses: Vec<i64> = told.iter().map(|l| l["status"].as_i64().expect("a status")).collect();
    assert_eq!(statuses, [200, 422, 422, 200, 422, 409]);
    assert_eq!(told[1]["problem"]["errors"][0]["pointer"], "/claimed_on");
    assert_eq!((&told[3]["finding"], &told[3]["state"]), (&json!(number), &json!("rectified")));
    assert_eq!(told[4]["finding"], json!(findings[2]));
    assert_eq!(told[5]["problem"]["code"], "wrong_state");
    let states = [0, 1, 2].map(|n| detail(app, &findings[n])["state"].clone());
    assert_eq!(states, ["rectified", "rectified", "served"].map(|s| json!(s)));
}

fn only_what_the_letter_prints(app: &TestApp) {
    let (letter, findings) = letter(app, &["YK-14"]);
    let other = found(app, &fresh(app, Station), "YK-15");
    let path = format!("/letters/{letter}/rectifications");
    let proof = Photo::new("after", None);
    let one = |finding: &str| json!({"items": [line(finding, &proof)]});
    for name in [other.as_str(), "440105000-2026-9999"] {
        let told = app.as_(Caller::Street).post(&path, &one(name)).ok()["items"][0].clone();
        assert_eq!((&told["status"], &told["problem"]["code"]), (&json!(422), &json!("not_in_letter")));
    }
    assert_eq!(detail(app, &other)["state"], "served");
    let sibling = app.as_(Caller::At(Role::Street, Place::Sibling));
    sibling.post(&path, &one(&findings[0])).expect(404, "not_found");
    app.as_(Caller::Operator).post(&path, &one(&findings[0])).expect(403, "permission_denied");
    app.as_(Caller::Street).post(&path, &json!({"items": []})).expect(422, "invalid_request");
}
