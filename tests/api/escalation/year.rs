//! A year under a clock that the test moves: findings are claimed, returned, extended, suspended, disputed, put on account,
//! closed and withdrawn at random; the server sleeps for days, is started anew on the same database, and dies in the middle
//! of a tick. An oracle that shares nothing with the code (`Oracle`: written from the words of the rules, on the plain list
//! of working days in `tests/fixtures`) recomputes every mark, every notice, every draft and every state, and both must agree
//! all along.

use super::{talk, tick};
use crate::app::TestApp;
use crate::build::{self, Photo, id, inspection};
use crate::findings::{claim_body, detail};
use crate::people::{Caller, Place};
use crate::suite::{Suite, both};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yixun::access::Role;
use yixun::clock::{Clock as _, SHANGHAI, business_date};
use yixun::db::Ts;
use yixun::db::schema::{audit_entry, clock_mark};
use yixun::directory::FacilityKind::Station;
use yixun::escalation::{self, Portion};
use yixun::ids::FindingId;
use yixun::jobs::works;

pub fn register(suite: &mut Suite) {
    both!(suite: a_year_agrees_with_the_oracle);
}

/// The committed list of working days; beyond it, Monday to Friday.
struct Workdays(BTreeMap<NaiveDate, bool>);

impl Workdays {
    fn read() -> Self {
        let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/workdays-2022-2026.txt"));
        let mut days = BTreeMap::new();
        for line in text.lines() {
            let (year, flags) = line.split_once(' ').expect("a year and its days");
            let first: NaiveDate = format!("{year}-01-01").parse().expect("a day");
            days.extend(first.iter_days().zip(flags.chars().map(|f| f == '1')));
        }
        Self(days)
    }

    fn works(&self, day: NaiveDate) -> bool {
        let plain = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.0.get(&day).copied().unwrap_or(plain)
    }

    /// Working days after one day and before another.
    fn between(&self, after: NaiveDate, before: NaiveDate) -> usize {
        after.iter_days().skip(1).take_while(|d| *d < before).filter(|d| self.works(*d)).count()
    }

    fn listed(&self, day: NaiveDate) -> bool {
        self.0.contains_key(&day)
    }
}

