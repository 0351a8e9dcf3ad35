//! From a failing item to a finding. What the bureau's own officers find is confirmed by them at once, and served when
//! the sheet was handed over on site; a third party's finding is advice until the bureau confirms it, and a 重大 one
//! waits for a second person. An item that fails while its finding is unsettled is observed again, not opened twice.

use super::on_site::{self, OnSite};
use super::recheck::Became;
use super::record::{advance, leave};
use super::rules::{Event, Move, State, Who, decide};
use super::steps::case_of;
use super::store::{self, FindingRow};
use super::{ServiceMethod, Source, deadlines};
use crate::checklists::{Item, Severity};
use crate::clock::business_date;
use crate::db::{Tx, counter};
use crate::directory::{self, FacilityNow};
use crate::fault::{Fault, Outcome};
use crate::ids::{CampaignId, FindingId, InspectionId, ItemId, UserId};
use crate::settings::{self, Relapse};
use chrono::{DateTime, Datelike as _, Months, Utc};
use serde_json::{Value, json};

/// A failing item, in neutral terms: who looked and why does not matter here.
#[derive(Debug, Clone)]
pub struct OpenFinding<'a> {
    /// Where it was found.
    pub facility: &'a FacilityNow,
    /// The item.
    pub item: &'a Item,
    /// The campaign, if any.
    pub campaign_id: Option<CampaignId>,
    /// The inspection, if any.
    pub inspection_id: Option<InspectionId>,
    /// What was seen.
    pub description: &'a str,
    /// Who found it: whoever was there, which need not be who acts.
    pub found_by: UserId,
    /// Found by a third party.
    pub third_party: bool,
    /// How the sheet was handed over on site, if it was.
    pub service: Option<ServiceMethod>,
    /// It was put right on the spot.
    pub on_site: Option<OnSite<'a>>,
}

/// What became of a failing item.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Opened {
    /// The finding.
    pub id: FindingId,
    /// Its number.
    pub number: String,
    /// The item.
    pub item_id: ItemId,
    /// Its code.
    pub item_code: String,
    /// How grave it is.
    pub severity: Severity,
    /// Where it stood after this.
    pub state: State,
    /// It was open already and was seen again (再次发现).
    pub observed: bool,
    /// Of a recheck: what it made of the finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
}

/// Opens a finding, or adds an observation to the one that is unsettled.
///
/// # Errors
/// The database's.
pub fn open_for(tx: &mut Tx<'_>, new: &OpenFinding<'_>) -> Outcome<Opened> {
    let unsettled = store::unsettled_of(tx.conn(), new.facility.id, &new.item.code)?;
    let observed = unsettled.is_some();
    let mut row = match unsettled {
        Some(row) => observe(tx, row, new)?,
        None => {
            let mut row = fresh(tx, new)?;
            store::insert(tx.conn(), &row)?;
            leave(tx, &row, "opened", None, None, &said(new, json!({})))?;
            settle_on_site(tx, &mut row, new)?;
            row
        }
    };
    on_site::claim(tx, &mut row, new)?;
    Ok(opened(&row, new.item, observed))
}

/// What the history tells of what was seen, with what was put right on the spot: also where that is no claim.
fn said(new: &OpenFinding<'_>, mut detail: Value) -> Value {
    detail["inspection"] = json!(new.inspection_id);
    if let Some(fixed) = &new.on_site {
        detail["on_site"] = json!({ "measures": fixed.measures });
    }
    detail
}

pub(super) fn opened(row: &FindingRow, item: &Item, observed: bool) -> Opened {
    Opened {
        id: row.id,
        number: row.number.clone(),
        item_id: item.id,
        item_code: row.item_code.clone(),
        severity: row.severity,
        state: row.state,
        observed,
        became: None,
    }
}

/// Counted once, the earlier deadline kept. What a third party found and an officer now sees is no longer only advice.
fn observe(tx: &mut Tx<'_>, mut row: FindingRow, new: &OpenFinding<'_>) -> Outcome<FindingRow> {
    row.observations += 1;
    let (state, detail) = (row.state, said(new, json!({ "note": new.description })));
    advance(tx, &mut row, "observed", state, None, &detail)?;
    if row.state == State::Open {
        settle_on_site(tx, &mut row, new)?;
    }
    Ok(row)
}

/// Numbers run by street and year, so that streets do not wait for each other: 440105007-2026-0012.
fn number(tx: &mut Tx<'_>, street_code: &str) -> Outcome<String> {
    let year = business_date(tx.now()).year();
    let seq = counter::take(tx.conn(), &format!("finding:{street_code}:{year}"), 1)?;
    Ok(format!("{street_code}-{year}-{seq:04}"))
}

