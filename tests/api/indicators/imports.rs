use super::super::app::TestApp;
use super::super::binary;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::workbook::{Cell, archive, workbook};
use super::{QUARTER, csv, import, quarter, row, value};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use yixun::access::Role;
use yixun::db::schema::{indicator_import, indicator_value};
use yixun::files::sha256_of;

pub fn register(suite: &mut Suite) {
    both!(suite:
        the_same_table_in_every_kind_of_file,
        everything_wrong_is_told_and_nothing_is_stored,
        a_dry_run_changes_nothing,
        a_correction_is_a_version_more,
        a_file_reaches_no_further_than_who_sends_it,
        s33_a_workbook_that_unpacks_without_end,
        the_command_line_imports_indicators,
    );
}

/// 2026-08-01 as workbooks count days.
const AUGUST: u32 = 46_235;

const LINES: [&str; 4] = [
    "海幢街道,2026,3,bed_online,197,200,,2026-08-01,平台导出",
    "440105007,2026年,第三季度,助餐配餐人次同比,\"1,499\",１０００,,2026年8月1日,",
    "海幢街道,2026,三季度,服务对象满意度,,,93.75%,2026/8/1,抽查",
    "南华西街道,2026,3,应付未付补贴金额,,,1234.05,2026-08-01,",
];

/// How many imports and values are kept.
fn kept(app: &TestApp) -> (i64, i64) {
    app.read(|conn| {
        let imports = indicator_import::table.count().get_result(conn)?;
        Ok((imports, indicator_value::table.count().get_result(conn)?))
    })
}

/// What a street's clerk sees of the four.
fn seen(app: &TestApp) -> Vec<Value> {
    let (own, sibling) = (quarter(app, Place::Own, ""), quarter(app, Place::Sibling, ""));
    let of = |r: Value| json!([r["numerator"], r["denominator"], r["value"], r["text"], r["as_of"]]);
    let own = ["bed_online", "meals", "satisfaction"].map(|code| of(row(&own, code)));
    own.into_iter().chain([of(row(&sibling, "subsidy_unpaid"))]).collect()
}

fn expected() -> Vec<Value> {
    vec![
        json!(["197", "200", "98.5", "98.5%", "2026-08-01"]),
        json!(["1499", "1000", "49.9", "49.9%", "2026-08-01"]),
        json!([null, null, "93.75", "93.75%", "2026-08-01"]),
        json!(["1234.05", null, "1234.05", "1234.05元", "2026-08-01"]),
    ]
}

/// The four lines as a workbook, for the third quarter of a year, as of a day by its serial number.
fn sheet(year: &str, serial: u32) -> Vec<u8> {
    use Cell::{Day, Number, Percent, Text};
    let head = ["街道", "年度", "季度", "指标", "分子", "分母", "数值", "截至日期", "备注"].map(Text).into();
    let day = || Day(serial);
    workbook(&[
        head,
        vec![
            Text("海幢街道"),
            Number(year),
            Number("3"),
            Text("bed_online"),
            Number("197"),
            Number("200"),
            Text(""),
            day(),
            Text("平台导出"),
        ],
        vec![
            Number("440105007"),
            Text(year),
            Text("第三季度"),
            Text("助餐配餐人次同比"),
            Text("1,499"),
            Number("1000"),
            Text(""),
            day(),
        ],
        vec![
            Text("海幢街道"),
            Number(year),
            Number("3"),
            Text("服务对象满意度"),
            Text(""),
            Text(""),
            Percent("0.9375"),
            day(),
            Text("抽查"),
        ],
        vec![
            Text("南华西街道"),
            Number(year),
            Number("3"),
            Text("应付未付补贴金额"),
            Text(""),
            Text(""),
            Number("1234.05"),
            day(),
        ],
    ])
}

