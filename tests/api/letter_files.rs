//! What is made of a letter for looking at it: its pages, from the draft on, and what it is made with.

use super::app::TestApp;
use super::build::{self, id, inspection};
use super::client::Reply;
use super::letters::{close, drafted, inspected, take};
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use chrono::TimeDelta;
use serde_json::json;
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        a_draft_is_shown_as_the_ledger_is_and_a_submitted_letter_as_it_was,
        what_is_no_page,
        a_street_sees_the_pages_of_its_own_letter_once_it_is_delivered,
        a_character_without_a_font_is_named_at_the_draft,
        the_bureau_sees_what_letters_are_made_with,
    );
}

fn page(app: &TestApp, by: Caller, letter: &str, page: &str) -> Reply {
    app.as_(by).get(&format!("/letters/{letter}/pages/{page}"))
}

/// A page as a client gets it: its pixels, and how many pages there are.
#[track_caller]
fn shown(reply: &Reply) -> (image::RgbImage, usize) {
    assert_eq!(reply.status, 200, "{}", reply.told());
    assert_eq!(reply.header("content-type"), "image/png");
    let picture = image::load_from_memory_with_format(&reply.bytes, image::ImageFormat::Png);
    let pages = reply.header("x-page-count").parse().expect("a count of pages");
    (picture.expect("a PNG").into_rgb8(), pages)
}

fn a_draft_is_shown_as_the_ledger_is_and_a_submitted_letter_as_it_was(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let letter = &drafted(app, &campaign)[0];
    let first = || page(app, Caller::Supervisor, letter, "1.png");
    let empty = shown(&first());
    assert_eq!(empty.0.dimensions(), (992, 1403));
    assert_eq!(first().header("cache-control"), "no-store");
    let findings = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-14"]);
    let found = shown(&first());
    assert!(found.1 > empty.1, "an annex has come: {} after {}", found.1, empty.1);
    assert_ne!(found.0, empty.0);
    take(app, Caller::Drafter, letter, "submit").ok();
    let submitted = shown(&first());
    assert_eq!(submitted, found, "nothing has moved since");
    close(app, Place::Own, &findings[0]);
    assert_eq!(shown(&first()), submitted, "it is frozen");
    take(app, Caller::Reviewer, letter, "return").ok();
    assert_ne!(shown(&first()).0, submitted.0, "who works on it sees the ledger as it is");
    app.advance(TimeDelta::hours(1));
    for (step, by) in [("submit", Caller::Drafter), ("approve", Caller::Reviewer), ("issue", Caller::Issuer)]
    {
        take(app, by, letter, step).ok();
    }
    let issued = first();
    assert_ne!(shown(&issued).0, submitted.0, "it has its number and day");
    assert_ne!(issued.header("cache-control"), "no-store");
    app.drain();
    assert_eq!(shown(&first()), shown(&issued));
}

fn what_is_no_page(app: &TestApp) {
    let letter = &drafted(app, &id(&build::campaign(app, Place::District, &[Station])))[0];
    let (_, pages) = shown(&page(app, Caller::Drafter, letter, "1.png?dpi=96"));
    shown(&page(app, Caller::Drafter, letter, &format!("{pages}.png")));
    for none in
        ["0.png", &format!("{}.png", pages + 1), "4294967295.png", "4294967296.png", "-1.png", "a.png"]
    {
        page(app, Caller::Drafter, letter, none).expect(404, "not_found");
    }
    for dpi in ["95", "201", "0", "-1", "x"] {
        page(app, Caller::Drafter, letter, &format!("1.png?dpi={dpi}")).expect(422, "invalid_request");
    }
    page(app, Caller::Drafter, letter, "1.png?scale=2").expect(422, "invalid_request");
    page(app, Caller::Drafter, &build::uuid().to_string(), "1.png").expect(404, "not_found");
    let elsewhere = Caller::At(Role::Drafter, Place::Elsewhere);
    page(app, elsewhere, letter, "1.png").expect(404, "not_found");
    page(app, Caller::Inspector, letter, "1.png").expect(403, "permission_denied");
}

fn a_street_sees_the_pages_of_its_own_letter_once_it_is_delivered(app: &TestApp) {
    let letter = &drafted(app, &id(&build::campaign(app, Place::District, &[Station])))[0];
    let hidden = || page(app, Caller::Street, letter, "1.png").expect(404, "not_found");
    hidden();
    for (step, by) in [("submit", Caller::Drafter), ("approve", Caller::Reviewer), ("issue", Caller::Issuer)]
    {
        take(app, by, letter, step).ok();
        hidden();
    }
    app.drain();
    hidden();
    build::seal(app, Caller::Registrar, letter).ok();
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    let seen = shown(&page(app, Caller::Street, letter, "1.png"));
    assert_eq!(seen, shown(&page(app, Caller::Drafter, letter, "1.png")));
    page(app, Caller::At(Role::Street, Place::Sibling), letter, "1.png").expect(404, "not_found");
}

fn a_character_without_a_font_is_named_at_the_draft(app: &TestApp) {
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    let station = app.world.facility(Place::Own, Station).to_string();
    let mut built = inspection(app, &station, &["YK-02"]).of_campaign(&campaign);
    let answers = built.body["answers"].as_array_mut().expect("answers");
    let failing = answers.iter_mut().find(|answer| answer["outcome"] == "fail").expect("a failing item");
    failing["note"] = json!("门口堆放😀杂物");
    built.put_whole(&app.as_(Caller::Inspector));
    let letter = &drafted(app, &campaign)[0];
    let problem = page(app, Caller::Drafter, letter, "1.png").expect(422, "missing_glyph");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains('😀') && detail.contains("U+1F600"), "{detail}");
}

fn the_bureau_sees_what_letters_are_made_with(app: &TestApp) {
    let told = app.as_(Caller::Drafter).get("/letters/fonts").ok();
    assert_eq!(told, json!(app.app.typesetter.made_with()));
    let fangsong = &told["fonts"][0];
    assert_eq!((&fangsong["role"], &fangsong["official"]), (&json!("fangsong"), &json!(false)));
    assert_eq!(fangsong["faces"][0]["family"], "FandolFang R");
    assert_eq!(fangsong["faces"][0]["sha256"].as_str().map(str::len), Some(64));
    for stranger in [Caller::Street, Caller::Inspector, Caller::Operator] {
        app.as_(stranger).get("/letters/fonts").expect(403, "permission_denied");
    }
}
