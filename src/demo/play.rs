//! The quarter, day by day: visits in the morning, what the offices do in the afternoon, and at the end the letters.
//! The clock moves only while no request is under way.

use super::client::{Api, Session};
use super::loops::{self, Todo};
use super::progress::Stage;
use super::seed::{DISTRICT, Person};
use super::table::Outcome;
use super::visits::{self, Campaigns, Plan};
use super::{mail, measured};
use crate::access::Role;
use crate::calendar::rules::{WorkCalendar, YearStatus};
use crate::clock::{Clock as _, SHANGHAI, SetClock};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first day of the campaigns, on which they are planned.
pub const BEGIN: NaiveDate = day(2026, 7, 6);
/// The day on which the letters are drafted and submitted; they are issued on the working day after.
pub const LETTERS: NaiveDate = day(2026, 10, 12);
/// The name of the campaign.
pub const CAMPAIGN: &str = "2026年第三季度居家社区养老服务设施质量检查";
const FIRE_CAMPAIGN: &str = "2026年养老机构消防安全督导";
/// Requests at a time.
const THREADS: usize = 4;

/// A day of the calendar.
pub const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => panic!("a valid day"),
    }
}

/// A moment of a day in Asia/Shanghai.
pub fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let moment = day.and_hms_opt(hour, minute, 0).unwrap_or_default();
    moment.and_local_timezone(SHANGHAI).single().map_or(DateTime::<Utc>::MIN_UTC, |at| at.with_timezone(&Utc))
}

/// The working calendar that the server has loaded, too.
pub fn working_calendar() -> WorkCalendar {
    let text = include_bytes!("../../assets/calendar/cn-2022-2026.csv");
    let days = crate::calendar::import::parse(text).rows.into_iter().map(|d| (d.date, d.kind));
    WorkCalendar::new(days, [(2026, YearStatus::Confirmed)], String::new())
}

/// The quarter while it is played.
pub struct Quarter {
    api: Api,
    pub clock: SetClock,
    people: Vec<Person>,
    sessions: Mutex<HashMap<String, Session>>,
    pub calendar: WorkCalendar,
    items: Mutex<HashMap<String, Vec<Value>>>,
}

/// A quarter that has been played.
pub struct Played {
    quarter: Quarter,
    campaign: String,
    letters: Vec<Value>,
}

impl Quarter {
    /// A quarter against the API at `address`.
    pub fn new(address: SocketAddr, clock: SetClock, people: Vec<Person>) -> Self {
        let (sessions, items) = (Mutex::default(), Mutex::default());
        Self { api: Api::new(address), clock, people, sessions, calendar: working_calendar(), items }
    }

    /// Everybody.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Business time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Who holds a role, in order.
    pub fn holders(&self, role: Role, street: Option<&str>) -> Vec<&Person> {
        let holds = |p: &&Person| {
            p.member.role == role && street.is_none_or(|s| p.member.street_code.as_deref() == Some(s))
        };
        self.people.iter().filter(holds).collect()
    }

    /// The person of a login name.
    ///
    /// # Errors
    /// There is none.
    pub fn person(&self, username: &str) -> Result<&Person, String> {
        let found = self.people.iter().find(|p| p.member.username == username);
        found.ok_or_else(|| format!("没有演示账号 {username}"))
    }

    /// A logged-in session of a person.
    ///
    /// # Errors
    /// What the server answered.
    pub fn session(&self, username: &str) -> Result<Session, String> {
        if let Some(session) = lock(&self.sessions).get(username) {
            return Ok(session.clone());
        }
        let session = self.api.login(username, &self.person(username)?.password)?;
        lock(&self.sessions).insert(username.into(), session.clone());
        Ok(session)
    }

    /// A session of the `n`-th holder of a role.
    ///
    /// # Errors
    /// What the server answered.
    pub fn session_of(&self, role: Role, street: Option<&str>, n: usize) -> Result<Session, String> {
        let holders = self.holders(role, street);
        let person = holders.get(n).ok_or_else(|| format!("演示缺少{}", role.label()))?;
        self.session(&person.member.username)
    }

    fn is_working(&self, day: NaiveDate) -> bool {
        self.calendar.is_working_day(day).value
    }

    /// The `n`-th working day after.
    pub fn later(&self, day: NaiveDate, n: u16) -> NaiveDate {
        self.calendar.add_working_days(day, n).value
    }

    /// The newest check items of a kind of facility; asked for once.
    ///
    /// # Errors
    /// What the server answered.
    pub fn items_of(&self, kind: &str) -> Result<Vec<Value>, String> {
        if let Some(items) = lock(&self.items).get(kind) {
            return Ok(items.clone());
        }
        let drafter = self.session_of(Role::Drafter, None, 0)?;
        let checklist = text(&drafter.get("/checklists")?["items"][0], "id");
        let list = drafter.get(&format!("/checklists/{checklist}?kind={kind}"))?;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        lock(&self.items).insert(kind.into(), items.clone());
        Ok(items)
    }

