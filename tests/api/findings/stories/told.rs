//! What a story knows of the ways beside the straight one: what was asked for and decided, what was passed on, how long the
//! clock stands still. It is kept from what happened, not read from the answers; only ids and due days are.

use crate::app::TestApp;
use crate::build::{Photo, id, unique};
use crate::people::Caller;
use chrono::{DateTime, Days, NaiveDate, Utc};
use fastrand::Rng;
use serde_json::{Value, json};
use yixun::calendar::rules::WorkCalendar;
use yixun::clock::business_date;
use yixun::db::types::Coded as _;
use yixun::findings::rules::{Asked, Case, Decided, Event, RequestKind, State};
use yixun::ids::UserId;

struct Request {
    id: String,
    kind: RequestKind,
    asked_by: UserId,
    waits: bool,
}

struct Referral {
    id: String,
    to_fire: bool,
    received: bool,
    reported: bool,
}

/// What is known.
pub struct Told {
    calendar: WorkCalendar,
    /// Who runs the place.
    pub operator: String,
    changed_hands: bool,
    /// The files of the last termination asked for, who sends them, and whether they have.
    pub files: Vec<(Photo, Caller, bool)>,
    requests: Vec<Request>,
    referrals: Vec<Referral>,
    stages: [bool; 2],
    confirmed: bool,
    paused_until: Option<NaiveDate>,
    /// The body of the last try says until when.
    wanted: Option<NaiveDate>,
    to_fire: bool,
}

fn day(value: &Value) -> Option<NaiveDate> {
    value.as_str().map(|text| text.parse().expect("a day"))
}

fn late(view: &Value, now: DateTime<Utc>) -> bool {
    day(&view["due_on"]).is_some_and(|due| business_date(now) > due)
}

impl Told {
    pub fn new(app: &TestApp, operator: String) -> Self {
        Self {
            calendar: app.read(yixun::calendar::load),
            operator,
            changed_hands: false,
            files: vec![],
            requests: vec![],
            referrals: vec![],
            stages: [false; 2],
            confirmed: false,
            paused_until: None,
            wanted: None,
            to_fire: false,
        }
    }

    /// Another operator, once a story.
    pub fn changes_hands(&mut self) -> bool {
        if std::mem::replace(&mut self.changed_hands, true) {
            return false;
        }
        self.operator = format!("接手的运营机构{}", unique());
        true
    }

    /// Something asked for waits for its decision.
    pub fn awaits(&self) -> bool {
        self.requests.iter().any(|r| r.waits)
    }

