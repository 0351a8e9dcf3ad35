//! Imports from CSV, through the library and through the command line beside a running server: Chinese and English
//! headers, a dry run, everything that is wrong at once, and all or nothing.

use super::app::TestApp;
use super::binary;
use super::people::{Caller, Place};
use super::suite::{Suite, both};
use std::path::PathBuf;
use std::process::Command;
use yixun::reference::{self, Imported};

pub fn register(suite: &mut Suite) {
    both!(suite:
        facilities_in_either_language,
        a_dry_run_stores_nothing,
        all_or_nothing,
        what_is_wrong_is_said_by_row_and_column,
        unreadable_files,
        areas_are_imported,
        a_calendar_replaces_its_years,
        the_command_line_imports_beside_the_server,
        the_command_line_tells_what_is_wrong,
    );
}

const CHINESE: &str = "\u{feff}设施编码,设施名称,设施类型,街道编码,社区编码,地址,纬度,经度,坐标系,运营机构,联系人,联系电话,开放时间,平台状态,平台状态日期,问题路径,设施状态\r\n\
    Z-1,导入一站,颐康服务站,440105007,,试验路1号,23.1,113.26,GCJ02,试验机构,甲,000,09:00-17:00,运营中,2026-07-01,经街道,运营\r\n\
    Z-2,\"导入,二站\",长者饭堂,440105008,,\"试验路\"\"2\"\"号\",,,,试验机构,,,,,,局属单位,暂停\r\n\
    \r\n";
const ENGLISH: &str = "code,name,kind,street_code,address,operator\nE-1,Import one,station,440105007,Road 1,Operator\n\
    E-2,Import two,institution,440105007,Road 2,Operator\n";

/// Imports through the library; gives (good rows, stored, faults as line:column:code).
fn import(app: &TestApp, what: Imported, text: &[u8], dry_run: bool) -> (usize, usize, Vec<String>) {
    let outcome = reference::import(&app.app, what, text, dry_run).expect("the database works");
    let faults = outcome.faults.iter().map(|f| format!("{}:{}:{}", f.line, f.column, f.code)).collect();
    assert!(outcome.faults.iter().all(|f| super::client::is_chinese(&f.reason)), "{:?}", outcome.faults);
    (outcome.rows, outcome.stored, faults)
}

fn facilities(app: &TestApp) -> usize {
    app.as_(Caller::Supervisor).all("/facilities").len()
}

fn facilities_in_either_language(app: &TestApp) {
    let before = facilities(app);
    assert_eq!(import(app, Imported::Facilities, CHINESE.as_bytes(), false), (2, 2, vec![]));
    assert_eq!(import(app, Imported::Facilities, ENGLISH.as_bytes(), false), (2, 2, vec![]));
    assert_eq!(facilities(app), before + 4);
    let found = |code: &str| {
        let all = app.as_(Caller::Supervisor).all("/facilities");
        all.into_iter().find(|f| f["code"] == code).expect("the facility")
    };
    let one = found("Z-1");
    assert_eq!(one["position"], serde_json::json!({"lat": 23.1, "lng": 113.26, "datum": "gcj02"}));
    assert_eq!(
        (&one["kind"], &one["platform_status"], &one["platform_status_on"]),
        (&"station".into(), &"运营中".into(), &"2026-07-01".into())
    );
    let two = found("Z-2");
    assert_eq!((&two["name"], &two["address"]), (&"导入,二站".into(), &"试验路\"2\"号".into()));
    assert_eq!(
        (&two["route"], &two["status"], &two["observed_status"]),
        (&"bureau_unit".into(), &"suspended".into(), &serde_json::Value::Null)
    );
    assert_eq!(two["street_id"], app.world.area(Place::Sibling).to_string());
}

fn a_dry_run_stores_nothing(app: &TestApp) {
    let before = facilities(app);
    assert_eq!(import(app, Imported::Facilities, CHINESE.as_bytes(), true), (2, 0, vec![]));
    assert_eq!(facilities(app), before);
    import(app, Imported::Facilities, CHINESE.as_bytes(), false);
    let again = import(app, Imported::Facilities, CHINESE.as_bytes(), true);
    assert_eq!(again, (0, 0, vec!["2:设施编码:code_taken".into(), "3:设施编码:code_taken".into()]));
}

