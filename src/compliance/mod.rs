//! Which facility complies, and which street is closed: read from the ledger at any moment, nothing is kept. A facility
//! is `overdue` when any of its findings is; `rectifying` while any is unsettled, also one that the bureau has not yet
//! confirmed; `compliant` when it was inspected with all evidence and nothing is open; otherwise `not_inspected`, which is
//! never called compliant. A street's loop is closed only at y of y: whatever is disputed, suspended or on account is open.

mod store;

use crate::access::Places;
use crate::campaigns;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::db::page::{Page, PageAsk, page};
use crate::db::types::coded;
use crate::directory::FacilityKind;
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::ids::{AreaId, CampaignId, FacilityId};
use chrono::{DateTime, NaiveDate, Utc};

coded! {
    /// Whether a facility complies.
    pub enum Compliance {
        /// A finding is past its due day.
        Overdue = "overdue" "逾期未整改",
        /// Findings are open.
        Rectifying = "rectifying" "整改中",
        /// Inspected, and nothing open.
        Compliant = "compliant" "合格",
        /// Not inspected, or with evidence missing.
        NotInspected = "not_inspected" "未检查",
    }
}

/// A facility and whether it complies.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FacilityCompliance {
    /// The facility.
    pub facility_id: FacilityId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Its street.
    pub street_id: AreaId,
    /// Whether it complies.
    pub status: Compliance,
    /// When it was last inspected with all evidence.
    pub inspected_at: Option<DateTime<Utc>>,
    /// Numbers of its unsettled findings.
    pub findings: Vec<String>,
    /// Those of them that are overdue.
    pub overdue: Vec<String>,
}

/// How far a street is in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct StreetCompliance {
    /// The street.
    pub street_id: AreaId,
    /// Its name.
    pub street_name: String,
    /// Facilities to be inspected.
    pub planned: i64,
    /// Inspected with all evidence.
    pub inspected: i64,
    /// Findings that the bureau has confirmed, the withdrawn not counted.
    pub findings: i64,
    /// Of these, closed.
    pub closed: i64,
    /// Of these, ended because their place changed: never counted as rectified, and nothing that is open either.
    pub terminated: i64,
    /// Of these, past their due day and not closed.
    pub overdue: i64,
    /// Found by a third party and not yet confirmed; not counted above.
    pub unconfirmed: i64,
    /// Everything planned is inspected and no finding is open.
    pub closed_loop: bool,
}

/// What is known of a facility's findings: the input of [`judge`].
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// The finding's number.
    pub number: String,
    /// Where it stands.
    pub state: State,
    /// Its due day.
    pub due_on: Option<NaiveDate>,
}

/// Whether a facility complies on `today`: PURE.
pub fn judge(inspected: bool, unsettled: &[OpenLine], today: NaiveDate) -> Compliance {
    if unsettled.iter().any(|line| line.state.is_late(line.due_on, today)) {
        Compliance::Overdue
    } else if !unsettled.is_empty() {
        Compliance::Rectifying
    } else if inspected {
        Compliance::Compliant
    } else {
        Compliance::NotInspected
    }
}

/// Which facilities.
#[derive(Debug, Clone, Default)]
pub struct ComplianceFilter {
    /// Only targets of this campaign; then only its inspections count.
    pub campaign_id: Option<CampaignId>,
    /// Only in this street.
    pub street_id: Option<AreaId>,
    /// Only with this status.
    pub status: Option<Compliance>,
}

/// Facilities looked at in one go.
const CHUNK: i64 = 200;

/// Facilities by code, within places.
///
/// # Errors
/// Missing campaign; a bad page.
pub fn facilities(
    conn: &mut AnyConn,
    places: &Places,
    filter: &ComplianceFilter,
    ask: &PageAsk,
    now: DateTime<Utc>,
) -> Outcome<Page<FacilityCompliance>> {
    if let Some(id) = filter.campaign_id {
        campaigns::campaign_in(conn, places, id)?;
    }
    let limit = ask.limit()?;
    let mut after: Option<String> = ask.after()?;
    let wanted = usize::try_from(limit).unwrap_or(0) + 1;
    let mut found: Vec<FacilityCompliance> = vec![];
    while found.len() < wanted {
        let chunk = store::facilities(conn, places, filter, None, after.as_deref(), CHUNK)?;
        let Some(last) = chunk.last() else { break };
        after = Some(last.code.clone());
        let short = (chunk.len() as i64) < CHUNK;
        let judged = judged(conn, chunk, filter.campaign_id, now)?;
        found.extend(judged.into_iter().filter(|f| filter.status.is_none_or(|s| s == f.status)));
        if short {
            break;
        }
    }
    found.truncate(wanted);
    Ok(page(found, limit, |f: &FacilityCompliance| f.code.clone(), |f| f))
}