/// A mark as the oracle and the table tell it: what, days before, stage, due day; then what became of it, from when it was
/// due, whether that may still change, and the day on which the clock came to it.
type Mark = (&'static str, i32, i32, NaiveDate);
type Told = (&'static str, NaiveDate, bool, NaiveDate);

/// A row of the table of marks.
type Row = (FindingId, String, i32, i32, NaiveDate, String, NaiveDate, bool, Ts);

/// What the oracle knows of a finding: facts from outside, and its own book of what happened.
#[derive(Debug, Clone)]
struct Finding {
    id: String,
    number: String,
    facility: String,
    code: &'static str,
    street: String,
    operator: &'static str,
    direct: bool,
    campaign: Option<String>,
    third_party: bool,
    state: &'static str,
    found_on: NaiveDate,
    served_on: Option<NaiveDate>,
    due: Option<NaiveDate>,
    claimed_on: Option<NaiveDate>,
    stages: Vec<(i32, NaiveDate, bool)>,
    on_account: bool,
    back_to: &'static str,
    paused_until: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
    away: Vec<(NaiveDate, NaiveDate)>,
    proof: Option<Photo>,
    marks: BTreeMap<Mark, Told>,
}

/// A draft: for whom, about what, and who is in it.
#[derive(Debug, Clone)]
struct Draft {
    kind: &'static str,
    name: String,
    campaign: Option<String>,
    state: &'static str,
    members: BTreeMap<String, (NaiveDate, Option<&'static str>)>,
    /// Group by what tells it from others; an operator's are one in all streets.
    group: (&'static str, &'static str, String),
}

const ACTS: [&str; 3] = ["served", "returned", "long_term"];
const ENDS: [&str; 2] = ["closed", "withdrawn"];

impl Finding {
    fn acts(&self) -> bool {
        ACTS.contains(&self.state)
    }

    fn ended(&self) -> bool {
        ENDS.contains(&self.state)
    }

    /// It goes from one state to another on a day.
    fn goes(&mut self, to: &'static str, on: NaiveDate) {
        let (before, after) = (self.acts(), ACTS.contains(&to));
        if before && !after {
            self.left_on = Some(on);
        }
        if !before && after {
            self.away.extend(self.left_on.take().map(|from| (from, on)));
        }
        self.state = to;
    }

    fn theirs(&self, day: NaiveDate) -> bool {
        self.away.iter().all(|(from, to)| day < *from || *to < day)
    }

    /// Every mark that the rules ask for today, due on the day given with it.
    fn wanted(&self, today: NaiveDate, days: &Workdays) -> Vec<(Mark, Told)> {
        let mut wanted = vec![];
        if self.state == "open" && self.third_party {
            let last = self.found_on.iter_days().skip(1).filter(|d| days.works(*d)).nth(2).expect("a day");
            if today > last {
                let unsure = self.found_on.iter_days().take_while(|d| *d <= last).any(|d| !days.listed(d));
                let next = last.succ_opt().expect("a day");
                wanted.push((("to_confirm", 0, 0, last), ("fired", next, unsure, today)));
            }
        }
        let Some(due) = self.due else { return wanted };
        let late_claim =
            matches!(self.state, "rectified" | "checked") && self.claimed_on.is_some_and(|c| c > due);
        if (self.acts() || late_claim) && today > due {
            let next = due.succ_opt().expect("a day");
            wanted.push((("overdue", 0, 0, due), ("fired", next, false, today)));
        }
        if !self.acts() {
            return wanted;
        }
        self.near(0, due, today, days, &mut wanted);
        if self.state == "long_term" {
            let last = self.stages.len();
            for (position, stage_due, _) in self.stages.iter().take(last - 1).filter(|(.., done)| !done) {
                self.near(*position, *stage_due, today, days, &mut wanted);
                if today > *stage_due {
                    let next = stage_due.succ_opt().expect("a day");
                    wanted.push((("overdue", 0, *position, *stage_due), ("fired", next, false, today)));
                }
            }
        }
        let counted: Vec<NaiveDate> = due
            .iter_days()
            .skip(1)
            .take_while(|d| *d <= today)
            .filter(|d| days.works(*d) && self.theirs(*d))
            .collect();
        let steps: &[(&str, usize, &str)] = if self.direct {
            &[("second_reminder", 5, "fired"), ("talk", 10, "fired")]
        } else {
            &[
                ("second_reminder", 5, "fired"),
                ("talk", 10, "fired"),
                ("leader_contact", 10, "fired"),
                ("district_report", 10, "not_taken"),
            ]
        };
        for (kind, nth, result) in steps {
            if let Some(on) = counted.get(nth - 1) {
                let unsure = due.iter_days().skip(1).take_while(|d| d <= on).any(|d| !days.listed(d));
                wanted.push(((kind, 0, 0, due), (result, *on, unsure, today)));
            }
        }
        wanted
    }

    /// Two and one working days before: each has its time until the next, and none before the sheet was served.
    fn near(
        &self,
        stage: i32,
        due: NaiveDate,
        today: NaiveDate,
        days: &Workdays,
        wanted: &mut Vec<(Mark, Told)>,
    ) {
        for (n, next) in [(2, 1), (1, 0)] {
            let begun = |day: NaiveDate| days.between(day, due) < n;
            if !begun(today) || self.served_on.is_some_and(begun) {
                continue;
            }
            let in_time =
                if next == 0 { today <= due } else { today < due && days.between(today, due) >= next };
            let mut first = due;
            while days.between(first.pred_opt().expect("a day"), due) < n {
                first = first.pred_opt().expect("a day");
            }
            let unsure = first.iter_days().take_while(|d| *d <= due).any(|d| !days.listed(d));
            let result = if in_time { "fired" } else { "skipped" };
            let n = i32::try_from(n).expect("a small number");
            wanted.push((("near_due", n, stage, due), (result, first, unsure, today)));
        }
    }
}

/// Everything that the rules say must be there.
struct Oracle {
    days: Workdays,
    findings: Vec<Finding>,
    drafts: Vec<Draft>,
    /// What must have been said, an entry each time: the event and the finding.
    said: Vec<(&'static str, String)>,
    offices: BTreeMap<String, String>,
}

impl Oracle {
    /// One whole tick.
    fn tick(&mut self, today: NaiveDate) {
        for f in &mut self.findings {
            if f.state == "suspended" && f.paused_until.is_some_and(|last| last < today) {
                f.goes(f.back_to, today);
                f.paused_until = None;
            }
        }
        let mut order: Vec<usize> = (0..self.findings.len()).collect();
        order.sort_by_key(|n| self.findings[*n].id.clone());
        for n in order {
            let wanted = self.findings[n].wanted(today, &self.days);
            for (mark, told) in wanted {
                if self.findings[n].marks.contains_key(&mark) {
                    continue;
                }
                self.findings[n].marks.insert(mark, told);
                let acts = self.findings[n].acts();
                let event = match (mark.0, told.0) {
                    ("near_due", "fired") => Some("finding.near_due"),
                    ("overdue", "fired") if acts => Some("finding.overdue"),
                    ("to_confirm", "fired") => Some("finding.confirmation_late"),
                    _ => None,
                };
                self.said.extend(event.map(|event| (event, self.findings[n].id.clone())));
                let drafted = ["second_reminder", "talk", "leader_contact"];
                if let Some(kind) = drafted.into_iter().find(|kind| *kind == mark.0 && told.0 == "fired") {
                    self.put(n, kind, mark.3);
                }
            }
        }
        self.tidy(None);
    }

    fn put(&mut self, n: usize, kind: &'static str, due: NaiveDate) {
        let f = &self.findings[n];
        let to_operator = kind == "talk" || f.direct;
        let (sort, name, key) = if to_operator {
            ("operator", f.operator.to_string(), f.operator.to_string())
        } else {
            ("street", self.offices[&f.street].clone(), f.street.clone())
        };
        let (group, campaign) = ((kind, sort, key), f.campaign.clone());
        self.put_into(
            f.id.clone(),
            due,
            Draft { kind, name, campaign, state: "drafted", members: BTreeMap::new(), group },
        );
    }

    fn put_into(&mut self, finding: String, due: NaiveDate, fresh: Draft) {
        let same =
            |d: &&mut Draft| d.state == "drafted" && d.group == fresh.group && d.campaign == fresh.campaign;
        match self.drafts.iter_mut().find(same) {
            Some(open) => drop(open.members.insert(finding, (due, None))),
            None => {
                let mut fresh = fresh;
                fresh.members.insert(finding, (due, None));
                self.drafts.push(fresh);
            }
        }
    }

    fn finding(&self, id: &str) -> &Finding {
        self.findings.iter().find(|f| f.id == id).expect("a finding")
    }

    /// Whoever is settled or has another day drops out; with nobody left a draft lapses. Of one draft, nothing lapses.
    fn tidy(&mut self, only: Option<usize>) {
        let now: BTreeMap<String, (bool, Option<NaiveDate>)> =
            self.findings.iter().map(|f| (f.id.clone(), (f.ended(), f.due))).collect();
        for (n, draft) in self.drafts.iter_mut().enumerate() {
            if draft.state != "drafted" || only.is_some_and(|one| one != n) {
                continue;
            }
            for (finding, (due, why)) in &mut draft.members {
                let (ended, due_now) = now[finding];
                if why.is_none() && ended {
                    *why = Some("settled");
                } else if why.is_none() && due_now != Some(*due) {
                    *why = Some("moved");
                }
            }
            if only.is_none() && draft.members.values().all(|(_, why)| why.is_some()) {
                draft.state = "lapsed";
            }
        }
    }

    /// Who is named in a draft: of an open one those with the responsible side for the same day, later as it was.
    fn named(&self, draft: &Draft) -> BTreeSet<String> {
        let there = |(finding, (due, why)): (&String, &(NaiveDate, Option<&str>))| {
            let f = self.finding(finding);
            let now = draft.state != "drafted" || (f.acts() && f.due == Some(*due));
            (why.is_none() && now).then(|| f.number.clone())
        };
        draft.members.iter().filter_map(there).collect()
    }

    fn shown(&self) -> Vec<String> {
        let mut shown: Vec<String> = self
            .drafts
            .iter()
            .map(|d| {
                let members: Vec<_> =
                    d.members.iter().map(|(f, (due, why))| (&self.finding(f).number, due, why)).collect();
                format!(
                    "{} {} {:?} {} named {:?} of {:?}",
                    d.kind,
                    d.name,
                    d.campaign,
                    d.state,
                    self.named(d),
                    members
                )
            })
            .collect();
        shown.sort();
        shown
    }
}

const CODES: [&str; 5] = ["YK-02", "YK-06", "YK-08", "YK-14", "YK-15"];

/// The play: a server that comes and goes, and the oracle beside it.
struct Play {
    node: TestApp,
    rng: fastrand::Rng,
    oracle: Oracle,
    today: NaiveDate,
    ticks: usize,
    acts: BTreeMap<&'static str, usize>,
}

fn at(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let local = day.and_hms_opt(hour, 5, 0).expect("a time");
    local.and_local_timezone(SHANGHAI).single().expect("a time").to_utc()
}

impl Play {
    /// Someone finds things at a facility.
    fn find(&mut self, facility: &str, codes: &[&'static str], third_party: bool, campaign: Option<&str>) {
        let mut built = inspection(&self.node, facility, codes).of_kind("supervision");
        if let Some(campaign) = campaign {
            built = built.of_campaign(campaign);
        }
        let by = if third_party { Caller::ThirdParty } else { Caller::Inspector };
        let answer = built.put(&self.node.as_(by)).created();
        let view = self.node.as_(Caller::Supervisor).get(&format!("/facilities/{facility}")).ok();
        for found in answer["findings"].as_array().expect("findings").iter().map(id) {
            let now = detail(&self.node, &found);
            let code = CODES.into_iter().find(|code| now["item_code"] == *code).expect("a code");
            let operator = if view["operator_name"] == "试验运营机构" {
                "试验运营机构"
            } else {
                "区社会福利院"
            };
            let state = if third_party { "open" } else { "served" };
            assert_eq!(now["state"], state);
            self.oracle.findings.push(Finding {
                number: now["number"].as_str().expect("a number").into(),
                facility: facility.into(),
                code,
                street: now["street_id"].as_str().expect("a street").into(),
                operator,
                direct: view["route"] != "street",
                campaign: campaign.map(str::to_string),
                third_party,
                state,
                found_on: self.today,
                served_on: (!third_party).then_some(self.today),
                due: day_of(&now["due_on"]),
                claimed_on: None,
                stages: vec![],
                on_account: false,
                back_to: "served",
                paused_until: None,
                left_on: None,
                away: vec![],
                proof: None,
                marks: BTreeMap::new(),
                id: found,
            });
            if !third_party && self.rng.u8(..4) > 0 {
                let due = self.today + Days::new(self.rng.u64(1..45));
                let n = self.oracle.findings.len() - 1;
                self.step(n, Caller::Drafter, "deadlines", &json!({"due_on": due, "reason": "整改工程量"}));
            }
        }
    }

    /// A step over HTTP; the due day is a fact that the answer tells.
    #[track_caller]
    fn step(&mut self, n: usize, by: Caller, what: &str, body: &Value) -> Value {
        let f = &mut self.oracle.findings[n];
        let answer = self.node.as_(by).post(&format!("/findings/{}/{what}", f.id), body).ok();
        f.due = day_of(&answer["due_on"]);
        answer
    }

    /// Does something to a finding that is legal now, and writes it into the oracle's book.
    fn act(&mut self, n: usize) {
        let (today, dice) = (self.today, self.rng.u8(..100));
        let f = self.oracle.findings[n].clone();
        let sibling = f.street == self.node.world.area(Place::Sibling).to_string();
        let street = if sibling { Caller::At(Role::Street, Place::Sibling) } else { Caller::Street };
        let checker = Caller::At(Role::Street, Place::District);
        let overdue = f.due.is_some_and(|due| due < today);
        let why = json!({"reason": "现场核实情况存疑"});
        let what = match (f.state, dice) {
            ("open", 0..60) => {
                self.step(n, Caller::Drafter, "confirmations", &json!({}));
                self.oracle.findings[n].state = "confirmed";
                "confirmed"
            }
            ("confirmed", _) => {
                let due = today + Days::new(self.rng.u64(0..30));
                self.step(
                    n,
                    Caller::Drafter,
                    "services",
                    &json!({"method": "letter", "due_on": due, "note": "与街道商定"}),
                );
                (self.oracle.findings[n].state, self.oracle.findings[n].served_on) = ("served", Some(today));
                "served"
            }
            ("served" | "returned" | "long_term", 0..35) => {
                let proof = Photo::new("after", None);
                let body = claim_body(&self.node, &[&proof]);
                self.step(n, street, "rectifications", &body);
                proof.put(&self.node.as_(street)).created();
                let book = &mut self.oracle.findings[n];
                book.goes("rectified", today);
                (book.claimed_on, book.proof) = (Some(today), Some(proof));
                "claimed"
            }
            ("served", 35..76) if f.served_on.is_some_and(|served| today <= served + Days::new(3)) => {
                self.step(n, street, "disputes", &why);
                self.oracle.findings[n].goes("disputed", today);
                "disputed"
            }
            ("served" | "returned" | "long_term", 35..50) if !overdue => {
                let until = f.due.expect("a day") + Days::new(self.rng.u64(1..25));
                let asked =
                    self.step(n, street, "extensions", &json!({"until": until, "reason": "配件未到"}));
                self.decided(n, &asked, Caller::Reviewer, f.on_account, true);
                assert_eq!(self.oracle.findings[n].due, Some(until));
                "extended"
            }
            ("served" | "returned" | "long_term", 50..60) => {
                let until = today + Days::new(self.rng.u64(0..12));
                self.step(n, Caller::Drafter, "suspensions", &json!({"until": until, "reason": "台风停工"}));
                let book = &mut self.oracle.findings[n];
                (book.back_to, book.paused_until) = (f.state, Some(until));
                book.goes("suspended", today);
                "suspended"
            }
            ("served" | "returned", 70..76) => {
                let mut day = today;
                let stages: Vec<NaiveDate> = (0..3)
                    .map(|_| {
                        day = day + Days::new(self.rng.u64(1..20));
                        day
                    })
                    .collect();
                let plan: Vec<Value> =
                    stages.iter().map(|d| json!({"title": "阶段目标", "due_on": d})).collect();
                let asked = self.step(
                    n,
                    Caller::Drafter,
                    "long-terms",
                    &json!({"reason": "须改造管网", "stages": plan}),
                );
                self.decided(n, &asked, Caller::Issuer, true, true);
                let book = &mut self.oracle.findings[n];
                book.stages = (1..).zip(stages).map(|(position, due)| (position, due, false)).collect();
                (book.state, book.on_account) = ("long_term", true);
                "put on account"
            }
            ("long_term", 76..95) => {
                let Some((position, ..)) = f.stages.iter().find(|(.., done)| !done) else { return };
                let path = format!("stages/{position}/completions");
                self.step(n, Caller::Drafter, &path, &json!({"note": "已完成"}));
                let stages = &mut self.oracle.findings[n].stages;
                stages.iter_mut().filter(|s| s.0 == *position).for_each(|s| s.2 = true);
                "a stage done"
            }
            ("served" | "returned" | "open", 97..100) => {
                self.step(n, Caller::Reviewer, "withdrawals", &why);
                self.oracle.findings[n].goes("withdrawn", today);
                "withdrawn"
            }
            ("disputed", 0..40) => {
                let asked = detail(&self.node, &f.id);
                self.decided(n, &asked, Caller::SecondReviewer, false, false);
                self.oracle.findings[n].goes("served", today);
                "dispute refused"
            }
            ("suspended", 0..15) => {
                self.step(n, Caller::Drafter, "resumptions", &why);
                let book = &mut self.oracle.findings[n];
                book.paused_until = None;
                book.goes(f.back_to, today);
                "resumed"
            }
            ("rectified", 0..15) | ("checked", 0..20) => {
                self.step(n, Caller::Drafter, "returns", &why);
                self.oracle.findings[n].goes("returned", today);
                "returned"
            }
            ("rectified", 15..60) if !f.direct => {
                let passed = dice >= 25;
                let result = if passed { "pass" } else { "fail" };
                self.step(n, checker, "checks", &json!({"result": result, "note": "街道现场核对"}));
                self.oracle.findings[n].goes(if passed { "checked" } else { "returned" }, today);
                "checked"
            }
            ("checked", 20..50) | ("rectified", 60..80) if f.direct || f.state == "checked" => {
                let by = if f.on_account { Caller::Issuer } else { Caller::Drafter };
                self.step(n, by, "closures", &json!({"note": "材料齐全，同意销号"}));
                self.oracle.findings[n].goes("closed", today);
                "closed"
            }
            _ => return,
        };
        *self.acts.entry(what).or_default() += 1;
        let (book, now) = (&self.oracle.findings[n], detail(&self.node, &f.id));
        assert_eq!((&now["state"], day_of(&now["due_on"])), (&json!(book.state), book.due), "{what}");
    }

    fn decided(&mut self, n: usize, asked: &Value, by: Caller, by_issuer: bool, granted: bool) {
        let open = |r: &&Value| r["result"].is_null();
        let request =
            id(asked["requests"].as_array().expect("requests").iter().find(open).expect("an open one"));
        let by = if by_issuer { Caller::Issuer } else { by };
        let result = if granted { "granted" } else { "refused" };
        let body = json!({"result": result, "note": "集体研究决定"});
        self.step(n, by, &format!("requests/{request}/decisions"), &body);
    }

    /// Somebody takes a draft up or puts it aside.
    fn settle_a_draft(&mut self) {
        let listed = self.node.as_(Caller::Drafter).all("/steps?state=drafted");
        if listed.is_empty() {
            return;
        }
        let chosen = id(&listed[self.rng.usize(..listed.len())]);
        let answer = self.node.as_(Caller::Drafter).get(&format!("/steps/{chosen}"));
        let (read, tag) = (answer.ok(), answer.header("etag").to_string());
        let members: BTreeSet<String> = read["members"]
            .as_array()
            .expect("members")
            .iter()
            .map(|m| m["finding_id"].as_str().expect("an id").into())
            .collect();
        let same = |d: &Draft| {
            d.state == "drafted"
                && read["kind"] == d.kind
                && d.members.keys().cloned().collect::<BTreeSet<_>>() == members
        };
        let n = self.oracle.drafts.iter().position(same).expect("the oracle's draft");
        let send = |what: &str, body: &Value| {
            let path = format!("/steps/{chosen}/{what}");
            self.node.as_(Caller::Drafter).json(ureq::http::Method::POST, &path, &[("If-Match", &tag)], body)
        };
        if self.rng.u8(..4) == 0 {
            send("dismissals", &json!({"reason": "街道已说明情况"})).ok();
            self.oracle.drafts[n].state = "dismissed";
            return;
        }
        let named = self.oracle.named(&self.oracle.drafts[n]);
        let mut taken = json!({"note": "已办理", "letter_number": "演示函〔2026〕9号"});
        if read["kind"] == "talk" {
            let meeting = talk(&self.node, Place::Own, &[]);
            taken["meeting_id"] =
                json!(id(&self.node.as_(Caller::Drafter).post("/meetings", &meeting).created()));
        }
        let answer = send("taken", &taken);
        if named.is_empty() {
            answer.expect(409, "nothing_stands");
            return;
        }
        answer.ok();
        self.oracle.tidy(Some(n));
        let draft = self.oracle.drafts[n].clone();
        self.oracle.drafts[n].state = "taken_up";
        for (finding, (due, why)) in &draft.members {
            if why.is_none() && !named.contains(&self.oracle.finding(finding).number) {
                self.oracle.drafts[n].members.insert(finding.clone(), (*due, Some("away")));
                let fresh = Draft { members: BTreeMap::new(), state: "drafted", ..draft.clone() };
                self.oracle.put_into(finding.clone(), *due, fresh);
            }
        }
    }

    /// The clock ticks, sometimes only after dying in the middle of it.
    fn ticks(&mut self, hour: u32) {
        self.node.clock.set(at(self.today, hour));
        if self.rng.u8(..4) == 0 {
            let portion = Portion { batch: self.rng.i64(1..5), batches: Some(self.rng.usize(0..4)) };
            escalation::tick(&self.node.app.db, self.node.clock.now(), portion).expect("a part of a tick");
            self.node = self.node.second_node();
        }
        if self.rng.bool() {
            works::schedule(&self.node.app).expect("scheduled");
            self.node.drain();
        }
        tick(&self.node);
        // A tick on the same day finds nothing more, whether or not the job has run.
        assert_eq!(tick(&self.node).marked, 0);
        self.ticks += 1;
        // How far a pause moves a due day is shown elsewhere; here it is a fact.
        for f in &mut self.oracle.findings {
            if f.state == "suspended" && f.paused_until.is_some_and(|last| last < self.today) {
                f.due = day_of(&detail(&self.node, &f.id)["due_on"]);
            }
        }
        self.oracle.tick(self.today);
    }

    fn compare_marks(&self) {
        let rows: Vec<Row> = self.node.read(|conn| {
            Ok(clock_mark::table
                .select((
                    clock_mark::finding_id,
                    clock_mark::mark,
                    clock_mark::days,
                    clock_mark::stage,
                    clock_mark::due_on,
                    clock_mark::outcome,
                    clock_mark::fires_on,
                    clock_mark::provisional,
                    clock_mark::marked_at,
                ))
                .load(conn)?)
        });
        let line = |id: &str,
                    mark: &str,
                    days: i32,
                    stage: i32,
                    due: NaiveDate,
                    told: (&str, NaiveDate, bool, NaiveDate)| {
            format!("{id} {mark} {days} {stage} {due} {told:?}")
        };
        let mut there: Vec<String> = rows
            .iter()
            .map(|(f, mark, days, stage, due, result, from, unsure, at)| {
                line(&f.to_string(), mark, *days, *stage, *due, (result, *from, *unsure, business_date(at.0)))
            })
            .collect();
        let mut wanted: Vec<String> = self
            .oracle
            .findings
            .iter()
            .flat_map(|f| {
                f.marks
                    .iter()
                    .map(|((mark, days, stage, due), told)| line(&f.id, mark, *days, *stage, *due, *told))
            })
            .collect();
        there.sort();
        wanted.sort();
        let missing: Vec<_> = wanted.iter().filter(|w| !there.contains(w)).collect();
        let more: Vec<_> = there.iter().filter(|t| !wanted.contains(t)).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "{}: missing {missing:#?}, too many {more:#?}",
            self.today
        );
        assert_eq!(there.len(), wanted.len());
    }

    /// Every notice of the clock was given once, in the trail, and reached somebody; every draft was told to its clerk once.
    fn compare_notices(&self) {
        let lines: Vec<(String, String)> = self.node.read(|conn| {
            let notices = audit_entry::table.filter(audit_entry::object_kind.eq("notice"));
            Ok(notices.select((audit_entry::object_id, audit_entry::line)).load(conn)?)
        });
        let of_clock = ["finding.near_due", "finding.overdue", "finding.confirmation_late"];
        let mut there = vec![];
        for (finding, line) in lines {
            let line: Value = serde_json::from_str(&line).expect("a line");
            let said = &line["detail"];
            if let Some(event) = of_clock.into_iter().find(|event| said["event"] == *event) {
                let street = !self.oracle.finding(&finding).direct;
                assert!(!street || said["told"].as_u64() >= Some(1), "{finding} {said}");
                there.push((event, finding));
            }
        }
        let mut wanted = self.oracle.said.clone();
        there.sort();
        wanted.sort();
        assert_eq!(there, wanted, "{}", self.today);
        let inbox = self.node.as_(Caller::Drafter).all("/notices");
        let drafted = inbox.iter().filter(|n| n["event"] == "step.drafted").count();
        assert_eq!(drafted, self.oracle.drafts.len(), "{}", self.today);
    }

    fn compare_drafts(&self) {
        let reader = self.node.as_(Caller::Supervisor);
        let mut there: Vec<String> = reader
            .all("/steps")
            .iter()
            .map(|s| {
                let step = reader.get(&format!("/steps/{}", id(s))).ok();
                let text = |name: &str| step[name].as_str().expect("a text").to_string();
                let all = step["members"].as_array().expect("members");
                let number = |m: &Value| m["number"].as_str().expect("a number").to_string();
                let named: BTreeSet<String> =
                    all.iter().filter(|m| m["stands"] == true).map(number).collect();
                assert_eq!(step["findings"], named.len());
                assert!(text("text").contains(&format!("{}项", named.len())), "{step}");
                assert!(named.iter().take(25).all(|number| text("text").contains(number)), "{step}");
                let mut members: Vec<_> = all
                    .iter()
                    .map(|m| {
                        (
                            m["finding_id"].as_str().expect("an id"),
                            number(m),
                            day_of(&m["due_on"]).expect("a day"),
                            m["dropped_why"].as_str(),
                        )
                    })
                    .collect();
                members.sort();
                let members: Vec<_> =
                    members.into_iter().map(|(_, number, due, why)| (number, due, why)).collect();
                let campaign = step["campaign_id"].as_str();
                format!(
                    "{} {} {campaign:?} {} named {named:?} of {members:?}",
                    text("kind"),
                    text("addressee_name"),
                    text("state")
                )
            })
            .collect();
        there.sort();
        let wanted = self.oracle.shown();
        let missing: Vec<_> = wanted.iter().filter(|w| !there.contains(w)).collect();
        let more: Vec<_> = there.iter().filter(|t| !wanted.contains(t)).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "{}: missing {missing:#?}, too many {more:#?}",
            self.today
        );
        assert_eq!(there.len(), wanted.len());
    }

    fn compare_states(&self) {
        for f in &self.oracle.findings {
            let now = detail(&self.node, &f.id);
            assert_eq!((&now["state"], day_of(&now["due_on"])), (&json!(f.state), f.due), "{}", f.number);
        }
    }

    /// A day on which the server is awake.
    fn day(&mut self) {
        self.ticks(0);
        self.compare_marks();
        self.node.clock.set(at(self.today, 10));
        for n in 0..self.oracle.findings.len() {
            if self.rng.u8(..100) < 14 {
                self.act(n);
            }
        }
        if self.rng.u8(..5) == 0 {
            self.settle_a_draft();
        }
        if self.oracle.findings.len() < 60 && self.rng.u8(..3) == 0 {
            self.find_again();
        }
        if self.rng.u8(..3) == 0 {
            self.ticks(15);
            self.compare_marks();
        }
    }

    /// What was closed fails again.
    fn find_again(&mut self) {
        let open = |f: &Finding, all: &[Finding]| {
            all.iter().any(|o| !o.ended() && (&o.facility, o.code) == (&f.facility, f.code))
        };
        let all = self.oracle.findings.clone();
        if let Some(f) = all.iter().find(|f| f.ended() && !open(f, &all)) {
            self.find(&f.facility, &[f.code], false, f.campaign.as_deref());
        }
    }
}

fn day_of(value: &Value) -> Option<NaiveDate> {
    value.as_str().map(|text| text.parse().expect("a day"))
}

fn a_year_agrees_with_the_oracle(app: &TestApp) {
    let offices = [Place::Own, Place::Sibling].map(|place| {
        let street = app.world.area(place).to_string();
        let view = app.as_(Caller::Supervisor).get(&format!("/areas/{street}")).ok();
        (street, view["office_name"].as_str().expect("an office").to_string())
    });
    let oracle = Oracle {
        days: Workdays::read(),
        findings: vec![],
        drafts: vec![],
        said: vec![],
        offices: offices.into(),
    };
    let (today, rng) = (business_date(app.clock.now()), fastrand::Rng::with_seed(20_260_803));
    let mut play = Play { node: app.second_node(), rng, oracle, today, ticks: 0, acts: BTreeMap::new() };
    let mut direct = build::facility_body(app, Place::Own, Station);
    (direct["route"], direct["operator_name"]) = (json!("direct"), json!("区社会福利院"));
    let direct = id(&app.as_(Caller::Drafter).post("/facilities", &direct).created());
    let places = [Place::Own, Place::Own, Place::Sibling, Place::Own]
        .map(|place| id(&build::facility(app, place, Station)));
    let campaign = id(&build::campaign(app, Place::District, &[Station]));
    play.find(&places[0], &CODES, false, None);
    play.find(&places[1], &CODES, false, Some(&campaign));
    play.find(&places[2], &CODES, false, None);
    play.find(&places[3], &CODES, true, None);
    play.find(&direct, &CODES, false, None);
    let end = today + Days::new(365);
    play.today = today + Days::new(1);
    while play.today < end {
        play.day();
        if play.rng.u8(..6) == 0 {
            play.node = play.node.second_node();
            play.compare_drafts();
            play.compare_notices();
        }
        let slept = if play.rng.u8(..12) == 0 { play.rng.u64(8..25) } else { play.rng.u64(1..5) };
        play.today = play.today + Days::new(slept);
    }
    play.ticks(0);
    play.compare_marks();
    play.compare_drafts();
    play.compare_notices();
    play.compare_states();
    let marks: BTreeSet<(&str, &str)> = play
        .oracle
        .findings
        .iter()
        .flat_map(|f| f.marks.iter().map(|(mark, told)| (mark.0, told.0)))
        .collect();
    assert_eq!(marks.len(), 8, "every sort of mark was there: {marks:?}");
    assert!(play.acts.len() >= 13, "everything happened: {:?}", play.acts);
    let states: BTreeSet<&str> = play.oracle.drafts.iter().map(|d| d.state).collect();
    assert!(states.len() >= 3 && play.oracle.drafts.len() > 10, "{states:?}");
}
