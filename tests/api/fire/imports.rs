//! Certificates and equipment from CSV: all or nothing, everything that is wrong at once, and a dry run.

use super::*;

pub fn register(suite: &mut Suite) {
    both!(suite:
        certificates_in_either_language,
        everything_wrong_is_told_by_line_and_column,
        what_the_register_knows_already_is_told_by_line,
        equipment_is_imported_and_judged_at_once,
    );
}

fn code(app: &TestApp, facility: &str) -> String {
    let read = app.as_(Caller::Supervisor).get(&format!("/facilities/{facility}")).ok();
    read["code"].as_str().expect("a code").to_string()
}

fn lines(app: &TestApp) -> usize {
    app.as_(Caller::Supervisor).all("/fire/certificates").len()
}

const HEADER: &str = "设施编码,姓名,等级,用人单位,状态,证书编号,发证日期,有效期至,起算日期";

fn certificates_in_either_language(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let code = code(app, &facility);
    let number = number();
    let chinese = format!(
        "\u{feff}{HEADER}\r\n{code},人员甲,中级,试验运营机构,已持证,{number},2024-01-10,2027-01-09,2024-01-10\r\n\
         {code},人员乙,初级,试验运营机构,已报考,,,,2026-06-01\r\n"
    );
    let drafter = app.as_(Caller::Drafter);
    let import = |csv: &str, dry_run: bool| {
        drafter.post("/fire/certificates/import", &json!({"csv": csv, "dry_run": dry_run}))
    };
    assert_eq!(import(&chinese, true).ok(), json!({"rows": 2, "stored": 0}));
    assert_eq!(lines(app), 0, "a dry run stores nothing");
    let reply = import(&chinese, false);
    assert_eq!(reply.ok(), json!({"rows": 2, "stored": 2}));
    assert!(!reply.told().contains(&number));
    let stored = app.as_(Caller::Supervisor).all("/fire/certificates");
    let told: Vec<(&Value, &Value, &Value)> =
        stored.iter().map(|l| (&l["standing"], &l["level"], &l["entry"]["state"])).collect();
    let (held, waiting) = ((json!("held"), json!("intermediate")), (json!("registered"), json!("junior")));
    let counted = json!("counted");
    assert!(
        told.contains(&(&held.0, &held.1, &counted)) && told.contains(&(&waiting.0, &waiting.1, &counted))
    );
    let english = format!(
        "facility_code,person,level,employer,status,since\n{code},Person C,senior,Operator,registered,2026-06-01\n"
    );
    assert_eq!(import(&english, false).ok()["stored"], 1);
    app.as_(Caller::Operator)
        .post("/fire/certificates/import", &json!({"csv": english}))
        .expect(403, "permission_denied");
}

fn everything_wrong_is_told_by_line_and_column(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let (code, far) = (code(app, &facility), code(app, &institution(app, Place::Elsewhere)));
    let twice = number();
    let csv = format!(
        "{HEADER}\n\
         {code},人员甲,中级,机构,已持证,{twice},2024-01-10,,2024-01-10\n\
         {far},人员乙,特级,机构,已持证,{twice},2024-01-10,,2024-01-10\n\
         {code},,中级,机构,已持证,12,2024-13-01,,2024-01-10\n\
         {code},人员丁,中级,机构,已持证,{twice},2024-01-10,,2024-01-10\n"
    );
    for dry_run in [true, false] {
        let file = json!({"csv": csv, "dry_run": dry_run});
        let reply = app.as_(Caller::Drafter).post("/fire/certificates/import", &file);
        for (pointer, fault) in [
            ("/csv/3/设施编码", "unknown_facility"),
            ("/csv/3/等级", "unreadable"),
            ("/csv/4/姓名", "empty"),
            ("/csv/4/证书编号", "out_of_range"),
            ("/csv/4/发证日期", "unreadable"),
            ("/csv/5/证书编号", "duplicate"),
        ] {
            reply.expect_at(422, "invalid_request", pointer, fault);
        }
        assert!(!reply.told().contains(&twice), "a number is never told");
    }
    assert_eq!(lines(app), 0);
    let no_header = app.as_(Caller::Drafter).post("/fire/certificates/import", &json!({"csv": "a,b\n1,2\n"}));
    no_header.expect(422, "invalid_request");
}

fn what_the_register_knows_already_is_told_by_line(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let code = code(app, &facility);
    let known = number();
    enter(app, Caller::Drafter, &held(&facility, &known));
    let csv = format!(
        "{HEADER}\n\
         {code},人员甲,中级,机构,已持证,{},2024-01-10,,2024-01-10\n\
         {code},人员乙,中级,机构,已持证,{known},2024-01-10,,2024-01-10\n\
         {code},人员丙,中级,机构,已报考,{},,,2026-06-01\n\
         {code},人员丁,中级,机构,已报考,,,,2026-08-04\n",
        number(),
        number()
    );
    for dry_run in [true, false] {
        let file = json!({"csv": csv, "dry_run": dry_run});
        let reply = app.as_(Caller::Drafter).post("/fire/certificates/import", &file);
        for (pointer, fault) in [
            ("/csv/3/number", "certificate_known"),
            ("/csv/4/number", "inconsistent"),
            ("/csv/5/since", "in_future"),
        ] {
            reply.expect_at(422, "invalid_request", pointer, fault);
        }
    }
    assert_eq!(lines(app), 1, "all or nothing");
}

fn equipment_is_imported_and_judged_at_once(app: &TestApp) {
    let facility = institution(app, Place::Own);
    let code = code(app, &facility);
    let csv = format!(
        "设施编码,类型,型号,位置,数量,放置日期,有效期至\n\
         {code},灭火器,MFZ/ABC4,一楼,4,2024-01-01,2026-08-02\n\
         {code},respirator,,二楼,10,2024-01-01,2027-12-31\n"
    );
    let drafter = app.as_(Caller::Drafter);
    let import =
        |csv: &str, dry_run| drafter.post("/fire/equipment/import", &json!({"csv": csv, "dry_run": dry_run}));
    import(&csv.replace(",4,", ",0,").replace("2024-01-01,2027", "2026-08-04,2027"), false).expect_at(
        422,
        "invalid_request",
        "/csv/2/数量",
        "unreadable",
    );
    import(&csv.replace("2024-01-01,2027", "2026-08-04,2027"), false).expect_at(
        422,
        "invalid_request",
        "/csv/3/placed_on",
        "in_future",
    );
    assert_eq!(import(&csv, true).ok(), json!({"rows": 2, "stored": 0}));
    let found = || app.as_(Caller::Supervisor).all(&format!("/findings?facility_id={facility}"));
    assert_eq!(found().len(), 0);
    assert_eq!(import(&csv, false).ok(), json!({"rows": 2, "stored": 2}));
    let found = found();
    assert_eq!((found.len(), &found[0]["item_code"]), (1, &json!("YK-14")), "one of them has expired");
}