/// One facility, within places.
///
/// # Errors
/// Missing.
pub fn facility(
    conn: &mut AnyConn,
    places: &Places,
    id: FacilityId,
    now: DateTime<Utc>,
) -> Outcome<FacilityCompliance> {
    let one = store::facilities(conn, places, &ComplianceFilter::default(), Some(id), None, 1)?;
    judged(conn, one, None, now)?.pop().ok_or_else(|| Fault::missing("设施"))
}

fn judged(
    conn: &mut AnyConn,
    facilities: Vec<store::Facility>,
    campaign: Option<CampaignId>,
    now: DateTime<Utc>,
) -> Outcome<Vec<FacilityCompliance>> {
    let ids: Vec<FacilityId> = facilities.iter().map(|f| f.id).collect();
    let inspected = store::last_complete(conn, &ids, campaign)?;
    let mut unsettled = store::unsettled(conn, &ids)?;
    let today = business_date(now);
    let view = |f: store::Facility| {
        let lines = unsettled.remove(&f.id).unwrap_or_default();
        let inspected_at = inspected.get(&f.id).copied();
        FacilityCompliance {
            facility_id: f.id,
            code: f.code,
            name: f.name,
            kind: f.kind,
            street_id: f.street_id,
            status: judge(inspected_at.is_some(), &lines, today),
            inspected_at,
            findings: lines.iter().map(|l| l.number.clone()).collect(),
            overdue: lines
                .iter()
                .filter(|l| l.state.is_late(l.due_on, today))
                .map(|l| l.number.clone())
                .collect(),
        }
    };
    Ok(facilities.into_iter().map(view).collect())
}

/// The streets of a campaign by code, within places.
///
/// # Errors
/// Missing.
pub fn streets(
    conn: &mut AnyConn,
    places: &Places,
    campaign: CampaignId,
    now: DateTime<Utc>,
) -> Outcome<Vec<StreetCompliance>> {
    campaigns::campaign_in(conn, places, campaign)?;
    let today = business_date(now);
    let lines = store::lines_by_street(conn, places, campaign)?;
    let progress = campaigns::store::progress(conn, places, campaign)?;
    let view = |p: campaigns::StreetProgress| {
        let of_street = || lines.iter().filter(|(street, _)| *street == p.street_id).map(|(_, line)| line);
        let count = |test: &dyn Fn(&OpenLine) -> bool| of_street().filter(|l| test(l)).count() as i64;
        let unconfirmed = count(&|l| l.state == State::Open);
        let findings = count(&|l| l.state != State::Open);
        let closed = count(&|l| l.state == State::Closed);
        let terminated = count(&|l| l.state == State::Terminated);
        StreetCompliance {
            street_id: p.street_id,
            street_name: p.street_name,
            planned: p.planned,
            inspected: p.done,
            findings,
            closed,
            terminated,
            overdue: count(&|l| l.state.is_late(l.due_on, today)),
            unconfirmed,
            closed_loop: p.done == p.planned && unconfirmed == 0 && closed + terminated == findings,
        }
    };
    Ok(progress.into_iter().map(view).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_never_called_compliant() {
        let today: NaiveDate = "2026-10-13".parse().unwrap();
        let line = |state, due: &str| OpenLine { number: "1".into(), state, due_on: due.parse().ok() };
        let status = |inspected, lines: &[OpenLine]| judge(inspected, lines, today);
        assert_eq!(status(false, &[]), Compliance::NotInspected);
        assert_eq!(status(true, &[]), Compliance::Compliant);
        assert_eq!(status(true, &[line(State::Open, "")]), Compliance::Rectifying);
        assert_eq!(status(true, &[line(State::Served, "2026-10-13")]), Compliance::Rectifying);
        assert_eq!(status(true, &[line(State::Served, "2026-10-12")]), Compliance::Overdue);
        assert_eq!(status(false, &[line(State::Rectified, "2026-10-12")]), Compliance::Overdue);
    }
}
