//! What the streets are measured by: the district sets its targets when the quarter begins, one street objects to one of them and
//! is heard, and when the quarter is over the clerk imports what the streets have reported. All figures are made up from a
//! fixed seed; what the system reckons itself comes of the quarter that is played.

use super::client::Session;
use super::play::{Quarter, text};
use super::seed::DISTRICT;
use crate::access::Role;
use serde_json::{Value, json};

const SEED: u64 = 20_260_930;
/// The street whose canteens are closed for works, and which therefore objects to a target.
const OBJECTS: &str = "440105018";

/// Code, comparison and value of the district's targets.
const TARGETS: [(&str, &str, &str); 12] = [
    ("station_platform", "at_least", "90"),
    ("station_observed", "at_least", "95"),
    ("on_time", "at_least", "95"),
    ("mean_days", "at_most", "10"),
    ("relapse", "at_most", "5"),
    ("bed_built", "at_least", "100"),
    ("bed_online", "at_least", "100"),
    ("bed_visits", "at_least", "100"),
    ("meals", "at_least", "10"),
    ("satisfaction", "at_least", "90"),
    ("follow_up", "at_least", "100"),
    ("subsidy_unpaid", "equal", "0"),
];

/// Sets the targets, and hears the street that objects.
///
/// # Errors
/// What the server answered.
pub fn set_targets(quarter: &Quarter) -> Result<(), String> {
    let drafter = quarter.session_of(Role::Drafter, None, 0)?;
    let district = drafter.all("/areas?level=district")?.into_iter().find(|d| d["code"] == DISTRICT);
    let district = district.ok_or("没有演示的区")?;
    for (code, comparison, value) in TARGETS {
        let body = json!({
            "area_id": district["id"], "year": 2026, "quarter": 3, "comparison": comparison, "value": value,
            "reason": "2026年度养老服务工作目标（演示）"
        });
        drafter.post(&format!("/indicators/{code}/targets"), &body)?;
    }
    let streets = streets(&drafter)?;
    let street = streets.iter().find(|s| s["code"] == OBJECTS).ok_or("没有提出异议的演示街道")?;
    let objection = json!({
        "street_id": street["id"], "year": 2026, "quarter": 3, "proposed": "0",
        "reason": "辖内长者饭堂本季度施工停餐，同比增长目标难以完成（演示）"
    });
    let clerk = quarter.session_of(Role::Street, Some(OBJECTS), 0)?;
    let raised = clerk.post("/indicators/meals/objections", &objection)?;
    let verdict = json!({"upheld": true, "reason": "施工停餐情况属实，调整本季度目标（演示）"});
    let reviewer = quarter.session_of(Role::Reviewer, None, 0)?;
    reviewer.post(&format!("/indicator-objections/{}/decisions", text(&raised, "id")), &verdict).map(drop)
}

/// Imports what the streets have reported of the quarter.
///
/// # Errors
/// What the server answered.
pub fn import(quarter: &Quarter) -> Result<(), String> {
    let drafter = quarter.session_of(Role::Drafter, None, 0)?;
    let names: Vec<String> = streets(&drafter)?.iter().map(|s| text(s, "name")).collect();
    let told = drafter.post_file("/indicators/import", "text/csv", reported(&names).as_bytes())?;
    println!("考核指标：导入 {} 条街道报送值", told["stored"]);
    Ok(())
}

fn streets(reader: &Session) -> Result<Vec<Value>, String> {
    let streets = reader.all("/areas?level=street")?;
    let here = |s: &Value| s["code"].as_str().is_some_and(|code| code.starts_with(DISTRICT));
    Ok(streets.into_iter().filter(here).collect())
}

/// The file: PURE. The same streets give the same lines; the last street has not reported everything.
fn reported(streets: &[String]) -> String {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut file = String::from("街道,年度,季度,指标,分子,分母,数值,截至日期,备注\n");
    for (n, street) in streets.iter().enumerate() {
        let mut line = |indicator: &str, numerator: String, denominator: String| {
            let end = "2026-09-30,演示数据";
            file += &format!("{street},2026,3,{indicator},{numerator},{denominator},,{end}\n");
        };
        let mut of = |least: u32, most: u32, missing: u32| {
            let whole = rng.u32(least..=most);
            (whole - rng.u32(0..=missing).min(whole), whole)
        };
        for (indicator, (part, whole)) in [
            ("bed_built", of(30, 60, 2)),
            ("bed_online", of(28, 55, 1)),
            ("bed_visits", of(28, 55, 2)),
            ("satisfaction", of(40, 80, 6)),
        ] {
            line(indicator, part.to_string(), whole.to_string());
        }
        let (before, more) = (rng.u32(4_000..9_000), rng.u32(0..4_000));
        line("meals", (before + more - 200).to_string(), before.to_string());
        line("canteens_effective", rng.u32(4..=7).to_string(), String::new());
        let unpaid = if rng.u32(0..6) == 0 { rng.u32(10_000..90_000) } else { 0 };
        line("subsidy_unpaid", unpaid.to_string(), String::new());
        if n + 1 < streets.len() {
            let (part, whole) = (rng.u32(55..=60), 60);
            line("follow_up", part.to_string(), whole.to_string());
        }
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::catalogue;

    #[test]
    fn the_targets_are_of_the_catalogue() {
        for (code, _, value) in TARGETS {
            assert!(catalogue::find(code).is_ok_and(|i| i.printed), "{code}");
            assert!(crate::indicators::decimal::parse(value).is_some());
        }
    }

    #[test]
    fn the_same_streets_report_the_same() {
        let streets = ["甲街道".to_string(), "乙街道".to_string()];
        let file = reported(&streets);
        assert_eq!(file, reported(&streets));
        assert_eq!(file.lines().count(), 1 + 8 + 7, "the last one has not reported everything");
    }
}
