//! The matrix: every operation of the specification × every role × {own street, sibling street, other district, the whole
//! district, everywhere}. Its expectations are the rows below and the table in `access/permissions.rs`; an operation
//! without a row fails, and so does a row without an operation.
//!
//! What each cell asks, of an object that lies in the own street:
//! - a role without the permission: 403, wherever it stands;
//! - without a token, or with a forged one: 401;
//! - with the permission, but out of reach: 404, as if it were not there ([`Outside::Missing`]), or the field that names
//!   the foreign place is refused ([`Outside::Culprit`]); never 403, never a success;
//! - within reach: one of the statuses of the row.
//!
//! A new operation gets a row; a new kind of object gets a field of [`Scene`], made in [`Scene::new`] through the API in
//! the own street. A list gets a line in [`lists`] too, where it is compared with brute force.

use super::app::TestApp;
use super::build::{self, id, unique};
use super::client::Reply;
use super::deputies;
use super::escalation::talk;
use super::fire;
use super::people::{Caller, PASSWORD, Place};
use super::spec::{self, Op};
use super::suite::{Suite, both};
use super::uploads;
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use ureq::http::Method;
use yixun::access::scope::FIRE_CATEGORIES;
use yixun::access::{Action, Role};
use yixun::clock::{Clock as _, machine_now};
use yixun::db::Ts;
use yixun::db::schema::session;
use yixun::db::types::Coded as _;
use yixun::directory::FacilityKind::{Canteen, Center, Station};
use yixun::ids::{SessionId, TypedId as _};

pub fn register(suite: &mut Suite) {
    both!(suite:
        every_operation_has_a_row,
        s21_the_matrix,
        s22_lists_hold_what_is_within_reach,
        s22_figures_count_what_is_within_reach,
    );
}

const PLACES: [Place; 5] = [Place::Own, Place::Sibling, Place::Elsewhere, Place::District, Place::Everywhere];

/// What an operation does for somebody who may, but not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outside {
    /// The object is not there.
    Missing,
    /// The body names a foreign place: 422 at this pointer.
    Culprit(&'static str),
    /// The operation is bound to no place.
    Unbound,
}

/// What a request carries.
enum Body {
    Nothing,
    Json(Value),
    Jpeg(Vec<u8>),
    Pdf(Vec<u8>),
    Csv(&'static str),
}

/// One request.
struct Ask {
    path: String,
    revision: Option<i64>,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

fn at(path: impl Into<String>) -> Ask {
    Ask { path: path.into(), revision: None, headers: vec![], body: Body::Nothing }
}

impl Ask {
    fn with(self, body: Value) -> Self {
        Self { body: Body::Json(body), ..self }
    }

    fn pdf(self, bytes: &[u8]) -> Self {
        Self { body: Body::Pdf(bytes.to_vec()), ..self }
    }

    fn revision(self, revision: i64) -> Self {
        Self { revision: Some(revision), ..self }
    }