fn all_or_nothing(app: &TestApp) {
    let before = facilities(app);
    let mixed = format!("{ENGLISH}E-3,Import three,station,999999999,Road 3,Operator\n");
    assert_eq!(
        import(app, Imported::Facilities, mixed.as_bytes(), false),
        (2, 0, vec!["4:street_code:unknown_street".into()])
    );
    assert_eq!(facilities(app), before);
}

fn what_is_wrong_is_said_by_row_and_column(app: &TestApp) {
    let text = "设施编码,设施名称,设施类型,街道编码,地址,运营机构,纬度,经度,坐标系,平台状态日期,备注\n\
        A,,帐篷,440105007,路,机构,,,,,\n\
        A,名,颐康服务站,440105,路,机构,23.1,,gcj02,,\n\
        B,名,颐康服务站,440105007,路,机构,95,113,wgs84,7月1日,\n\
        C,名,颐康服务站,440105007,路\n";
    let (rows, stored, faults) = import(app, Imported::Facilities, text.as_bytes(), false);
    assert_eq!((rows, stored), (0, 0));
    assert_eq!(
        faults,
        [
            "1:备注:unknown_column",
            "2:设施类型:unreadable",
            "2:设施名称:empty",
            "3:设施编码:duplicate",
            "3:街道编码:unknown_street",
            "3:坐标系:incomplete_position",
            "4:纬度:out_of_range",
            "4:平台状态日期:unreadable",
            "5::ragged",
            "5:运营机构:empty",
        ]
    );
}

fn unreadable_files(app: &TestApp) {
    let before = facilities(app);
    let long = format!(
        "code,name,kind,street_code,address,operator\nA,{},station,440105007,a,o\n",
        "名".repeat(101)
    );
    for (bytes, fault) in [
        (&b"\xff\xfe\x00c"[..], "1::not_utf8"),
        ("设施编码,名称".as_bytes(), "1:kind:missing_column"),
        (b"", "1::no_header"),
        (long.as_bytes(), "2:name:too_long"),
        (
            b"code,code,name,kind,street_code,address,operator\nA,A,n,station,440105007,a,o\n",
            "1:code:duplicate_column",
        ),
    ] {
        let (_, stored, faults) = import(app, Imported::Facilities, bytes, false);
        assert!(stored == 0 && faults.iter().any(|f| f == fault), "{fault}: {faults:?}");
    }
    let (_, stored, faults) = import(app, Imported::Facilities, b"code,name\nA,\"never closed\n", false);
    assert!(stored == 0 && !faults.is_empty(), "{faults:?}");
    assert_eq!(facilities(app), before);
}

fn areas_are_imported(app: &TestApp) {
    let text = "编码,级别,上级编码,名称,办事处名称,简称\n440105019,街道,440105,试验街道,试验街道办事处,试验街\n440105019101,社区,440105019,试验社区,,\n";
    let streets = |app: &TestApp| {
        app.as_(Caller::Drafter).all(&format!("/areas?parent={}", app.world.area(Place::District))).len()
    };
    assert_eq!(import(app, Imported::Areas, text.as_bytes(), true), (2, 0, vec![]));
    assert_eq!(streets(app), 18);
    assert_eq!(import(app, Imported::Areas, text.as_bytes(), false), (2, 2, vec![]));
    assert_eq!(streets(app), 19);
    assert_eq!(
        import(app, Imported::Areas, text.as_bytes(), false),
        (2, 0, vec![]),
        "known codes stay as they are"
    );
    let bad = "code,level,parent_code,name\n44x,street,440105,a\n440105020,hamlet,440105,a\n440105021,street,999,a\n";
    assert_eq!(
        import(app, Imported::Areas, bad.as_bytes(), false).2,
        ["2:code:unreadable", "3:level:unreadable", "4:parent_code:unknown_parent"]
    );
    // Who reaches the district reaches the new street from now on.
    let more = "code,name,kind,street_code,address,operator\nN-1,n,station,440105019,a,o\n";
    assert_eq!(import(app, Imported::Facilities, more.as_bytes(), false).1, 1);
    let seen = |caller: Caller| app.as_(caller).all("/facilities").iter().any(|f| f["code"] == "N-1");
    assert!(seen(Caller::Drafter) && !seen(Caller::Street));
}

