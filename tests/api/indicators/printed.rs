//! Annex 2 of a letter: what the street is measured by, as it was when the letter was submitted.

use super::super::app::TestApp;
use super::super::build::{self, id};
use super::super::dispatch::practice;
use super::super::letters::{drafted, inspected, snapshot, take};
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{csv, import, set, target};
use chrono::TimeDelta;
use serde_json::json;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        annex_2_lists_what_has_a_value_or_was_to_be_reported,
        what_comes_after_the_submission_stops_no_letter,
        without_targets_and_reports_annex_2_is_the_campaign_s,
        streets_are_compared_only_where_the_setting_says_so,
    );
}

/// The printed rows: 指标, 目标, 完成, 完成率, 截至.
fn rows(app: &TestApp, letter: &str) -> Vec<[String; 5]> {
    let annex = snapshot(app, letter).indicators.expect("annex 2");
    annex.rows.into_iter().map(|r| [r.name, r.target, r.value, r.rate, r.as_of]).collect()
}

const OF_THE_CAMPAIGN: [&str; 4] =
    ["颐康服务站检查覆盖率", "站牌照片覆盖率", "本次检查问题销号率", "逾期未销号问题"];

fn submitted(app: &TestApp) -> String {
    let campaign = id(&build::campaign(app, Place::Own, &[Station]));
    inspected(app, Place::Own, Station, &campaign, &["YK-02", "YK-06"]);
    let letter = drafted(app, &campaign)[0].clone();
    take(app, Caller::Drafter, &letter, "submit").ok();
    letter
}

fn annex_2_lists_what_has_a_value_or_was_to_be_reported(app: &TestApp) {
    for (code, value) in [
        ("station_observed", "100"),
        ("on_time", "95"),
        ("bed_online", "100"),
        ("follow_up", "98"),
        ("signboard", "100"),
    ] {
        set(app, code, &target(app, value));
    }
    let unpaid = json!({"comparison": "equal"});
    let mut body = target(app, "0");
    body["comparison"] = unpaid["comparison"].clone();
    set(app, "subsidy_unpaid", &body);
    let file = csv(&[
        "海幢街道,2026,3,bed_online,197,200,,2026-08-01,",
        "海幢街道,2026,3,meals,1499,1000,,2026-07-31,",
        "海幢街道,2026,3,subsidy_unpaid,,,1234.05,2026-08-02,",
        "南华西街道,2026,3,satisfaction,1,2,,2026-08-01,",
        "海幢街道,2026,2,satisfaction,1,2,,2026-08-01,",
    ]);
    import(app, Caller::Drafter, &file, "").ok();
    let printed = rows(app, &submitted(app));
    let names: Vec<&str> = printed.iter().map(|r| r[0].as_str()).collect();
    assert_eq!(names[..4], OF_THE_CAMPAIGN);
    let rest: Vec<[&str; 5]> = printed[4..].iter().map(|r| r.each_ref().map(String::as_str)).collect();
    let today = "2026年8月3日";
    assert_eq!(
        rest,
        [
            ["颐康站运营率（现场口径）", "≥100%", "1/1个", "100%", today],
            ["家庭养老床位设备在线率", "≥100%", "197/200张", "98.5%", "2026年8月1日"],
            ["助餐配餐人次同比", "—", "1499人次", "+49.9%", "2026年7月31日"],
            ["服务回访率", "≥98%", "未报送", "—", today],
            ["应付未付补贴金额", "=0元", "1234.05元", "—", "2026年8月2日"],
        ],
        "no rate of nothing, no signboards twice, nothing of another street or quarter"
    );
}