    /// By tus, with its version.
    fn tus(self, headers: &[(&'static str, &str)]) -> Self {
        let given = headers.iter().chain(&[("Tus-Resumable", "1.0.0")]);
        Self { headers: given.map(|(name, value)| (*name, value.to_string())).collect(), ..self }
    }
}

/// An operation's row: what is asked, what comes of it within reach and outside.
struct Row {
    id: &'static str,
    ask: fn(&Scene<'_>) -> Ask,
    within: &'static [u16],
    outside: Outside,
}

const fn row(id: &'static str, within: &'static [u16], outside: Outside, ask: fn(&Scene<'_>) -> Ask) -> Row {
    Row { id, ask, within, outside }
}

/// The operations that need no login. This list only shrinks.
const PUBLIC: [&str; 3] = ["login", "refresh", "upload_options"];

/// Bound to streets as a whole: an operator's facilities reach none.
const OF_STREETS: [&str; 1] = ["streets_compliance"];

/// Operators may submit, but never what an inspector does.
const OPERATORS_SELF_CHECK: (&str, Role) = ("submit_inspection", Role::Operator);

/// The objects in the own street that the rows ask for.
struct Scene<'a> {
    app: &'a TestApp,
    facility: String,
    campaign: String,
    user: String,
    checklist: String,
    /// A version of the working calendar.
    calendar: String,
    inspection: String,
    visit: String,
    photo: String,
    /// Served, of a category that the fire brigade sees.
    finding: String,
    /// The same, to be withdrawn.
    mistake: String,
    /// Another, to be disputed and suspended.
    contested: String,
    /// An extension of it that somebody has asked for.
    request: String,
    /// A referral of `finding` to fire rescue.
    referral: String,
    /// With its document.
    letter: String,
    /// A reply to it that was sent, with a scan, and the file of the scan.
    reply: (String, String),
    /// The draft of another.
    reply_draft: String,
    /// The path of an upload that somebody outside the matrix began.
    upload: String,
    /// A record in quarantine.
    late: String,
    /// Another.
    later: String,
    /// A subscription.
    webhook: String,
    /// Another, to be deleted.
    old_webhook: String,
    /// A step that the clock has drafted about a finding of its own.
    step: String,
    /// The record of a meeting.
    meeting: String,
    /// A complaint.
    complaint: String,
    /// A plan of rectification with a single finding.
    group: String,
    /// A centre's project line with two milestones.
    project: String,
    /// A supervisor's opinion on the finding.
    opinion: String,
    /// A line of the fire register that counts.
    certificate: String,
    /// From the bureau to the brigade.
    bulletin: String,
    /// A street's objection to the district's target.
    objection: String,
}

/// A subscription of another system.
fn webhook(app: &TestApp) -> String {
    let body =
        json!({"url": "https://oa.example.cn/hook", "description": "矩阵", "events": ["step.drafted"]});
    id(&app.as_(Caller::SecurityAdmin).post("/webhooks", &body).created()["webhook"])
}

/// A drafted step: a finding is served, and its day passes.
fn drafted(app: &TestApp) -> String {
    let facility = id(&build::facility(app, Place::Own, Station));
    let seen = build::inspection(app, &facility, &["YK-14"]).of_kind("supervision");
    seen.put(&app.as_(Caller::Inspector)).created();
    app.advance(TimeDelta::days(14));
    yixun::escalation::tick(&app.app.db, app.clock.now(), yixun::escalation::Portion::default())
        .expect("a tick");
    id(&app.as_(Caller::Supervisor).get("/steps?kind=second_reminder").ok()["items"][0])
}

/// A finding of another source at the own canteen.
fn entry(app: &TestApp, code: &str, source: &str) -> Value {
    json!({
        "facility_id": app.world.facility(Place::Own, Canteen), "item_code": code, "description": "矩阵录入",
        "source": source, "received_on": "2026-08-03",
    })
}

fn plan(finding: &str) -> Value {
    json!({
        "kind": "plan", "title": "整改方案", "measures": "逐项整改", "lead_unit": "示例区民政局", "lead_post": "科长",
        "lead_person": "试验丁", "finding_ids": [finding],
    })
}

fn project(app: &TestApp) -> Value {
    json!({
        "facility_id": app.world.facility(Place::Own, Center), "cause": "works", "measure": "加快施工",
        "lead_agency": "示例街道办事处", "unit": "示例街道办事处", "post": "主任", "person": "试验辛",
        "milestones": [{"title": "封顶", "due_on": "2026-12-31"}, {"title": "开业", "due_on": "2027-01-31"}],
    })
}

fn target(app: &TestApp, place: Place) -> Value {
    json!({"area_id": app.world.area(place), "year": 2026, "quarter": 3, "comparison": "at_least", "value": "10",
        "reason": "年度工作要点"})
}

fn objection(app: &TestApp, place: Place) -> Value {
    json!({"street_id": app.world.area(place), "year": 2026, "quarter": 3, "proposed": "5", "reason": "基数较高"})
}

fn opinion(finding: &str) -> Value {
    json!({"finding_id": finding, "said": "请说明进展", "answer_due": "2026-12-31"})
}

/// A reply to a letter that says of each of its findings that it is in progress, sent with its scan; and a draft.
fn replied(app: &TestApp, letter: &str) -> ((String, String), String) {
    let (street, at) = (app.as_(Caller::SecondStreet), format!("/letters/{letter}/replies"));
    let findings = street.get(&format!("/letters/{letter}")).ok()["findings"].clone();
    let line = |finding| json!({"finding": finding, "answer": "in_progress", "measures": "整改中"});
    let lines: Vec<Value> = findings.as_array().expect("numbers").iter().map(line).collect();
    let sent = id(&street.post(&at, &json!({ "lines": lines })).created());
    let (path, scan) = (format!("{at}/{sent}/scan"), build::scan("reply"));
    let file = id(&street.bytes(Method::PUT, &path, "application/pdf", &scan).ok()["scan"]);
    let today = yixun::clock::business_date(app.clock.now());
    let body = json!({"document_number": "海幢街函〔2026〕1号", "replied_on": today});
    street.post(&format!("{at}/{sent}/send"), &body).ok();
    ((sent, file), id(&street.post(&at, &json!({})).created()))
}

/// A record that waits in quarantine, because its facility has ended.
fn quarantined(app: &TestApp, place: Place) -> String {
    let ended = id(&build::facility(app, place, Station));
    let seen = build::inspection(app, &ended, &[]);
    let body = json!({"status": "ended"});
    app.as_(build::drafter_at(place)).patch(&format!("/facilities/{ended}"), Some(1), &body).ok();
    let receipt = seen.put(&app.as_(Caller::At(Role::Inspector, Place::Everywhere))).is(202);
    receipt["quarantine_id"].as_str().expect("an id").to_string()
}

impl<'a> Scene<'a> {
    fn new(app: &'a TestApp) -> Self {
        let step = drafted(app);
        let body = json!({"username": format!("matrix.{}", unique()), "display_name": "矩阵", "organisation": "示例"});
        let facility = app.world.facility(Place::Own, Station).to_string();
        let campaign = id(&build::campaign(app, Place::Own, &[Station]));
        let mut seen = build::inspection(app, &facility, &["YK-14", "YK-15", "YK-16"]).of_campaign(&campaign);
        // Whoever may confirm visits took part in this one.
        let people = seen.body["visit"]["participants"].as_array_mut().expect("people");
        for role in [Role::Inspector, Role::Operator] {
            people.extend(PLACES.map(|place| {
                let user = app.user(Caller::At(role, place));
                json!({"name": "试验丙", "organisation": "示例", "part": "member", "user_id": user})
            }));
        }
        let receipt = seen.put_whole(&app.as_(Caller::Inspector));
        let upload = uploads::create(&app.as_(Caller::SecondInspector), &build::Photo::new("scene", None));
        let letters = build::letters(app, Place::Own, &campaign);
        let (reply, reply_draft) = replied(app, &id(&letters[0]));
        let finding = id(&receipt["findings"][0]);
        let drafter = app.as_(Caller::Drafter);
        let complaint = drafter.post("/findings", &entry(app, "YK-15", "complaint")).created();
        let opinion = app.as_(Caller::Supervisor).post("/opinions", &opinion(&finding)).created();
        let finding_of = |n: usize| id(&receipt["findings"][n]);
        let asked = json!({"until": "2026-12-31", "reason": "等待备件到货"});
        let path = format!("/findings/{}/extensions", finding_of(2));
        let request = id(&app.as_(Caller::SecondStreet).post(&path, &asked).ok()["requests"][0]);
        let path = format!("/findings/{}/referrals", finding_of(0));
        let referred = json!({"agency": "fire", "addressee": "示例区消防救援大队", "matter": "涉及消防设施"});
        let referral = id(&app.as_(Caller::SecondDrafter).post(&path, &referred).ok()["referrals"][0]);
        let held = fire::held(&facility, &fire::number());
        let certificate = app.as_(Caller::Drafter).post("/fire/certificates", &held).created();
        let bulletin = json!({"subject": "题", "content": "文", "facility_ids": [facility]});
        let bulletin = app.as_(Caller::Drafter).post("/fire/bulletins", &bulletin).created();
        app.as_(Caller::Drafter).post("/indicators/meals/targets", &target(app, Place::District)).created();
        let objection = app
            .as_(Caller::SecondStreet)
            .post("/indicators/meals/objections", &objection(app, Place::Own))
            .created();
        Self {
            objection: id(&objection),
            complaint: id(&complaint["finding"]),
            group: id(&drafter.post("/groups", &plan(&finding)).created()),
            project: id(&drafter.post("/projects", &project(app)).created()),
            opinion: id(&opinion),
            app,
            certificate: id(&certificate["certificate"]),
            bulletin: id(&bulletin),
            user: id(&app.as_(Caller::Admin).post("/users", &body).created()["user"]),
            checklist: build::checklist(app, Station).0,
            calendar: build::calendar_version(app),
            inspection: seen.id.to_string(),
            visit: receipt["visit_id"].as_str().expect("a visit").to_string(),
            photo: seen.photos[0].id.to_string(),
            finding,
            mistake: finding_of(1),
            contested: finding_of(2),
            request,
            referral,
            letter: id(&letters[0]),
            reply,
            reply_draft,
            late: quarantined(app, Place::Own),
            later: quarantined(app, Place::Own),
            webhook: webhook(app),
            old_webhook: webhook(app),
            step,
            meeting: id(&app.as_(Caller::Drafter).post("/meetings", &talk(app, Place::Own, &[])).created()),
            upload,
            facility,
            campaign,
        }
    }

    fn step(&self, step: &str, body: Value) -> Ask {
        at(format!("/findings/{}/{step}", self.finding)).with(body)
    }

    fn contest(&self, step: &str, body: Value) -> Ask {
        at(format!("/findings/{}/{step}", self.contested)).with(body)
    }

    /// A drill (0), a training (1) or equipment (2) to be entered.
    fn record(&self, kind: usize) -> Ask {
        let (path, body) = &fire::records(&self.facility)[kind];
        at(*path).with(body.clone())
    }

    /// The line of one that somebody has entered.
    fn entered(&self, kind: usize, by: Caller) -> String {
        let (path, body) = &fire::records(&self.facility)[kind];
        id(&self.app.as_(by).post(path, body).created())
    }

    /// A file with one line of the own station, only to be judged.
    fn import(&self, what: &str) -> Ask {
        let csv = match what {
            "equipment" => {
                "facility_code,kind,location,quantity,placed_on,expires_on\n\
                 T-own-station,other,1F,1,2026-01-01,2027-01-01\n"
            }
            _ => {
                "facility_code,person,level,employer,status,since\n\
                 T-own-station,A,junior,B,registered,2026-01-01\n"
            }
        };
        at(format!("/fire/{what}/import")).with(json!({"csv": csv, "dry_run": true}))
    }

    fn bulletin_body(&self) -> Value {
        json!({"subject": "题", "content": "文", "facility_ids": [self.facility]})
    }

    /// The revision of a thing at this moment, whoever changed it before.
    fn revision_of(&self, path: &str, reader: Caller) -> i64 {
        self.app.as_(reader).get(path).revision()
    }

    /// A delegation of somebody outside the matrix to an account without roles.
    fn delegation_body(&self) -> Value {
        let principal = Caller::SecondDrafter;
        json!({"principal_id": self.app.user(principal), "deputy_id": self.app.user(Caller::NoRole),
            "grant_ids": deputies::grants(self.app, principal), "valid_to": "2026-08-31", "basis": "AB角安排"})
    }

    fn delegation(&self) -> String {
        id(&self.app.as_(Caller::SecurityAdmin).post("/delegations", &self.delegation_body()).created())
    }

    /// A grant of the scene's user, to be revoked.
    fn grant(&self) -> String {
        let body = json!({"role": "street", "area_id": self.app.world.area(Place::Own)});
        let path = format!("/users/{}/grants", self.user);
        let grants = self.app.as_(Caller::SecurityAdmin).post(&path, &body).created()["grants"].clone();
        let open = |grant: &&Value| grant["valid_to"].is_null();
        id(grants.as_array().expect("grants").iter().find(open).expect("an open grant"))
    }
}

use Outside::{Culprit, Missing, Unbound};

/// The checked-in expectation.
const ROWS: &[Row] = &[
    // Everybody's own; somebody else's reads as missing.
    row("list_notices", &[200], Unbound, |_| at("/notices")),
    row("count_unread", &[200], Unbound, |_| at("/notices/unread")),
    row("read_all_notices", &[200], Unbound, |_| at("/notices/read").with(json!({}))),
    row("read_notice", &[404], Unbound, |_| at(format!("/notices/{}/read", build::uuid()))),
    row("find_notice_address", &[200], Unbound, |_| at("/me/notice-address")),
    // Mail is off in the tests' settings.
    row("set_notice_address", &[409], Unbound, |_| {
        at("/me/notice-address").with(json!({"address": "matrix@example.cn", "enabled": true}))
    }),
    row("forget_notice_address", &[204], Unbound, |_| at("/me/notice-address")),
    row("test_notice_address", &[409], Unbound, |_| at("/me/notice-address/tests")),
    row("list_mail", &[200], Unbound, |_| at("/mail/deliveries")),
    row("replay_mail", &[404], Unbound, |_| at(format!("/mail/deliveries/{}/replay", build::uuid()))),
    row("list_webhooks", &[200], Unbound, |_| at("/webhooks")),
    row("create_webhook", &[201], Unbound, |_| {
        at("/webhooks").with(
            json!({"url": "https://oa.example.cn/hook", "description": "矩阵", "events": ["digest.street"]}),
        )
    }),
    row("find_webhook", &[200], Unbound, |s| at(format!("/webhooks/{}", s.webhook))),
    row("update_webhook", &[200], Unbound, |s| {
        let path = format!("/webhooks/{}", s.webhook);
        let revision = s.revision_of(&path, Caller::SecurityAdmin);
        at(path).revision(revision).with(json!({"description": "改名"}))
    }),
    row("delete_webhook", &[204, 404], Unbound, |s| at(format!("/webhooks/{}", s.old_webhook))),
    row("rotate_webhook_secret", &[201], Unbound, |s| {
        at(format!("/webhooks/{}/secrets", s.webhook)).with(json!({"overlap_hours": 0}))
    }),
    row("test_webhook", &[201], Unbound, |s| at(format!("/webhooks/{}/tests", s.webhook))),
    row("list_deliveries", &[200], Unbound, |_| at("/webhooks/deliveries")),
    row("replay_delivery", &[404], Unbound, |_| at(format!("/webhooks/deliveries/{}/replay", build::uuid()))),
    row("confirm_identity", &[204], Unbound, |_| at("/auth/confirm").with(json!({"password": PASSWORD}))),
    row("logout", &[204], Unbound, |_| at("/auth/logout")),
    row("me", &[200], Unbound, |_| at("/me")),
    // An empty password keeps everybody's account as it is, and is not counted as a guess.
    row("change_password", &[422], Unbound, |_| {
        at("/me/password").with(json!({"current_password": "", "new_password": PASSWORD}))
    }),
    row("list_users", &[200], Unbound, |_| at("/users")),
    row("create_user", &[201], Unbound, |_| {
        at("/users").with(
            json!({"username": format!("made.{}", unique()), "display_name": "新人", "organisation": "示例"}),
        )
    }),
    row("find_user", &[200], Unbound, |s| at(format!("/users/{}", s.user))),
    row("update_user", &[200], Unbound, |s| {
        let path = format!("/users/{}", s.user);
        let revision = s.revision_of(&path, Caller::Admin);
        at(path).revision(revision).with(json!({"display_name": "改名"}))
    }),
    row("create_grant", &[201], Unbound, |s| {
        at(format!("/users/{}/grants", s.user))
            .with(json!({"role": "street", "area_id": s.app.world.area(Place::Own)}))
    }),
    row("revoke_grant", &[204], Unbound, |s| at(format!("/users/{}/grants/{}", s.user, s.grant()))),
    row("list_open_items", &[200], Unbound, |s| at(format!("/users/{}/open-items", s.user))),
    row("list_handovers", &[200], Unbound, |s| at(format!("/users/{}/handovers", s.user))),
    row("hand_over", &[201], Unbound, |s| {
        at(format!("/users/{}/handovers", s.user))
            .with(json!({"to": s.app.user(Caller::Drafter), "reason": "调动"}))
    }),
    row("list_delegations", &[200], Unbound, |_| at("/delegations")),
    row("create_delegation", &[201], Unbound, |s| at("/delegations").with(s.delegation_body())),
    row("find_delegation", &[200], Unbound, |s| at(format!("/delegations/{}", s.delegation()))),
    row("revoke_delegation", &[200], Unbound, |s| {
        at(format!("/delegations/{}/revocations", s.delegation())).with(json!({"reason": "已返岗"}))
    }),
    row("list_areas", &[200], Unbound, |_| at("/areas")),
    row("find_area", &[200], Unbound, |s| at(format!("/areas/{}", s.app.world.area(Place::Own)))),
    row("list_facilities", &[200], Unbound, |_| at("/facilities")),
    row("create_facility", &[201], Culprit("/street_id"), |s| {
        at("/facilities").with(build::facility_body(s.app, Place::Own, Canteen))
    }),
    row("find_facility", &[200], Missing, |s| at(format!("/facilities/{}", s.facility))),
    row("update_facility", &[200], Missing, |s| {
        let path = format!("/facilities/{}", s.facility);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"contact_name": format!("联系人{}", unique())}))
    }),
    row("facility_versions", &[200], Missing, |s| at(format!("/facilities/{}/versions", s.facility))),
    row("list_checklists", &[200], Unbound, |_| at("/checklists")),
    row("find_checklist", &[200], Unbound, |s| at(format!("/checklists/{}", s.checklist))),
    row("find_calendar", &[200], Unbound, |_| at("/calendar?year=2026")),
    row("reckon_deadline", &[200], Unbound, |_| {
        at("/calendar/reckon?from=2026-08-03&days=5&unit=working_day")
    }),
    row("list_calendar_imports", &[200], Unbound, |_| at("/calendar/imports")),
    row("find_calendar_import", &[200], Unbound, |s| at(format!("/calendar/imports/{}", s.calendar))),
    row("import_calendar", &[201, 200], Unbound, |_| {
        at("/calendar/imports")
            .with(json!({"csv": "date,kind,year_status\n2027-01-01,holiday,provisional\n"}))
    }),
    row("list_campaigns", &[200], Unbound, |_| at("/campaigns")),
    row("create_campaign", &[201], Culprit("/area_id"), |s| {
        at("/campaigns").with(build::campaign_body(s.app, Place::Own))
    }),
    row("find_campaign", &[200], Missing, |s| at(format!("/campaigns/{}", s.campaign))),
    row("list_targets", &[200], Missing, |s| at(format!("/campaigns/{}/targets", s.campaign))),
    row("add_targets", &[200], Missing, |s| {
        at(format!("/campaigns/{}/targets", s.campaign)).with(json!({"facility_ids": [s.facility]}))
    }),
    row("campaign_progress", &[200], Missing, |s| at(format!("/campaigns/{}/progress", s.campaign))),
    row("close_campaign", &[200], Missing, |s| {
        let made =
            s.app.as_(Caller::Drafter).post("/campaigns", &build::campaign_body(s.app, Place::Own)).created();
        at(format!("/campaigns/{}/closures", id(&made))).with(json!({}))
    }),
    row("list_quarantine", &[200], Unbound, |_| at("/quarantine")),
    row("find_quarantined", &[200], Missing, |s| at(format!("/quarantine/{}", s.late))),
    row("accept_quarantined", &[200, 409], Missing, |s| {
        at(format!("/quarantine/{}/acceptances", s.late)).with(json!({"note": "采纳"}))
    }),
    row("dismiss_quarantined", &[200, 409], Missing, |s| {
        at(format!("/quarantine/{}/dismissals", s.later)).with(json!({"reason": "重复"}))
    }),
    row("list_inspections", &[200], Unbound, |_| at("/inspections")),
    row("submit_inspection", &[201], Missing, |s| {
        let seen = build::inspection(s.app, &s.facility, &[]);
        at(seen.path()).with(seen.body)
    }),
    // Each item is answered for itself: see `inspections::batch`.
    row("submit_inspections", &[200], Unbound, |s| {
        let seen = build::inspection(s.app, &s.facility, &[]);
        at("/inspections/batch").with(json!({"items": [{"id": seen.id, "inspection": seen.body}]}))
    }),
    row("find_inspection", &[200], Missing, |s| at(format!("/inspections/{}", s.inspection))),
    row("list_amendments", &[200], Missing, |s| at(format!("/inspections/{}/amendments", s.inspection))),
    // Somebody else's inspection is `id_taken` wherever they stand; one that has not come yet is waited for.
    row("amend_inspection", &[202], Missing, |s| {
        let seen = build::inspection(s.app, &s.facility, &[]);
        let body = json!({"version": 2, "reason": "更正", "inspection": seen.body});
        at(format!("{}/amendments", seen.path())).with(body)
    }),
    row("find_visit", &[200], Missing, |s| at(format!("/visits/{}", s.visit))),
    row("confirm_visit", &[201], Missing, |s| at(format!("/visits/{}/confirmations", s.visit))),
    // A photo belongs to its sender; what it is evidence of is decided by the manifest that declares it.
    row("put_photo", &[201], Unbound, |_| {
        let photo = build::Photo::new("scene", None);
        Ask { body: Body::Jpeg(photo.bytes.clone()), ..at(photo.path()) }
    }),
    row("find_photo", &[200], Missing, |s| at(format!("/photos/{}", s.photo))),
    row("photo_content", &[200], Missing, |s| at(format!("/photos/{}/content", s.photo))),
    row("photo_rendition", &[200], Missing, |s| at(format!("/photos/{}/renditions/320", s.photo))),
    // An upload belongs to whoever began it; to everybody else it is not there.
    row("create_upload", &[201], Unbound, |_| {
        let photo = build::Photo::new("scene", None);
        let (length, metadata) = (photo.bytes.len().to_string(), uploads::metadata(&photo));
        at("/uploads").tus(&[("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())])
    }),
    row("create_plain_upload", &[201], Unbound, |_| {
        at("/uploads/plain").with(uploads::plain(&build::Photo::new("scene", None)))
    }),
    row("upload_offset", &[404], Unbound, |s| at(&s.upload).tus(&[])),
    row("find_upload", &[404], Unbound, |s| at(&s.upload)),
    row("append_upload", &[404], Unbound, |s| {
        at(&s.upload).tus(&[("Upload-Offset", "0"), ("Content-Type", uploads::PIECE)])
    }),
    row("override_upload", &[404], Unbound, |s| at(&s.upload).tus(&[("X-HTTP-Method-Override", "HEAD")])),
    row("delete_upload", &[404], Unbound, |s| at(&s.upload).tus(&[])),
    row("send_chunk", &[404], Unbound, |s| at(format!("{}/chunks?offset=0", s.upload))),
    row("photo_receipt", &[404], Unbound, |_| at(format!("/photos/{}/receipt", build::uuid()))),
    row("list_findings", &[200], Unbound, |_| at("/findings")),
    row("task_sheet", &[200], Missing, |s| {
        at(format!("/findings/task-sheet?facility_id={}&format=txt", s.facility))
    }),
    row("find_finding", &[200], Missing, |s| at(format!("/findings/{}", s.finding))),
    row("enter_finding", &[201], Culprit("/facility_id"), |s| {
        let mut body = entry(s.app, "YK-14", "fire");
        body["document_number"] = json!(format!("海消通〔2026〕{}号", unique()));
        body["document_date"] = json!("2026-08-01");
        body["due_on"] = json!("2026-08-31");
        at("/findings").with(body)
    }),
    row("list_exceptions", &[200], Unbound, |_| at("/findings/exceptions")),
    row("list_draws", &[200], Unbound, |_| at("/draws")),
    row("find_reporter", &[200], Missing, |s| at(format!("/findings/{}/reporter", s.complaint))),
    row("list_ledger", &[200], Unbound, |_| at("/ledger")),
    row("ledger_table", &[200], Unbound, |_| at("/ledger.csv")),
    row("ledger_summary", &[200], Unbound, |_| at("/ledger/summary")),
    row("list_groups", &[200], Unbound, |_| at("/groups")),
    row("create_group", &[201], Culprit("/finding_ids/0"), |s| at("/groups").with(plan(&s.finding))),
    row("find_group", &[200], Missing, |s| at(format!("/groups/{}", s.group))),
    row("update_group", &[200], Missing, |s| {
        let path = format!("/groups/{}", s.group);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"lead_person": "试验戊"}))
    }),
    row("add_members", &[200], Missing, |s| {
        at(format!("/groups/{}/members", s.group)).with(json!({"finding_ids": [s.finding]}))
    }),
    row("remove_member", &[409], Missing, |s| at(format!("/groups/{}/members/{}", s.group, s.finding))),
    row("list_projects", &[200], Unbound, |_| at("/projects")),
    row("open_project", &[409], Culprit("/facility_id"), |s| at("/projects").with(project(s.app))),
    row("find_project", &[200], Missing, |s| at(format!("/projects/{}", s.project))),
    row("update_project", &[200], Missing, |s| {
        let path = format!("/projects/{}", s.project);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"measure": "继续施工"}))
    }),
    row("report_project", &[200], Missing, |s| {
        let said = json!({"progress": "正常", "problems": "无", "plan": "继续"});
        at(format!("/projects/{}/updates", s.project)).with(said)
    }),
    row("add_milestone", &[200], Missing, |s| {
        let new = json!({"title": "验收", "due_on": "2027-06-30"});
        at(format!("/projects/{}/milestones", s.project)).with(new)
    }),
    row("finish_milestone", &[200, 409], Missing, |s| {
        at(format!("/projects/{}/milestones/1/completions", s.project)).with(json!({"done_on": "2026-08-03"}))
    }),
    row("finish_project", &[409], Missing, |s| {
        at(format!("/projects/{}/completions", s.project)).with(json!({"note": "完成"}))
    }),
    row("list_opinions", &[200], Unbound, |_| at("/opinions")),
    row("write_opinion", &[201], Culprit("/finding_id"), |s| at("/opinions").with(opinion(&s.finding))),
    row("find_opinion", &[200], Missing, |s| at(format!("/opinions/{}", s.opinion))),
    row("answer_opinion", &[200, 409], Missing, |s| {
        at(format!("/opinions/{}/answers", s.opinion)).with(json!({"answer": "已核实"}))
    }),
    row("today", &[200], Unbound, |_| at("/today")),
    // The finding stays served: every step but a claim and a withdrawal is out of turn.
    row("confirm_finding", &[409], Missing, |s| s.step("confirmations", json!({}))),
    row("serve_finding", &[409], Missing, |s| s.step("services", json!({"method": "letter"}))),
    row("claim_rectification", &[422], Missing, |s| {
        let proof = build::Photo::new("after", None);
        s.step(
            "rectifications",
            json!({"claimed_on": "2020-01-01", "measures": "已整改", "photos": [proof.declared()]}),
        )
    }),
    row("check_claim", &[409], Missing, |s| s.step("checks", json!({"result": "pass", "note": "已核"}))),
    row("reinspect_finding", &[409], Missing, |s| {
        s.step("reinspections", json!({"result": "pass", "note": "已查"}))
    }),
    row("return_finding", &[409], Missing, |s| s.step("returns", json!({"reason": "不合格"}))),
    row("close_finding", &[409], Missing, |s| s.step("closures", json!({"note": "已核实"}))),
    row("withdraw_finding", &[200, 409], Missing, |s| {
        at(format!("/findings/{}/withdrawals", s.mistake)).with(json!({"reason": "误报"}))
    }),
    row("list_officers", &[200], Missing, |s| at(format!("/findings/{}/officers", s.finding))),
    row("assign_officer", &[200, 201], Missing, |s| {
        s.step("officers", json!({"user_id": s.app.user(Caller::Drafter)}))
    }),
    row("finding_marks", &[200], Missing, |s| at(format!("/findings/{}/marks", s.finding))),
    row("list_steps", &[200], Unbound, |_| at("/steps")),
    row("find_step", &[200], Missing, |s| at(format!("/steps/{}", s.step))),
    // Whoever comes first has done it.
    row("take_step", &[200, 409], Missing, |s| {
        let path = format!("/steps/{}", s.step);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(format!("{path}/taken")).revision(revision).with(json!({"note": "已发函"}))
    }),
    row("dismiss_step", &[200, 409], Missing, |s| {
        let path = format!("/steps/{}", s.step);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(format!("{path}/dismissals")).revision(revision).with(json!({"reason": "已说明"}))
    }),
    row("list_meetings", &[200], Unbound, |_| at("/meetings")),
    row("record_meeting", &[201], Culprit("/area_id"), |s| {
        at("/meetings").with(talk(s.app, Place::Own, &[]))
    }),
    row("find_meeting", &[200], Missing, |s| at(format!("/meetings/{}", s.meeting))),
    row("correct_meeting", &[200], Missing, |s| {
        let path = format!("/meetings/{}", s.meeting);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"reason": "更正", "meeting": talk(s.app, Place::Own, &[])}))
    }),
    row("meeting_versions", &[200], Missing, |s| at(format!("/meetings/{}/versions", s.meeting))),
    // Beside the straight way: once it goes, and then it is out of turn.
    row("set_deadline", &[200, 409], Missing, |s| {
        s.step("deadlines", json!({"due_on": "2026-11-30", "reason": "已与街道商定"}))
    }),
    row("ask_extension", &[200, 409], Missing, |s| {
        s.step("extensions", json!({"until": "2026-12-31", "reason": "等待备件到货"}))
    }),
    row("dispute_finding", &[200, 409], Missing, |s| s.contest("disputes", json!({"reason": "并无此事"}))),
    row("ask_long_term", &[200, 409], Missing, |s| {
        let stages = json!([{"title": "完成设计", "due_on": "2026-12-31"}]);
        s.step("long-terms", json!({"reason": "需改造建筑", "stages": stages}))
    }),
    row("finish_stage", &[409], Missing, |s| s.step("stages/1/completions", json!({"note": "已完成"}))),
    row("ask_termination", &[409], Missing, |s| {
        let files = [build::Photo::new("document", None), build::Photo::new("scene", None)];
        let files = files.map(|file| file.declared());
        s.step("terminations", json!({"ground": "moved", "reason": "已迁址", "files": files}))
    }),
    row("decide_request", &[200, 409], Missing, |s| {
        s.contest(
            &format!("requests/{}/decisions", s.request),
            json!({"result": "refused", "note": "理由不足"}),
        )
    }),
    row("suspend_finding", &[200, 409], Missing, |s| {
        s.contest("suspensions", json!({"until": "2026-08-10", "reason": "台风停工"}))
    }),
    row("resume_finding", &[200, 409], Missing, |s| s.contest("resumptions", json!({"reason": "台风已过"}))),
    row("refer_finding", &[200], Missing, |s| {
        let body =
            json!({"agency": "housing", "addressee": "示例区住建局", "imminent": true, "matter": "墙体开裂"});
        s.contest("referrals", body)
    }),
    row("receive_referral", &[200, 409], Missing, |s| {
        s.step(&format!("referrals/{}/receipts", s.referral), json!({"note": "已收到"}))
    }),
    row("report_referral", &[200, 409], Missing, |s| {
        s.step(&format!("referrals/{}/results", s.referral), json!({"note": "已责成整改"}))
    }),
    row("brigade_check", &[409], Missing, |s| {
        s.step("brigade-checks", json!({"result": "pass", "note": "已复查"}))
    }),
    row("assign_finding", &[200], Missing, |s| {
        let body = json!({"unit": "试验运营机构", "post": "院长", "person": "试验丁", "reason": "人员调整"});
        s.step("assignments", body)
    }),
    row("log_contact", &[200], Missing, |s| {
        let body = json!({"method": "call", "person": "试验丁", "note": "催办", "happened_on": "2026-08-03"});
        s.step("contacts", body)
    }),
    row("list_settings", &[200], Unbound, |_| at("/settings")),
    row("find_setting", &[200], Unbound, |_| at("/settings/sampling")),
    row("put_setting", &[200], Unbound, |s| {
        let revision = s.revision_of("/settings/relapse", Caller::Supervisor);
        let body = json!({"value": {"months": 12, "halves_term": false}, "reason": "核对参数"});
        at("/settings/relapse").revision(revision).with(body)
    }),
    row("list_letters", &[200], Unbound, |_| at("/letters")),
    row("draft_letters", &[409], Missing, |s| {
        at("/letters/batch").with(json!({"campaign_id": s.campaign, "reply_due": "2026-11-06"}))
    }),
    row("issue_letters", &[409], Missing, |s| {
        at("/letters/batch/issue").with(json!({"letter_ids": [s.letter]}))
    }),
    row("update_letter", &[409], Missing, |s| {
        let path = format!("/letters/{}", s.letter);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"reply_due": "2026-12-31"}))
    }),
    row("draft_letter", &[409], Missing, |s| {
        let due = "2027-03-01";
        at("/letters").with(json!({"kind": "reissue", "original_id": s.letter, "reply_due": due}))
    }),
    row("edit_letter", &[409], Missing, |s| {
        at(format!("/letters/{}/edits", s.letter)).revision(1).with(json!({"edits": {}}))
    }),
    row("letter_edits", &[200], Missing, |s| at(format!("/letters/{}/edits", s.letter))),
    row("letter_diff", &[200], Missing, |s| at(format!("/letters/{}/diff?from=0&to=0", s.letter))),
    row("letter_figures", &[200], Missing, |s| at(format!("/letters/{}/figures", s.letter))),
    row("letter_comparison", &[200], Missing, |s| at(format!("/letters/{}/comparison", s.letter))),
    row("find_letter", &[200], Missing, |s| at(format!("/letters/{}", s.letter))),
    row("submit_letter", &[409], Missing, |s| at(format!("/letters/{}/submit", s.letter))),
    row("return_letter", &[409], Missing, |s| {
        at(format!("/letters/{}/return", s.letter)).with(json!({"reason": "有误"}))
    }),
    row("approve_letter", &[409], Missing, |s| at(format!("/letters/{}/approve", s.letter))),
    // Each item is answered for itself: see `ledgers::annex`.
    row("claim_by_letter", &[200], Missing, |s| {
        let item =
            json!({"finding": s.finding, "claimed_on": "2020-01-01", "measures": "已整改", "photos": []});
        at(format!("/letters/{}/rectifications", s.letter)).with(json!({"items": [item]}))
    }),
    row("void_letter", &[409], Missing, |s| {
        at(format!("/letters/{}/void", s.letter)).with(json!({"reason": "有误"}))
    }),
    row("number_letter", &[409], Missing, |s| {
        at(format!("/letters/{}/number", s.letter)).with(json!({"number": "演示函〔2026〕99号"}))
    }),
    row("seal_letter", &[409], Missing, |s| {
        let path = format!("/letters/{}/sealed-scan?sealed_on=2026-08-03&form_checked=true", s.letter);
        at(path).pdf(b"%PDF-1.7\n%%EOF\n")
    }),
    row("letter_sealed_scan", &[200], Missing, |s| at(format!("/letters/{}/sealed-scan.pdf", s.letter))),
    row("deliver_letters", &[409], Missing, |s| {
        at("/letters/batch/deliver").with(json!({"letter_ids": [s.letter], "channel": "inbox"}))
    }),
    row("acknowledge_letter", &[200, 409], Missing, |s| {
        at(format!("/letters/{}/acknowledge", s.letter)).with(json!({"received_by": "试验签收人"}))
    }),
    row("check_letter", &[200], Unbound, |_| at("/letters/check").with(json!({"sha256": "0".repeat(64)}))),
    row("letter_fonts", &[200], Unbound, |_| at("/letters/fonts")),
    row("letter_page", &[200], Missing, |s| at(format!("/letters/{}/pages/1.png", s.letter))),
    row("letter_document", &[200], Missing, |s| at(format!("/letters/{}/document.pdf", s.letter))),
    row("letter_docx", &[200], Missing, |s| at(format!("/letters/{}/document.docx", s.letter))),
    row("letter_board", &[200], Missing, |s| at(format!("/letters/board?campaign_id={}", s.campaign))),
    row("list_replies", &[200], Missing, |s| at(format!("/letters/{}/replies", s.letter))),
    row("draft_reply", &[409], Missing, |s| at(format!("/letters/{}/replies", s.letter)).with(json!({}))),
    row("find_reply", &[200], Missing, |s| at(format!("/letters/{}/replies/{}", s.letter, s.reply.0))),
    row("edit_reply", &[200], Missing, |s| {
        let path = format!("/letters/{}/replies/{}", s.letter, s.reply_draft);
        let revision = s.revision_of(&path, Caller::SecondStreet);
        at(path).revision(revision).with(json!({"remarks": "矩阵"}))
    }),
    row("reply_document", &[200], Missing, |s| {
        at(format!("/letters/{}/replies/{}/document.pdf", s.letter, s.reply.0))
    }),
    row("put_reply_scan", &[200], Missing, |s| {
        at(format!("/letters/{}/replies/{}/scan", s.letter, s.reply_draft)).pdf(b"%PDF-1.7\n%%EOF\n")
    }),
    row("reply_scan", &[200], Missing, |s| {
        at(format!("/letters/{}/replies/{}/scan.pdf", s.letter, s.reply.0))
    }),
    // After twenty files there is no room.
    row("attach_to_reply", &[200, 409], Missing, |s| {
        let path = format!("/letters/{}/replies/{}/attachments?name=a.pdf", s.letter, s.reply_draft);
        at(path).pdf(b"%PDF-1.7\n%%EOF\n")
    }),
    row("reply_file", &[200], Missing, |s| at(format!("/letters/{}/reply-files/{}", s.letter, s.reply.1))),
    row("detach_from_reply", &[409], Missing, |s| {
        at(format!("/letters/{}/reply-files/{}", s.letter, s.reply.1))
    }),
    row("send_reply", &[409], Missing, |s| {
        let path = format!("/letters/{}/replies/{}/send", s.letter, s.reply_draft);
        let today = yixun::clock::business_date(s.app.clock.now());
        at(path).with(json!({"document_number": "海幢街函〔2026〕2号", "replied_on": today}))
    }),
    row("list_letter_photos", &[200], Missing, |s| at(format!("/letters/{}/photos", s.letter))),
    // Another letter's photo; the letter's own: see `faces`.
    row("check_letter_photos", &[422], Missing, |s| {
        let check = json!({"photo_id": build::uuid(), "shows_face": false});
        at(format!("/letters/{}/face-checks", s.letter)).with(json!({"checks": [check]}))
    }),
    row("check_photo", &[201], Missing, |s| {
        at(format!("/photos/{}/face-checks", s.photo)).with(json!({"shows_face": false}))
    }),
    row("facilities_compliance", &[200], Unbound, |_| at("/compliance/facilities")),
    row("facility_compliance", &[200], Missing, |s| at(format!("/compliance/facilities/{}", s.facility))),
    row("streets_compliance", &[200], Missing, |s| {
        at(format!("/compliance/streets?campaign_id={}", s.campaign))
    }),
    row("list_indicators", &[200], Unbound, |_| at("/indicators")),
    row("indicator_values", &[200], Missing, |s| {
        let street = s.app.world.area(Place::Own);
        at(format!("/indicators/values?street_id={street}&year=2026&quarter=3"))
    }),
    row("import_indicators", &[200], Culprit("/file/2/街道"), |_| {
        let file = "街道,年度,季度,指标,分子,分母,截至日期\n海幢街道,2026,3,bed_online,1,2,2026-08-01\n";
        Ask { body: Body::Csv(file), ..at("/indicators/import?dry_run=true") }
    }),
    row("list_indicator_targets", &[200], Unbound, |_| at("/indicators/meals/targets")),
    row("set_indicator_target", &[201], Culprit("/area_id"), |s| {
        at("/indicators/follow_up/targets").with(target(s.app, Place::Own))
    }),
    row("indicator_value_versions", &[200], Missing, |s| {
        let street = s.app.world.area(Place::Own);
        at(format!("/indicators/meals/values?street_id={street}&year=2026&quarter=3"))
    }),
    row("object_to_target", &[201, 409], Culprit("/street_id"), |s| {
        at("/indicators/meals/objections").with(objection(s.app, Place::Own))
    }),
    row("list_indicator_objections", &[200], Unbound, |_| at("/indicator-objections")),
    row("find_indicator_objection", &[200], Missing, |s| {
        at(format!("/indicator-objections/{}", s.objection))
    }),
    row("decide_indicator_objection", &[200, 409], Missing, |s| {
        at(format!("/indicator-objections/{}/decisions", s.objection))
            .with(json!({"upheld": false, "reason": "基数已核实"}))
    }),
    row("fire_summary", &[200], Unbound, |_| at("/fire/summary")),
    row("fire_facility", &[200], Missing, |s| at(format!("/fire/facilities/{}", s.facility))),
    row("put_fire_facility", &[200], Missing, |s| {
        let path = format!("/fire/facilities/{}", s.facility);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"control_room": true}))
    }),
    row("list_certificates", &[200], Unbound, |_| at("/fire/certificates")),
    row("create_certificate", &[201], Culprit("/facility_id"), |s| {
        at("/fire/certificates").with(fire::registered(&s.facility))
    }),
    row("import_certificates", &[200], Culprit("/csv/2/facility_code"), |s| s.import("certificates")),
    row("find_certificate", &[200], Missing, |s| at(format!("/fire/certificates/{}", s.certificate))),
    row("change_certificate", &[200], Missing, |s| {
        let path = format!("/fire/certificates/{}", s.certificate);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"since": "2026-08-03", "employer": "他处", "reason": "调动"}))
    }),
    row("list_drills", &[200], Unbound, |_| at("/fire/drills")),
    row("create_drill", &[201], Culprit("/facility_id"), |s| s.record(0)),
    row("list_trainings", &[200], Unbound, |_| at("/fire/trainings")),
    row("create_training", &[201], Culprit("/facility_id"), |s| s.record(1)),
    row("list_equipment", &[200], Unbound, |_| at("/fire/equipment")),
    row("create_equipment", &[201], Culprit("/facility_id"), |s| s.record(2)),
    row("import_equipment", &[200], Culprit("/csv/2/facility_code"), |s| s.import("equipment")),
    row("remove_equipment", &[200], Missing, |s| {
        let line = s.entered(2, Caller::Drafter);
        let body = json!({"on": "2026-08-03", "reason": "到期更换"});
        at(format!("/fire/equipment/{line}/removals")).with(body)
    }),
    row("confirm_fire_line", &[200], Missing, |s| {
        at(format!("/fire/lines/{}/confirmations", s.entered(0, Caller::Operator))).with(json!({}))
    }),
    row("dismiss_fire_line", &[200], Missing, |s| {
        let line = s.entered(0, Caller::Operator);
        at(format!("/fire/lines/{line}/dismissals")).with(json!({"reason": "查无此事"}))
    }),
    row("withdraw_fire_line", &[200], Missing, |s| {
        let line = s.entered(0, Caller::Drafter);
        at(format!("/fire/lines/{line}/withdrawals")).with(json!({"reason": "误登"}))
    }),
    row("list_bulletins", &[200], Unbound, |_| at("/fire/bulletins")),
    row("send_bulletin", &[201], Culprit("/facility_ids/0"), |s| {
        at("/fire/bulletins").with(s.bulletin_body())
    }),
    row("find_bulletin", &[200], Missing, |s| at(format!("/fire/bulletins/{}", s.bulletin))),
    // Only the side that sends corrects, and only the other receives and answers.
    row("correct_bulletin", &[200, 409], Missing, |s| {
        let path = format!("/fire/bulletins/{}", s.bulletin);
        let revision = s.revision_of(&path, Caller::Supervisor);
        at(path).revision(revision).with(json!({"subject": "更正"}))
    }),
    row("receive_bulletin", &[200, 409], Missing, |s| at(format!("/fire/bulletins/{}/receipts", s.bulletin))),
    row("conclude_bulletin", &[200, 409], Missing, |s| {
        at(format!("/fire/bulletins/{}/results", s.bulletin)).with(json!({"result": "已处理"}))
    }),
    row("sync", &[200], Unbound, |_| at("/sync")),
    row("list_audit", &[200], Unbound, |_| at("/audit")),
];

