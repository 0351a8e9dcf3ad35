//! Which findings a letter is about, in which order. Unconfirmed findings of a third party are advice and are never
//! printed.

use super::Subject;
use crate::campaigns::CampaignNow;
use crate::clock::midnight;
use crate::db::schema::{check_item, facility_version, finding};
use crate::db::{AnyConn, Ts};
use crate::directory::FacilityKind;
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{AreaId, CampaignId, FacilityId, FindingId, InspectionId, ItemId};
use crate::letters::edits::Edits;
use crate::letters::kind::LetterKind;
use chrono::NaiveDate;
use diesel::prelude::*;
use std::collections::BTreeSet;

/// A finding as the ledger has it, with what decides whether and where a letter prints it.
pub(super) struct FindingFacts {
    /// Found by the campaign itself, not left over from earlier work.
    pub(super) own: bool,
    pub(super) id: FindingId,
    pub(super) facility_id: FacilityId,
    pub(super) number: String,
    pub(super) facility_name: String,
    pub(super) facility_kind: FacilityKind,
    pub(super) category: String,
    pub(super) description: String,
    pub(super) basis: String,
    pub(super) original_due: Option<NaiveDate>,
    pub(super) due_on: Option<NaiveDate>,
    pub(super) due_provisional: bool,
    pub(super) state: State,
    pub(super) repeat: bool,
    pub(super) inspection_id: Option<InspectionId>,
    pub(super) item_id: ItemId,
    pub(super) service_method: Option<String>,
}

/// The findings that a kind of letter is about.
pub(super) fn findings(conn: &mut AnyConn, subject: &Subject<'_>) -> Outcome<Vec<FindingFacts>> {
    if !subject.kind.lists_findings() {
        return Ok(vec![]);
    }
    let mut rows = of_street(conn, subject.campaign, subject.street)?;
    if let Some(operator) = &subject.operator {
        let own = operated_by(conn, operator)?;
        rows.retain(|row| own.contains(&row.facility_id));
    }
    if let Some((_, printed)) = &subject.about
        && subject.kind == LetterKind::SecondReminder
    {
        rows.retain(|row| printed.contains(&row.id));
    }
    // A second look at what a letter has told lists what is left of it.
    if matches!(subject.kind, LetterKind::SecondReminder | LetterKind::TalkNotice) {
        rows.retain(|row| row.state.is_unsettled());
    }
    Ok(rows)
}

/// The facilities that an operator runs now.
fn operated_by(conn: &mut AnyConn, operator: &str) -> Outcome<BTreeSet<FacilityId>> {
    let now = facility_version::table
        .filter(facility_version::operator_name.eq(operator))
        .filter(facility_version::valid_to.is_null());
    Ok(now.select(facility_version::facility_id).load::<FacilityId>(conn)?.into_iter().collect())
}

/// The findings of the campaign, and those of earlier work that are not settled.
pub(super) fn of_street(
    conn: &mut AnyConn,
    campaign: &CampaignNow,
    street: AreaId,
) -> Outcome<Vec<FindingFacts>> {
    let hidden = [State::Open, State::Withdrawn];
    let settled = [State::Open, State::Withdrawn, State::Closed, State::Terminated];
    let own = finding::campaign_id.eq(campaign.id).and(finding::state.ne_all(hidden));
    let earlier = finding::campaign_id
        .is_null()
        .or(finding::campaign_id.ne(campaign.id))
        .and(finding::state.ne_all(settled))
        .and(finding::found_at.lt(Ts::from(midnight(campaign.starts_on))));
    type Row = (
        (Option<CampaignId>, FindingId, FacilityId, String, String, FacilityKind),
        (String, String, String, (Option<NaiveDate>, bool), State),
        (Option<FindingId>, Option<InspectionId>, ItemId, Option<String>, Option<NaiveDate>),
    );
    let rows: Vec<Row> = finding::table
        .inner_join(check_item::table.on(check_item::id.eq(finding::item_id)))
        .inner_join(facility_version::table.on(facility_version::facility_id.eq(finding::facility_id)))
        .filter(facility_version::valid_to.is_null())
        .filter(finding::street_id.eq(street))
        .filter(own.or(earlier.assume_not_null()))
        .order(finding::number)
        .select((
            (
                finding::campaign_id,
                finding::id,
                finding::facility_id,
                finding::number,
                finding::facility_name,
                facility_version::kind,
            ),
            (
                finding::category,
                finding::description,
                check_item::basis,
                (finding::due_on, finding::due_provisional),
                finding::state,
            ),
            (
                finding::repeat_of,
                finding::inspection_id,
                finding::item_id,
                finding::service_method,
                finding::due_original,
            ),
        ))
        .load(conn)?;
    let facts = |(
        (found_by, id, facility_id, number, facility_name, facility_kind),
        b,
        (repeat_of, inspection_id, item_id, method, original_due),
    ): Row| {
        let (category, description, basis, (due_on, due_provisional), state) = b;
        FindingFacts {
            own: found_by == Some(campaign.id),
            id,
            facility_id,
            number,
            facility_name,
            facility_kind,
            category,
            description,
            basis,
            original_due,
            due_on,
            due_provisional,
            state,
            repeat: repeat_of.is_some(),
            inspection_id,
            item_id,
            service_method: method,
        }
    };
    Ok(rows.into_iter().map(facts).collect())
}

/// Puts the findings into the clerk's order and takes out those that are left out; gives the numbers of these.
pub(super) fn edited(rows: &mut Vec<FindingFacts>, edits: &Edits) -> Vec<String> {
    let left = |row: &FindingFacts| edits.left_out.iter().any(|l| l.finding_id == row.id);
    let numbers = rows.iter().filter(|row| left(row)).map(|row| row.number.clone()).collect();
    rows.retain(|row| !left(row));
    let place = |row: &FindingFacts| edits.order.iter().position(|id| *id == row.id).unwrap_or(usize::MAX);
    rows.sort_by_key(place);
    numbers
}

/// Numbers of a street's findings in a campaign that the bureau has not confirmed.
pub fn unconfirmed(conn: &mut AnyConn, campaign: CampaignId, street: AreaId) -> Outcome<Vec<String>> {
    Ok(finding::table
        .filter(finding::campaign_id.eq(campaign))
        .filter(finding::street_id.eq(street))
        .filter(finding::state.eq(State::Open))
        .order(finding::number)
        .select(finding::number)
        .load(conn)?)
}
