//! What the board reads.

use crate::db::schema::{finding, finding_interval, letter, letter_line};
use crate::db::{AnyConn, Ts};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{AreaId, CampaignId, FindingId, LetterId};
use crate::letters::kind::LetterKind;
use crate::letters::rules::LetterState;
use crate::letters::store::LetterRow;
use chrono::NaiveDate;
use diesel::prelude::*;
use std::collections::HashMap;

/// The letters of a campaign that were delivered but those that withdraw another, in the order of their drafting.
pub fn letters(conn: &mut AnyConn, campaign: CampaignId) -> Outcome<Vec<LetterRow>> {
    Ok(letter::table
        .filter(letter::campaign_id.eq(campaign))
        .filter(letter::state.eq(LetterState::Delivered))
        .filter(letter::kind.ne(LetterKind::Withdrawal))
        .order(letter::id)
        .select(LetterRow::as_select())
        .load(conn)?)
}

/// The findings that letters print.
pub fn lines(conn: &mut AnyConn, letters: &[LetterId]) -> Outcome<Vec<(LetterId, FindingId)>> {
    let of_letters = letter_line::table.filter(letter_line::letter_id.eq_any(letters.to_vec()));
    let order = (letter_line::letter_id, letter_line::row);
    Ok(of_letters.order(order).select((letter_line::letter_id, letter_line::finding_id)).load(conn)?)
}

/// A finding as the board sees it.
#[derive(Debug, Clone, Queryable)]
pub struct FindingLine {
    pub id: FindingId,
    pub number: String,
    pub street_id: AreaId,
    pub campaign_id: Option<CampaignId>,
    pub state: State,
    pub due_on: Option<NaiveDate>,
}

/// The findings of a campaign, and those that letters of it print, by number.
pub fn findings(conn: &mut AnyConn, campaign: CampaignId, letters: &[LetterId]) -> Outcome<Vec<FindingLine>> {
    let printed = letter_line::table
        .filter(letter_line::letter_id.eq_any(letters.to_vec()))
        .select(letter_line::finding_id);
    let columns = (
        finding::id,
        finding::number,
        finding::street_id,
        finding::campaign_id,
        finding::state,
        finding::due_on,
    );
    let mut rows: Vec<FindingLine> =
        finding::table.filter(finding::campaign_id.eq(campaign)).select(columns).load(conn)?;
    let carried: Vec<FindingLine> =
        finding::table.filter(finding::id.eq_any(printed)).select(columns).load(conn)?;
    rows.extend(carried.into_iter().filter(|f| f.campaign_id != Some(campaign)));
    rows.sort_by(|a, b| a.number.cmp(&b.number));
    Ok(rows)
}

/// Since when findings have been withdrawn or terminated.
pub fn ended(conn: &mut AnyConn, ids: &[FindingId]) -> Outcome<HashMap<FindingId, Ts>> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(500) {
        let rows: Vec<(FindingId, Ts)> = finding_interval::table
            .filter(finding_interval::finding_id.eq_any(chunk.to_vec()))
            .filter(finding_interval::state.eq_any([State::Withdrawn, State::Terminated]))
            .select((finding_interval::finding_id, finding_interval::from_at))
            .load(conn)?;
        found.extend(rows);
    }
    Ok(found)
}