fn every_operation_has_a_row(_: &TestApp) {
    let operations = spec::operations();
    let known: BTreeSet<&str> = ROWS.iter().map(|row| row.id).collect();
    assert_eq!(known.len(), ROWS.len(), "a row is there twice");
    for op in &operations {
        match op.permission {
            None => assert!(PUBLIC.contains(&op.id.as_str()), "{} asks for no login", op.id),
            Some(_) => {
                let told =
                    "has no row in tests/api/permissions.rs: say there what it asks and what comes of it";
                assert!(known.contains(op.id.as_str()), "{} ({} {}) {told}", op.id, op.method, op.path);
            }
        }
    }
    let ids: BTreeSet<&str> = operations.iter().map(|op| op.id.as_str()).collect();
    let stale: Vec<&&str> = known
        .iter()
        .filter(|id| !ids.contains(**id))
        .chain(PUBLIC.iter().filter(|id| !ids.contains(**id)))
        .collect();
    assert!(stale.is_empty(), "rows without an operation: {stale:?}");
}

fn send(app: &TestApp, op: &Op, ask: &Ask, token: Option<String>) -> Reply {
    let caller = token.map_or_else(|| app.anyone(), |token| app.with_token(token));
    let tag = ask.revision.map(|r| format!("\"{r}\""));
    let tag = tag.iter().map(|tag| ("If-Match", tag.as_str()));
    let mut headers: Vec<(&str, &str)> =
        tag.chain(ask.headers.iter().map(|(name, value)| (*name, value.as_str()))).collect();
    match &ask.body {
        Body::Json(body) => caller.json(op.method.clone(), &ask.path, &headers, body),
        Body::Jpeg(bytes) => caller.bytes(op.method.clone(), &ask.path, "image/jpeg", bytes),
        Body::Pdf(bytes) => caller.bytes(op.method.clone(), &ask.path, "application/pdf", bytes),
        Body::Csv(text) => caller.bytes(op.method.clone(), &ask.path, "text/csv", text.as_bytes()),
        Body::Nothing if op.method == Method::POST => {
            if ask.headers.is_empty() {
                headers.push(("Content-Type", "application/octet-stream"));
            }
            caller.send(op.method.clone(), &ask.path, &headers, "")
        }
        Body::Nothing => caller.send(op.method.clone(), &ask.path, &headers, ()),
    }
}