    /// Plays it.
    ///
    /// # Errors
    /// The first request that the server refused.
    pub fn play(self) -> Result<Played, String> {
        let campaigns = self.campaigns()?;
        measured::set_targets(&self)?;
        let plan = visits::plan(&self, &campaigns)?;
        let found = self.walk(&plan)?;
        measured::import(&self)?;
        println!("共发现问题 {found} 个，开始起草提醒函");
        let letters = mail::send(&self, &campaigns.community)?;
        Ok(Played { quarter: self, campaign: campaigns.community, letters })
    }

    /// Walks through the working days up to the letters; returns the number of findings.
    fn walk(&self, plan: &Plan) -> Result<usize, String> {
        let stage = Stage::start("走访检查、整改与销号", plan.values().map(Vec::len).sum::<usize>() as u64);
        let mut todo: BTreeMap<NaiveDate, Vec<Todo>> = BTreeMap::new();
        let mut found = 0;
        let days = BEGIN.iter_days().take_while(|day| *day <= LETTERS);
        for today in days.filter(|day| self.is_working(*day)) {
            let visits = plan.get(&today).map(Vec::as_slice).unwrap_or_default();
            // The phones send at noon what was seen in the morning.
            self.clock.set(at(today, 12, 0));
            let cases = self.in_parallel(visits, |visit| {
                let cases = visits::make(self, visit, today)?;
                stage.advance(1);
                Ok(cases)
            })?;
            for case in cases.into_iter().flatten() {
                found += 1;
                loops::schedule(&self.calendar, &case, today, &mut todo);
            }
            loops::work_off(self, today, todo.remove(&today).unwrap_or_default())?;
        }
        stage.finish();
        Ok(found)
    }

    /// Does work on several threads, in any order; after a refusal nothing new is begun.
    ///
    /// # Errors
    /// The first refusal, in the order of the work.
    pub fn in_parallel<T: Sync, R: Send>(
        &self,
        work: &[T],
        one: impl Fn(&T) -> Result<R, String> + Sync,
    ) -> Result<Vec<R>, String> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Result<R, String>)>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..THREADS.min(work.len()) {
                scope.spawn(|| {
                    while let Some((n, item)) = take(&next, work) {
                        let result = one(item);
                        if result.is_err() {
                            next.store(work.len(), Ordering::Relaxed);
                        }
                        lock(&done).push((n, result));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(n, _)| *n);
        done.into_iter().map(|(_, result)| result).collect()
    }

    /// Plans both campaigns.
    fn campaigns(&self) -> Result<Campaigns, String> {
        let drafter = self.session_of(Role::Drafter, None, 0)?;
        let district = drafter.all("/areas?level=district")?;
        let district = district.iter().find(|d| d["code"] == DISTRICT).ok_or("没有演示的区")?;
        let campaign = |name: &str, kind: &str, kinds: &[&str]| {
            let new = json!({
                "name": name, "kind": kind, "area_id": district["id"], "starts_on": BEGIN, "ends_on": "2026-09-30",
                "reply_due": mail::REPLY_DUE
            });
            let id = text(&drafter.post("/campaigns", &new)?, "id");
            drafter.post(&format!("/campaigns/{id}/targets"), &json!({ "kinds": kinds }))?;
            Ok::<String, String>(id)
        };
        Ok(Campaigns {
            community: campaign(CAMPAIGN, "community_quality", &["station", "canteen", "center"])?,
            fire: campaign(FIRE_CAMPAIGN, "fire_supervision", &["institution"])?,
        })
    }
}

/// The next piece of work that nobody has taken.
fn take<'a, T>(next: &AtomicUsize, work: &'a [T]) -> Option<(usize, &'a T)> {
    let n = next.fetch_add(1, Ordering::Relaxed);
    work.get(n).map(|item| (n, item))
}

impl Played {
    /// Saves the documents and counts per street.
    ///
    /// # Errors
    /// What the server answered.
    pub fn finish(self, folder: &Path) -> Result<Outcome, String> {
        mail::save(&self.quarter, &self.letters, folder)?;
        Outcome::read(&self.quarter, &self.campaign, &self.letters)
    }
}

/// A text field.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quarter_begins_and_ends_on_working_days() {
        let calendar = working_calendar();
        for day in [BEGIN, LETTERS, calendar.add_working_days(LETTERS, 1).value] {
            assert!(calendar.is_working_day(day).value, "{day}");
        }
        assert_eq!(at(LETTERS, 17, 30).to_rfc3339(), "2026-10-12T09:30:00+00:00");
    }
}
