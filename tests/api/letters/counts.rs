//! The document against the ledger: what the text counts, counted in what was laid out.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{advance, approved, close, document, inspected, snapshot, view};
use serde_json::json;
use std::collections::HashMap;
use yixun::directory::FacilityKind::{Canteen, Station};
use yixun::letters::letter::Letter;
use yixun::letters::render;

pub fn register(suite: &mut Suite) {
    both!(suite:
        counts_in_the_text_are_rows_of_the_annex,
    );
}

/// The number between two texts; the first place where it stands so.
#[track_caller]
fn number_between(text: &str, before: &str, after: &str) -> usize {
    let found = text.match_indices(before).find_map(|(at, _)| {
        let rest = &text[at + before.len()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[digits..].starts_with(after).then(|| rest[..digits].parse().ok())?
    });
    found.unwrap_or_else(|| panic!("no {before}…{after} in {text}"))
}

/// What is printed, without the breaks of lines and words.
fn printed(app: &TestApp, letter: &Letter) -> String {
    let runs = app.app.typesetter.layout(letter, &HashMap::new()).expect("a layout");
    let all: String = runs.into_iter().map(|run| run.text).collect();
    all.replace(|c: char| c.is_whitespace() || c == '\u{200b}', "")
}

/// An earlier campaign's findings and this one's, in every state that a letter prints: the text's counts are those of the
/// rows that were laid out, counted by their numbers and standings.
fn counts_in_the_text_are_rows_of_the_annex(app: &TestApp) {
    let earlier = id(&build::campaign(app, Place::Own, &[Station, Canteen]));
    let left: Vec<String> = inspected(app, Place::Own, Station, &earlier, &["YK-18", "YK-19", "YK-20"]);
    close(app, Place::Own, &left[1]);
    app.clock.set("2026-09-07T02:00:00Z".parse().expect("a time"));
    let mut body = build::campaign_body(app, Place::Own);
    body["starts_on"] = json!("2026-09-01");
    let campaign = id(&app.as_(Caller::Drafter).post("/campaigns", &body).created());
    let targets = json!({"kinds": ["station", "canteen", "center"]});
    app.as_(Caller::Drafter).post(&format!("/campaigns/{campaign}/targets"), &targets).ok();
    let found = inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06", "YK-14", "YK-15"]);
    inspected(app, Place::Own, Canteen, &campaign, &["FT-08", "FT-10"]);
    close(app, Place::Own, &found[0]);
    app.clock.set("2026-09-14T02:00:00Z".parse().expect("a time"));
    let letter = &approved(app, &campaign)[0];
    advance(app, letter, &["issue"]);
    app.drain();
    let letter_now = snapshot(app, letter);
    let bytes = document(app, Caller::Drafter, letter).bytes;
    assert!(
        bytes == render::pdf(&app.app, &letter_now).expect("a rendering"),
        "what is read here is not the document"
    );
    let all = printed(app, &letter_now);
    let [first, second, third] = ["存在问题清单", "考核指标完成情况表", "前期未销号问题清单"]
        .map(|title| all.rfind(title).unwrap_or_else(|| panic!("no {title} in {all}")));
    assert!(first < second && second < third, "{all}");
    let (text, issues, carried) = (&all[..first], &all[first..second], &all[third..]);
    let rows = |annex: &str| {
        let numbers = view(app, letter)["findings"].as_array().expect("numbers").clone();
        numbers.iter().map(|number| annex.matches(number.as_str().expect("a number")).count()).sum::<usize>()
    };
    let of = |annex: &str, standing: &str| annex.matches(standing).count();
    assert_eq!(
        (rows(issues), rows(carried), rows(&all)),
        (6, 2, 8),
        "every finding is one row, of one annex"
    );
    assert_eq!(number_between(text, "检查发现问题", "个，涉及"), rows(issues));
    assert_eq!(number_between(text, "，已销号", "个"), of(issues, "已销号"));
    assert_eq!(number_between(text, "，未销号", "个"), rows(issues) - of(issues, "已销号"));
    assert_eq!(number_between(text, "未销号问题中已逾期", "个"), of(issues, "（已逾期）"));
    assert_eq!(number_between(text, "尚未销号的问题", "个"), rows(carried));
    assert_eq!(number_between(text, "其中已逾期", "个"), of(carried, "（已逾期）"));
    assert_eq!((of(issues, "已销号"), of(issues, "（已逾期）")), (1, 1), "YK-02 is closed, YK-14 is late");
    let ledger = app.as_(Caller::Supervisor).all(&format!("/findings?campaign_id={campaign}"));
    assert_eq!(ledger.len(), rows(issues));
    for category in ledger.iter().map(|finding| finding["category"].as_str().expect("a category")) {
        let count = ledger.iter().filter(|finding| finding["category"] == category).count();
        assert_eq!(number_between(text, &format!("{category}方面"), "个"), count, "{category}");
    }
    assert!(
        text.contains(
            "已检查2个（颐康服务站1个中的1个、颐康中心1个中的0个、长者饭堂1个中的1个），其余1个尚未完成检查"
        ),
        "{text}"
    );
}