/// A refusal with this code, which an answer to HEAD cannot tell.
fn is_refused(op: &Op, answer: &Reply, status: u16, code: &str) -> bool {
    answer.status == status && (op.method == Method::HEAD || answer.json["code"] == code)
}

/// A token of a session that only this request uses: logging out ends it.
fn token_of_its_own(app: &TestApp, caller: Caller) -> String {
    let person = app.world.person(caller);
    let id = SessionId::from_uuid(build::uuid());
    app.write(move |tx| {
        let now = Ts::from(machine_now());
        let row = (
            session::id.eq(id),
            session::user_id.eq(person.user),
            session::created_at.eq(now),
            session::last_used_at.eq(now),
            session::proven_at.eq(Some(now)),
        );
        diesel::insert_into(session::table).values(row).execute(tx.conn())?;
        Ok(())
    });
    yixun::access::tokens::issue(&app.app.keys[0], person.user, id, 0, machine_now()).expect("a token")
}

fn check_cell(scene: &Scene<'_>, op: &Op, row: &Row, role: Role, place: Place) -> Result<(), String> {
    let action = op.permission.expect("not public");
    let caller = Caller::At(role, place);
    let token =
        if row.id == "logout" { token_of_its_own(scene.app, caller) } else { scene.app.token(caller) };
    let by_facility = role == Role::Operator && !matches!(place, Place::District | Place::Everywhere);
    let reaches = match place {
        Place::Sibling | Place::Elsewhere => false,
        _ => !by_facility || !OF_STREETS.contains(&row.id),
    };
    let answer = send(scene.app, op, &(row.ask)(scene), Some(token));
    let wrong = |wanted: &str| {
        Err(format!("{} as {role:?} at {place:?} should be {wanted}: {}", op.id, answer.told()))
    };
    if !action.allows(role) {
        return if is_refused(op, &answer, 403, "permission_denied") { Ok(()) } else { wrong("403") };
    }
    match row.outside {
        Missing if !reaches => match is_refused(op, &answer, 404, "not_found") {
            true => Ok(()),
            false => wrong("404"),
        },
        Culprit(pointer) if !reaches => match answer.status {
            422 if answer.json["errors"][0]["pointer"] == pointer => Ok(()),
            _ => wrong(&format!("422 at {pointer}")),
        },
        _ if (row.id, role) == OPERATORS_SELF_CHECK => match answer.status {
            422 if answer.json["errors"][0]["code"] == "not_your_visit" => Ok(()),
            _ => wrong("422"),
        },
        _ if row.within.contains(&answer.status) => Ok(()),
        _ => wrong(&format!("{:?}", row.within)),
    }
}