fn a_calendar_replaces_its_years(app: &TestApp) {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().expect("a date");
    let is_work = |date: &str| {
        let reckoned = app.read(yixun::calendar::load).is_working_day(day(date));
        (reckoned.value, reckoned.provisional)
    };
    let before = is_work("2026-10-01");
    assert_eq!(before, (false, false));
    let text = "日期,类型,名称,年度状态\n2027-01-01,放假,元旦,暂定\n2027-01-03,调休上班,元旦,暂定\n";
    assert_eq!(import(app, Imported::Calendar, text.as_bytes(), true), (2, 0, vec![]));
    assert_eq!(import(app, Imported::Calendar, text.as_bytes(), false), (2, 2, vec![]));
    assert_eq!(is_work("2026-10-01"), before, "other years stay");
    assert_eq!([is_work("2027-01-01"), is_work("2027-01-03")], [(false, true), (true, true)]);
    let bad = "date,kind,name,year_status\n2027-13-01,holiday,x,confirmed\n2027-01-01,feast,x,confirmed\n2027-01-02,holiday,x,maybe\n2027-01-05,holiday,x,confirmed\n2027-01-05,holiday,x,provisional\n";
    assert_eq!(
        import(app, Imported::Calendar, bad.as_bytes(), false).2,
        [
            "2:date:unreadable",
            "3:kind:unreadable",
            "4:year_status:unreadable",
            "6:date:duplicate",
            "6:year_status:inconsistent"
        ]
    );
}

/// The command line on the same database and data folder as the running application.
fn command(app: &TestApp, what: &str, file: &PathBuf) -> Command {
    let mut command = binary::yixun(app.folder());
    command.env("YIXUN_DATA_DIR", app.folder()).env("DATABASE_URL", app.database_url());
    command.args(["import", what]).arg(file);
    command
}

fn written(app: &TestApp, name: &str, text: &str) -> PathBuf {
    let path = app.folder().join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

fn the_command_line_imports_beside_the_server(app: &TestApp) {
    let before = facilities(app);
    let file = written(app, "roster.csv", CHINESE);
    let said = binary::run(command(app, "facilities", &file).arg("--dry-run")).ok();
    assert!(said.contains("2 行") && said.contains("试运行"), "{said}");
    assert_eq!(facilities(app), before);
    let said = binary::run(&mut command(app, "facilities", &file)).ok();
    assert!(said.contains("2 行") && said.contains("新增 2 条"), "{said}");
    assert_eq!(facilities(app), before + 2, "the running server sees them");
    let file = written(app, "areas.csv", "code,level,parent_code,name\n440105019,street,440105,试验街道\n");
    assert!(binary::run(&mut command(app, "areas", &file)).ok().contains("新增 1 条"));
    let file =
        written(app, "calendar.csv", "date,kind,name,year_status\n2027-01-01,holiday,元旦,provisional\n");
    assert!(binary::run(&mut command(app, "calendar", &file)).ok().contains("新增 1 条"));
    app.sequence();
    app.read(yixun::audit::verify);
}

fn the_command_line_tells_what_is_wrong(app: &TestApp) {
    let before = facilities(app);
    let bad = written(
        app,
        "bad.csv",
        "设施编码,设施名称,设施类型,街道编码,地址,运营机构\nA,名,帐篷,440105007,路,机构\nB,名,颐康服务站,1,路,机构\n",
    );
    let said = binary::run(&mut command(app, "facilities", &bad));
    assert!(
        said.err.contains("第 2 行 · 设施类型 · ") && said.err.contains("第 3 行 · 街道编码 · "),
        "{said:?}"
    );
    said.refused(&["发现 2 处问题", "未写入任何数据"]);
    assert_eq!(facilities(app), before);
    let missing = app.folder().join("missing.csv");
    binary::run(&mut command(app, "facilities", &missing)).refused(&["无法读取", "missing.csv"]);
}