fn the_same_table_in_every_kind_of_file(app: &TestApp) {
    let utf8 = csv(&LINES);
    let with_mark = [b"\xef\xbb\xbf".as_slice(), &utf8].concat();
    let (gbk, _, lossy) = encoding_rs::GBK.encode(std::str::from_utf8(&utf8).expect("text"));
    assert!(!lossy && std::str::from_utf8(&gbk).is_err());
    for (n, file) in
        [utf8.clone(), with_mark, gbk.into_owned(), sheet("2026", AUGUST)].into_iter().enumerate()
    {
        let told = import(app, Caller::Drafter, &file, "").ok();
        assert_eq!((&told["rows"], &told["sha256"]), (&json!(4), &json!(sha256_of(&file))), "{n}: {told}");
        let fresh = if n == 0 { 4 } else { 0 };
        assert_eq!(
            (&told["stored"], &told["unchanged"], &told["corrected"]),
            (&json!(fresh), &json!(4 - fresh), &json!(0)),
            "{n}"
        );
        assert_eq!(seen(app), expected(), "{n}");
    }
    assert_eq!(kept(app), (4, 4), "every import is kept, a value only where it is another");
    let mut other = csv(&LINES[..1]);
    other.extend("海幢街道,2026,3,bed_built,0,0,,2026-08-01,尚无任务\n".as_bytes());
    import(app, Caller::Drafter, &other, "").ok();
    let nothing = value(app, "bed_built");
    assert_eq!(
        json!([nothing["numerator"], nothing["denominator"], nothing["value"], nothing["text"]]),
        json!(["0", "0", null, "—"])
    );
}

fn everything_wrong_is_told_and_nothing_is_stored(app: &TestApp) {
    let bad = csv(&[
        LINES[0],
        "不存在街道,2026,3,bed_online,1,2,,2026-08-01,",
        "海幢街道,2026,3,按期整改率,1,2,,2026-08-01,",
        "海幢街道,2026,3,bed_built,3,2,,2026-08-01,",
        "海幢街道,2026,3,bed_visits,1,2,,2026-08-04,",
        "海幢街道,2026,3,家庭养老床位设备在线率,1,2,,2026-08-01,",
        "海幢街道,2026,3,satisfaction,,,93.75,2026-08-01,",
        "海幢街道,2026,3",
    ]);
    let answer = import(app, Caller::Drafter, &bad, "");
    assert_eq!(answer.status, 422, "{}", answer.told());
    answer.is_problem();
    let errors = answer.json["errors"].as_array().expect("errors");
    let told: Vec<String> = errors
        .iter()
        .map(|e| {
            format!("{} {}", e["pointer"].as_str().expect("a pointer"), e["code"].as_str().expect("a code"))
        })
        .collect();
    assert_eq!(
        told[..7],
        [
            "/file/3/街道 unknown_street",
            "/file/4/指标 system_indicator",
            "/file/5/分子 out_of_range",
            "/file/6/截至日期 out_of_range",
            "/file/7/指标 duplicate",
            "/file/8/数值 unreadable",
            "/file/9 ragged",
        ]
    );
    let formula = workbook(&[
        ["街道", "年度", "季度", "指标", "数值", "截至日期"].map(Cell::Text).into(),
        vec![
            Cell::Text("海幢街道"),
            Cell::Number("2026"),
            Cell::Number("3"),
            Cell::Text("canteens_effective"),
            Cell::Formula("3+4"),
            Cell::Day(AUGUST),
        ],
    ]);
    import(app, Caller::Drafter, &formula, "").expect_at(422, "invalid_request", "/file/2/数值", "formula");
    import(app, Caller::Drafter, b"", "").expect_at(422, "invalid_request", "/file/1", "no_header");
    import(app, Caller::Drafter, b"\xff\xfe\x01", "").expect_at(
        422,
        "invalid_request",
        "/file/1",
        "unreadable_text",
    );
    assert_eq!(kept(app), (0, 0));
    import(app, Caller::Street, &csv(&LINES), "").expect(403, "permission_denied");
}

fn a_dry_run_changes_nothing(app: &TestApp) {
    let told = import(app, Caller::Drafter, &csv(&LINES), "?dry_run=true").ok();
    assert_eq!((&told["id"], &told["rows"], &told["stored"]), (&Value::Null, &json!(4), &json!(0)));
    let bad = csv(&["海幢街道,2026,5,bed_online,1,2,,2026-08-01,"]);
    import(app, Caller::Drafter, &bad, "?dry_run=true").expect_at(
        422,
        "invalid_request",
        "/file/2/季度",
        "unreadable",
    );
    assert_eq!(kept(app), (0, 0));
    assert_eq!(value(app, "bed_online")["version"], Value::Null);
}