fn s21_the_matrix(app: &TestApp) {
    let scene = Scene::new(app);
    let (mut wrong, mut cells) = (vec![], 0);
    for op in spec::operations().iter().filter(|op| op.permission.is_some()) {
        let Some(row) = ROWS.iter().find(|row| row.id == op.id) else { continue };
        let ask = (row.ask)(&scene);
        for (token, code) in
            [(None, "no_token"), (Some(format!("{}x", app.token(Caller::Drafter))), "bad_token")]
        {
            let answer = send(app, op, &ask, token);
            assert!(is_refused(op, &answer, 401, code), "{}", answer.told());
        }
        for role in Role::ALL {
            for place in PLACES {
                // Something new every time, so that times and ids differ as they do in life.
                app.advance(TimeDelta::milliseconds(10));
                wrong.extend(check_cell(&scene, op, row, *role, place).err());
                cells += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// A list, and how an item of it tells where it lies.
struct List {
    path: String,
    permission: Action,
    /// The field with the facility of an item, where it has one.
    facility: Option<&'static str>,
}

/// Something everywhere, so that whoever sees too much or too little shows: facilities, inspections with findings of two
/// categories, and letters with their documents.
fn lists(app: &TestApp) -> Vec<List> {
    let mut campaigns = vec![];
    for place in [Place::District, Place::Elsewhere] {
        campaigns.push((place, id(&build::campaign(app, place, &[Station, Canteen]))));
    }
    for place in Place::STREETS {
        build::facility(app, place, Canteen);
        let (_, campaign) = &campaigns[usize::from(place == Place::Elsewhere)];
        let station = app.world.facility(place, Station).to_string();
        let seen = build::inspection(app, &station, &["YK-02", "YK-14"]).of_campaign(campaign);
        seen.put_whole(&app.as_(Caller::At(Role::Inspector, Place::Everywhere)));
        quarantined(app, place);
        let drafter = app.as_(Caller::At(Role::Drafter, Place::Everywhere));
        drafter.post("/fire/certificates", &fire::held(&station, &fire::number())).created();
        fire::records(&station).iter().for_each(|(path, body)| drop(drafter.post(path, body).created()));
        drafter.post("/indicators/meals/targets", &target(app, place)).created();
        let street = app.as_(Caller::At(Role::Street, place));
        street.post("/indicators/meals/objections", &objection(app, place)).created();
    }
    for (place, campaign) in &campaigns {
        build::letters(app, *place, campaign);
    }
    let list = |path: &str, permission, facility| List { path: path.into(), permission, facility };
    vec![
        list("/facilities", Action::ReadFacilities, Some("id")),
        list(&format!("/campaigns/{}/targets", campaigns[0].1), Action::ReadCampaigns, Some("facility_id")),
        list("/inspections", Action::ReadInspections, Some("facility_id")),
        list("/quarantine", Action::ReadQuarantine, Some("facility_id")),
        list("/findings", Action::ReadFindings, Some("facility_id")),
        list("/ledger", Action::ReadFindings, Some("facility_id")),
        list("/letters", Action::ReadLetters, None),
        list("/fire/certificates", Action::ReadFireRegister, Some("facility_id")),
        list("/fire/drills", Action::ReadFireRegister, Some("facility_id")),
        list("/fire/trainings", Action::ReadFireRegister, Some("facility_id")),
        list("/fire/equipment", Action::ReadFireRegister, Some("facility_id")),
        list("/indicator-objections", Action::ReadIndicators, None),
        list("/compliance/facilities", Action::ReadCompliance, Some("facility_id")),
        list(
            &format!("/compliance/facilities?campaign_id={}", campaigns[0].1),
            Action::ReadCompliance,
            Some("facility_id"),
        ),
    ]
}

/// Whether an item is for somebody with `role` at `place`, by brute force.
fn is_for(app: &TestApp, list: &List, role: Role, place: Place, item: &Value) -> bool {
    let text = |name: &str| item[name].as_str().unwrap_or_else(|| panic!("no {name} in {item}"));
    let street = text("street_id").parse().expect("a street");
    let facility = list.facility.map(|name| text(name).parse().expect("a facility"));
    let kept = match (role, list.path.as_str()) {
        (Role::Fire, "/findings" | "/ledger") => FIRE_CATEGORIES.contains(&text("category")),
        (Role::Street, "/letters") => item["state"] == "delivered",
        _ => true,
    };
    kept && app.world.reach(role, place).holds(street, facility)
}

/// Every role at every place sees exactly those items that brute force finds within its reach.
fn s22_lists_hold_what_is_within_reach(app: &TestApp) {
    for list in lists(app) {
        let everything = app.as_(Caller::At(Role::Supervisor, Place::Everywhere)).all(&list.path);
        assert!(everything.len() >= 3, "{} holds too little to tell", list.path);
        for role in Role::ALL.iter().filter(|role| list.permission.allows(**role)) {
            for place in PLACES {
                let told = format!("{} as {role:?} at {place:?}", list.path);
                let mine = everything.iter().filter(|item| is_for(app, &list, *role, place, item));
                let expected: Vec<Value> = mine.cloned().collect();
                let caller = app.as_(Caller::At(*role, place));
                if caller.get(&list.path).status == 404 {
                    // The campaign itself is out of reach.
                    let of_facility = *role == Role::Operator && list.path.contains("campaign_id=");
                    assert!(expected.is_empty() || of_facility, "{told}");
                    continue;
                }
                assert_eq!(caller.all(&list.path), expected, "{told}");
                let first = caller
                    .get(&format!("{}{}limit=1", list.path, if list.path.contains('?') { "&" } else { "?" }))
                    .ok();
                assert_eq!(first["items"].as_array().expect("items").first(), expected.first(), "{told}");
            }
        }
    }
}

fn s22_figures_count_what_is_within_reach(app: &TestApp) {
    let lists = lists(app);
    let targets = lists.iter().find(|list| list.path.ends_with("/targets")).expect("the campaign's targets");
    let campaign = targets.path.split('/').nth(2).expect("an id");
    for role in Role::ALL.iter().filter(|role| targets.permission.allows(**role)) {
        for place in PLACES {
            let (caller, told) = (app.as_(Caller::At(*role, place)), format!("{role:?} at {place:?}"));
            let progress = caller.get(&format!("/campaigns/{campaign}/progress"));
            let streets = caller.get(&format!("/compliance/streets?campaign_id={campaign}"));
            if place == Place::Elsewhere {
                progress.expect(404, "not_found");
                streets.expect(404, "not_found");
                continue;
            }
            let listed = caller.all(&targets.path);
            let (progress, streets) = (progress.ok(), streets.ok()["items"].clone());
            let done = listed.iter().filter(|t| t["state"] == "done").count();
            assert_eq!(
                (&progress["planned"], &progress["done"]),
                (&json!(listed.len()), &json!(done)),
                "{told}"
            );
            let names: BTreeSet<String> = listed.iter().map(|t| t["street_id"].to_string()).collect();
            let streets = streets.as_array().expect("streets");
            assert_eq!(streets.len(), names.len(), "{told}");
            let sum = |name: &str| streets.iter().filter_map(|s| s[name].as_u64()).sum::<u64>();
            assert_eq!((sum("planned"), sum("inspected")), (listed.len() as u64, done as u64), "{told}");
            let findings = caller.all(&format!("/findings?campaign_id={campaign}"));
            assert_eq!(sum("findings") as usize, findings.len(), "{told}");
        }
    }
}