    /// The suspension is over.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.paused_until.is_some_and(|last| business_date(now) > last)
    }

    /// Something beside the straight way, and which request, referral or stage it is about.
    pub fn draw(&self, rng: &mut Rng, view: &Value, now: DateTime<Utc>) -> (Event, usize) {
        let (request, referral) = (self.requests.len(), self.referrals.len());
        match rng.u8(..20) {
            0 => (Event::SetDeadline, 0),
            4..9 if request > 0 => {
                // Mostly what waits.
                let waits = self.requests.iter().rposition(|r| r.waits).filter(|_| rng.u8(..4) > 0);
                let of = waits.unwrap_or_else(|| rng.usize(..request));
                (Event::Decide(self.decided(rng.u8(..3) > 0, of, view, now)), of)
            }
            9 => (Event::Suspend, 0),
            10 | 11 => (Event::Resume, 0),
            12 => (Event::Refer { imminent: rng.bool() }, 0),
            13 if referral > 0 => {
                let of = rng.usize(..referral);
                (Event::ReceiveReferral { to_fire: self.referrals[of].to_fire }, of)
            }
            14 if referral > 0 => {
                let of = rng.usize(..referral);
                (Event::ReportReferral { to_fire: self.referrals[of].to_fire }, of)
            }
            15 => (Event::Assign, 0),
            16 | 17 => (Event::Stage, rng.usize(..2)),
            18 => (Event::BrigadeCheck { passed: rng.u8(..3) > 0 }, 0),
            19 => (Event::Contact, 0),
            _ => (Event::Ask(self.asked(rng, view, now)), 0),
        }
    }

    fn asked(&self, rng: &mut Rng, view: &Value, now: DateTime<Utc>) -> Asked {
        let kind = RequestKind::ALL[rng.usize(..RequestKind::ALL.len())];
        let served = view["served_at"].as_str().map(|at| at.parse::<DateTime<Utc>>().expect("a time"));
        let last = served.map(|at| self.calendar.add_working_days(business_date(at), 3).value);
        let (late, grounded) = match kind {
            RequestKind::Extension => (late(view, now), true),
            RequestKind::Dispute => (last.is_some_and(|last| business_date(now) > last), true),
            RequestKind::LongTerm => (false, rng.u8(..4) > 0),
            RequestKind::Termination => (false, self.changed_hands),
        };
        let pending = self.requests.iter().any(|r| r.kind == kind && r.waits);
        Asked { kind, pending, late, grounded }
    }

    fn decided(&self, granted: bool, of: usize, view: &Value, now: DateTime<Utc>) -> Decided {
        let Request { kind, asked_by, .. } = self.requests[of];
        let missing = self.files.iter().filter(|(.., arrived)| !arrived).count();
        let files_missing = if kind == RequestKind::Termination { missing } else { 0 };
        Decided { kind, granted, overdue: late(view, now), asked_by, files_missing }
    }

    /// What is refused before the table is asked.
    pub fn before_the_table(&self, event: Event, of: usize) -> Option<&'static str> {
        match event {
            Event::Decide(_) if !self.requests[of].waits => Some("already_decided"),
            _ => None,
        }
    }

    /// What is refused although the table allows it.
    pub fn after_the_table(&self, event: Event, of: usize) -> Option<&'static str> {
        match event {
            Event::SetDeadline if self.confirmed => Some("deadline_confirmed"),
            Event::ReceiveReferral { .. } if self.referrals[of].received => Some("already_received"),
            Event::ReportReferral { .. } if self.referrals[of].reported => Some("already_reported"),
            Event::Stage if self.stages[of] => Some("already_done"),
            _ => None,
        }
    }

    /// What is sent, with the files that it announces.
    pub fn body(
        &mut self,
        rng: &mut Rng,
        event: Event,
        of: usize,
        view: &Value,
        now: DateTime<Utc>,
    ) -> (Vec<Photo>, String, Value) {
        let today = business_date(now);
        let due = day(&view["due_on"]).unwrap_or(today);
        let (what, body) = match event {
            Event::SetDeadline => ("deadlines".into(), json!({"due_on": due})),
            Event::Ask(asked) => return self.request(asked, due, today),
            Event::Decide(Decided { kind, granted, .. }) => {
                let result = if granted { "granted" } else { "refused" };
                let mut body = json!({"result": result, "note": "经研究决定"});
                if granted && kind == RequestKind::Extension {
                    body["until"] = json!(due + Days::new(5));
                }
                (format!("requests/{}/decisions", self.requests[of].id), body)
            }
            Event::Suspend => {
                let until = today + Days::new(rng.u64(..15));
                self.wanted = Some(until);
                ("suspensions".into(), json!({"until": until, "reason": "台风停工"}))
            }
            Event::Resume => ("resumptions".into(), json!({"reason": "台风已过"})),
            Event::Refer { imminent } => {
                self.to_fire = rng.bool();
                let agency = if self.to_fire { "fire" } else { "housing" };
                let body = json!({"agency": agency, "addressee": "示例部门", "imminent": imminent, "matter": "移送处理"});
                ("referrals".into(), body)
            }
            Event::ReceiveReferral { .. } => {
                (format!("referrals/{}/receipts", self.referrals[of].id), json!({"note": "已收到"}))
            }
            Event::ReportReferral { .. } => {
                (format!("referrals/{}/results", self.referrals[of].id), json!({"note": "已处理"}))
            }
            Event::Assign => {
                let body = json!({"unit": view["responsible_unit"], "post": "院长", "person": "试验丁", "reason": "人员调整"});
                ("assignments".into(), body)
            }
            Event::Contact => {
                let body =
                    json!({"method": "call", "person": "试验丁", "note": "催办", "happened_on": today});
                ("contacts".into(), body)
            }
            Event::Stage => (format!("stages/{}/completions", of + 1), json!({"note": "阶段已完成"})),
            Event::BrigadeCheck { passed } => {
                let result = if passed { "pass" } else { "fail" };
                ("brigade-checks".into(), json!({"result": result, "note": "大队复查"}))
            }
            event => unreachable!("{event:?} is of the straight way"),
        };
        (vec![], what, body)
    }

    fn request(&self, asked: Asked, due: NaiveDate, today: NaiveDate) -> (Vec<Photo>, String, Value) {
        let why = "情况说明附后";
        let (what, body) = match asked.kind {
            RequestKind::Extension => {
                ("extensions", json!({"until": due.max(today) + Days::new(10), "reason": why}))
            }
            RequestKind::Dispute => ("disputes", json!({"reason": why})),
            RequestKind::LongTerm => {
                let stage = |n| json!({"title": "阶段目标", "due_on": today + Days::new(n)});
                let stages = if asked.grounded { vec![stage(60), stage(120)] } else { vec![] };
                ("long-terms", json!({"reason": why, "stages": stages}))
            }
            RequestKind::Termination => {
                let files = vec![Photo::new("document", None), Photo::new("scene", None)];
                let declared: Vec<Value> = files.iter().map(Photo::declared).collect();
                let body = json!({"ground": "operator_changed", "reason": why, "files": declared});
                return (files, "terminations".into(), body);
            }
        };
        (vec![], what.into(), body)
    }

    /// Notes what has happened by somebody; `now` is the answer.
    pub fn happened(&mut self, event: Event, of: usize, who: UserId, now: &Value, case: &mut Case) {
        let last = |list: &str| id(now[list].as_array().and_then(|all| all.last()).expect("a new one"));
        match event {
            Event::SetDeadline => self.confirmed = true,
            Event::Ask(asked) => {
                let id = last("requests");
                self.requests.push(Request { id, kind: asked.kind, asked_by: who, waits: true });
            }
            Event::Decide(decided) => {
                self.requests[of].waits = false;
                let sets = matches!(decided.kind, RequestKind::Extension | RequestKind::LongTerm);
                self.confirmed |= decided.granted && sets;
                if decided.granted && decided.kind == RequestKind::LongTerm {
                    (case.long_term, self.stages) = (true, [false; 2]);
                }
            }
            Event::Suspend => self.paused_until = self.wanted,
            Event::Refer { .. } => {
                let (id, to_fire) = (last("referrals"), self.to_fire);
                self.referrals.push(Referral { id, to_fire, received: false, reported: false });
            }
            Event::ReceiveReferral { .. } => self.referrals[of].received = true,
            Event::ReportReferral { .. } => {
                (self.referrals[of].received, self.referrals[of].reported) = (true, true);
            }
            Event::Stage => self.stages[of] = true,
            _ => {}
        }
        case.referral_pending = self.referrals.iter().any(|r| !r.reported);
    }

    /// Whatever the step was: where it goes back to, and what nobody decides any more.
    pub fn moved_on(&mut self, from: State, to: State, case: &mut Case) {
        let stands = |state| matches!(state, State::Suspended | State::Disputed);
        match (stands(from), stands(to)) {
            (false, true) => case.resume_to = Some(from),
            (true, false) => (case.resume_to, self.paused_until) = (None, None),
            _ => {}
        }
        if !to.is_unsettled() {
            self.requests.iter_mut().for_each(|request| request.waits = false);
        }
    }
}