fn what_comes_after_the_submission_stops_no_letter(app: &TestApp) {
    for code in ["station_observed", "relapse", "mean_days", "bed_online"] {
        set(app, code, &target(app, "100"));
    }
    import(app, Caller::Drafter, &csv(&["海幢街道,2026,3,bed_online,197,200,,2026-08-01,"]), "").ok();
    let letter = submitted(app);
    let before = rows(app, &letter);
    app.advance(TimeDelta::days(1));
    import(app, Caller::Drafter, &csv(&["海幢街道,2026,3,bed_online,199,200,,2026-08-02,"]), "").ok();
    set(app, "bed_online", &target(app, "90"));
    set(app, "satisfaction", &target(app, "90"));
    // Another inspection of the street, of no campaign, finds something and sees a station shut.
    let extra = id(&build::facility(app, Place::Own, Station));
    let mut seen = build::inspection(app, &extra, &["YK-02"]);
    seen.body["observed_status"] = json!("closed");
    seen.put_whole(&app.as_(Caller::Inspector));
    take(app, Caller::Reviewer, &letter, "approve").ok();
    take(app, Caller::Issuer, &letter, "issue").ok();
    assert_eq!(rows(app, &letter), before, "as it was when it was submitted");
    let next = rows(app, &submitted(app));
    let online = next.iter().find(|r| r[0] == "家庭养老床位设备在线率").expect("the row");
    assert_eq!(online[1..], ["≥90%", "199/200张", "99.5%", "2026年8月2日"].map(String::from));
    assert!(next.iter().any(|r| r[2] == "未报送"));
}

/// What the ledger alone tells is printed as before there were indicators: the hash of its facts is the same.
fn without_targets_and_reports_annex_2_is_the_campaign_s(app: &TestApp) {
    let printed = rows(app, &submitted(app));
    assert_eq!(printed.iter().map(|r| r[0].as_str()).collect::<Vec<_>>(), OF_THE_CAMPAIGN);
}

fn streets_are_compared_only_where_the_setting_says_so(app: &TestApp) {
    for (code, value) in [("bed_online", "100"), ("station_observed", "100"), ("canteens_effective", "1")] {
        set(app, code, &target(app, value));
    }
    let file = csv(&[
        "海幢街道,2026,3,bed_online,197,200,,2026-08-01,",
        "南华西街道,2026,3,bed_online,199,200,,2026-08-01,",
        "海幢街道,2026,3,canteens_effective,5,,,2026-08-01,",
        "南华西街道,2026,3,canteens_effective,9,,,2026-08-01,",
    ]);
    import(app, Caller::Drafter, &file, "").ok();
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    inspected(app, Place::Own, Station, &campaign, &[]);
    let letters = drafted(app, &campaign);
    let places = |letter: &str| -> Vec<(String, String)> {
        let annex = snapshot(app, letter).indicators.expect("annex 2");
        let placed = annex.rows.into_iter().filter(|r| !r.place.is_empty());
        placed.map(|r| (r.name, r.place)).collect()
    };
    take(app, Caller::Drafter, &letters[0], "submit").ok();
    assert_eq!(places(&letters[0]), []);
    practice(app, &json!({"rank_streets": true}));
    take(app, Caller::Reviewer, &letters[0], "approve").expect(409, "facts_changed");
    take(app, Caller::Reviewer, &letters[0], "return").ok();
    let online = |place: &str| ("家庭养老床位设备在线率".to_string(), place.to_string());
    for (letter, place) in letters.iter().zip(["2/2", "1/2"]) {
        take(app, Caller::Drafter, letter, "submit").ok();
        // Nobody has seen a station of the other street: of one value there is no place, and of counts neither.
        assert_eq!(places(letter), [online(place)]);
        take(app, Caller::Reviewer, letter, "approve").ok();
    }
    // What is reported later moves no place of what was submitted.
    app.advance(TimeDelta::days(1));
    import(app, Caller::Drafter, &csv(&["海幢街道,2026,3,bed_online,200,200,,2026-08-02,"]), "").ok();
    take(app, Caller::Issuer, &letters[1], "issue").ok();
    assert_eq!(places(&letters[1]), [online("1/2")]);
}