fn months_before(at: DateTime<Utc>, months: u32) -> DateTime<Utc> {
    at.checked_sub_months(Months::new(months)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A finding that is not stored yet.
pub(super) fn fresh(tx: &mut Tx<'_>, new: &OpenFinding<'_>) -> Outcome<FindingRow> {
    let (facility, item) = (new.facility, new.item);
    let street = directory::street(tx.conn(), facility.street_id)?;
    let relapse: Relapse = settings::get(tx.conn())?;
    let since = months_before(tx.now(), relapse.months);
    let repeat_of = store::last_closed(tx.conn(), facility.id, &item.code, since.into())?;
    let shorter = repeat_of.is_some() && relapse.halves_term;
    Ok(FindingRow {
        id: tx.new_id(),
        number: number(tx, &street.code)?,
        facility_id: facility.id,
        facility_name: facility.name.clone(),
        street_id: facility.street_id,
        campaign_id: new.campaign_id,
        inspection_id: new.inspection_id,
        item_id: item.id,
        item_code: item.code.clone(),
        category: item.category.clone(),
        severity: item.severity,
        proof: item.proof,
        description: new.description.to_string(),
        source: if new.third_party { Source::ThirdParty } else { Source::Inspection },
        third_party: new.third_party,
        route: facility.route,
        state: State::Open,
        repeat_of,
        parent_id: None,
        found_by: new.found_by,
        found_at: tx.ts(),
        confirmed_by: None,
        confirmed_at: None,
        clause: None,
        service_method: None,
        served_at: None,
        term_days: i32::from(if shorter { item.term.days.div_ceil(2) } else { item.term.days }),
        term_unit: item.term.unit,
        due_on: None,
        due_rule: None,
        calendar_version: None,
        due_provisional: false,
        claimed_by: None,
        claimed_on: None,
        claimed_at: None,
        checked_by: None,
        check_outcome: None,
        reinspected_by: None,
        reinspected_ok: None,
        reinspected_at: None,
        closed_by: None,
        closed_at: None,
        observations: 0,
        responsible_unit: facility.operator_name.clone(),
        responsible_post: "设施负责人".into(),
        responsible_person: facility.contact_name.clone(),
        revision: 1,
        joint: false,
        long_term: false,
        drawn: false,
        due_original: None,
        due_confirmed_by: None,
        paused_at: None,
        resume_to: None,
        paused_until: None,
    })
}

/// The officer's own confirmation, and the service of the sheet that was handed over. A third party can give neither, and a
/// 重大 finding waits for a second person.
fn settle_on_site(tx: &mut Tx<'_>, row: &mut FindingRow, new: &OpenFinding<'_>) -> Outcome<()> {
    if new.third_party || row.severity == Severity::Major {
        return Ok(());
    }
    let who = Who::with(new.found_by, vec![], false);
    ask_table(tx, row, Event::Confirm { clause: false }, &who)?;
    row.confirmed_by = Some(who.id);
    row.confirmed_at = Some(tx.ts());
    advance(tx, row, "confirmed", State::Confirmed, None, &json!({ "by": "officer" }))?;
    let Some(method) = new.service else { return Ok(()) };
    ask_table(tx, row, Event::Serve, &who)?;
    date(tx, row)?;
    row.service_method = Some(method);
    row.served_at = Some(tx.ts());
    let detail = json!({ "method": method, "due_on": row.due_on });
    advance(tx, row, "served", State::Served, Some(method.label()), &detail)
}

/// Asks the table, so that nothing here can differ from what it allows.
pub(super) fn ask_table(tx: &mut Tx<'_>, row: &FindingRow, event: Event, who: &Who) -> Outcome<Move> {
    let case = case_of(tx.conn(), row)?;
    let at = tx.now();
    decide(&case, event, who).map_err(|r| Fault::internal(format!("{} at {at}: {}", event.name(), r.code)))
}

/// Writes the suggested due date of a finding that is served now.
pub(super) fn date(tx: &mut Tx<'_>, row: &mut FindingRow) -> Outcome<()> {
    let calendar = crate::calendar::load(tx.conn())?;
    let deadline = deadlines::suggest(business_date(tx.now()), row.term()?, row.severity, &calendar);
    row.due_on = Some(deadline.due_on);
    row.due_original = row.due_on;
    row.due_rule = Some(deadline.rule);
    row.calendar_version = Some(deadline.calendar_version);
    row.due_provisional = deadline.provisional;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_back_ends_on_the_last_day_there_is() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(months_before(at("2028-02-29T00:00:00Z"), 12), at("2027-02-28T00:00:00Z"));
    }
}