fn a_correction_is_a_version_more(app: &TestApp) {
    let first = import(app, Caller::Drafter, &csv(&LINES[..1]), "").ok();
    app.advance(TimeDelta::days(1));
    let corrected = csv(&["海幢街道,2026,3,bed_online,198,200,,2026-08-02,更正"]);
    let second = import(app, Caller::SecondDrafter, &corrected, "").ok();
    assert_eq!((&second["stored"], &second["corrected"]), (&json!(1), &json!(1)));
    let now = value(app, "bed_online");
    assert_eq!(json!([now["numerator"], now["version"], now["note"]]), json!(["198", 2, "更正"]));
    let then = row(&quarter(app, Place::Own, "&as_of=2026-08-03"), "bed_online");
    assert_eq!(json!([then["numerator"], then["version"], then["as_of"]]), json!(["197", 1, "2026-08-01"]));
    let path = format!("/indicators/bed_online/values?street_id={}&{QUARTER}", app.world.area(Place::Own));
    let versions = app.as_(Caller::Street).get(&path).ok()["items"].clone();
    let of = |n: usize| {
        json!([
            versions[n]["version"],
            versions[n]["numerator"],
            versions[n]["import_id"],
            versions[n]["imported_by"],
            versions[n]["file_sha256"]
        ])
    };
    assert_eq!(
        of(0),
        json!([2, "198", second["id"], app.user(Caller::SecondDrafter), sha256_of(&corrected)])
    );
    assert_eq!(of(1), json!([1, "197", first["id"], app.user(Caller::Drafter), first["sha256"]]));
    assert_eq!(versions.as_array().map(Vec::len), Some(2));
    app.as_(Caller::At(Role::Street, Place::Sibling)).get(&path).expect(404, "not_found");
    app.sequence();
    let lines = app.as_(Caller::Supervisor).all("/audit");
    let trail = lines.iter().filter(|line| line["action"] == "indicator.keep").count();
    assert_eq!(trail, 2, "who imported what is in the trail");
}

fn a_file_reaches_no_further_than_who_sends_it(app: &TestApp) {
    let here = Caller::At(Role::Drafter, Place::Own);
    import(app, here, &csv(&LINES), "").expect_at(422, "invalid_request", "/file/5/街道", "unknown_street");
    assert_eq!(kept(app), (0, 0), "not even the own street's");
    assert_eq!(import(app, here, &csv(&LINES[..3]), "").ok()["stored"], 3);
}

fn s33_a_workbook_that_unpacks_without_end(app: &TestApp) {
    let bomb = archive(&[("xl/workbook.xml", "0".repeat(40 << 20))]);
    assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
    import(app, Caller::Drafter, &bomb, "").expect_at(
        422,
        "invalid_request",
        "/file/1",
        "too_large_unpacked",
    );
    let long = vec![b'a'; (2 << 20) + 1];
    let refused = import(app, Caller::Drafter, &long, "");
    assert_eq!(refused.status, 413, "{}", refused.told());
    let rows = csv(&vec![LINES[0]; 5_001]);
    import(app, Caller::Drafter, &rows, "").expect_at(422, "invalid_request", "/file/1", "too_many_rows");
    assert_eq!(kept(app), (0, 0));
}

/// The program's own clock is the machine's, so that the file speaks of a quarter that is over by any clock.
fn the_command_line_imports_indicators(app: &TestApp) {
    let path = app.folder().join("indicators.xlsx");
    std::fs::write(&path, sheet("2024", AUGUST - 730)).expect("a file");
    let command = || {
        let mut command = binary::yixun(app.folder());
        command.env("YIXUN_DATA_DIR", app.folder()).env("DATABASE_URL", app.database_url());
        command.args(["import", "indicators"]).arg(&path);
        command
    };
    let said = binary::run(command().arg("--dry-run")).ok();
    assert!(said.contains("4 行") && said.contains("试运行"), "{said}");
    assert_eq!(kept(app), (0, 0));
    assert!(binary::run(&mut command()).ok().contains("新增 4 条"));
    assert!(binary::run(&mut command()).ok().contains("新增 0 条"));
    assert_eq!(kept(app), (2, 4));
    std::fs::write(&path, csv(&["海幢街道,2024,3,bed_online,3,2,,2024-08-01,"])).expect("a file");
    let said = binary::run(&mut command());
    assert!(!said.status.success() && said.err.contains("第 2 行 · 分子 · "), "{said:?}");
    assert_eq!(kept(app), (2, 4));
}
