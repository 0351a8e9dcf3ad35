//! Rows and queries of what was submitted, sealed and delivered.

use super::super::DeliveryChannel;
use super::super::kind::LetterKind;
use super::super::numbering::Number;
use super::super::rules::LetterState;
use super::LetterRow;
use crate::db::schema::{letter, letter_delivery, letter_event, letter_line, letter_seal, letter_version};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::{Fault, Outcome};
use crate::ids::{FindingId, LetterId, SealId, UserId};
use chrono::NaiveDate;
use diesel::dsl::{exists, max, min, not};
use diesel::prelude::*;

/// A seal with its scan.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_seal, check_for_backend(MultiBackend))]
pub struct SealRow {
    pub id: SealId,
    pub letter_id: LetterId,
    /// The how manieth of the letter, from 1.
    pub seq: i32,
    pub sealed_on: NaiveDate,
    pub sha256: String,
    pub length: i64,
    pub note: Option<String>,
    pub sealed_by: UserId,
    pub at: Ts,
}

/// A delivery and its receipt.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = letter_delivery, check_for_backend(MultiBackend))]
pub struct DeliveryRow {
    pub letter_id: LetterId,
    pub channel: DeliveryChannel,
    pub delivered_by: Option<UserId>,
    pub delivered_at: Ts,
    pub note: Option<String>,
    pub acknowledged_by: Option<UserId>,
    pub acknowledged_at: Option<Ts>,
    pub received_by: Option<String>,
    pub received_on: Option<NaiveDate>,
}

/// The number of the next version of a letter, from 1.
pub fn next_version(conn: &mut AnyConn, id: LetterId) -> Outcome<i32> {
    let newest: Option<i32> = letter_version::table
        .filter(letter_version::letter_id.eq(id))
        .select(max(letter_version::version))
        .first(conn)?;
    Ok(newest.unwrap_or(0) + 1)
}

/// Keeps what was submitted.
pub fn insert_version(conn: &mut AnyConn, row: &LetterRow, version: i32) -> Outcome<()> {
    let parts = (&row.facts_sha256, &row.snapshot, row.submitted_by, row.submitted_at);
    let (Some(facts), Some(snapshot), Some(by), Some(at)) = parts else {
        return Err(Fault::internal("a submitted letter without snapshot"));
    };
    diesel::insert_into(letter_version::table)
        .values((
            letter_version::letter_id.eq(row.id),
            letter_version::version.eq(version),
            letter_version::facts_sha256.eq(facts),
            letter_version::snapshot.eq(snapshot),
            letter_version::submitted_by.eq(by),
            letter_version::submitted_at.eq(at),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether a number is a letter's already.
pub fn is_numbered(conn: &mut AnyConn, number: &Number) -> Outcome<bool> {
    let same = letter::table
        .filter(letter::series.eq(&number.word))
        .filter(letter::year.eq(number.year))
        .filter(letter::seq.eq(number.seq));
    Ok(same.count().get_result::<i64>(conn)? > 0)
}

/// Since when a finding has stood in an issued letter that is not void.
pub fn printed_since(conn: &mut AnyConn, finding: FindingId) -> Outcome<Option<Ts>> {
    Ok(letter_line::table
        .inner_join(letter::table.on(letter::id.eq(letter_line::letter_id)))
        .filter(letter_line::finding_id.eq(finding))
        .filter(letter::state.ne(LetterState::Void))
        .select(min(letter::issued_at))
        .first(conn)?)
}

pub fn insert_seal(conn: &mut AnyConn, row: &SealRow) -> Outcome<()> {
    diesel::insert_into(letter_seal::table).values(row).execute(conn)?;
    Ok(())
}

/// The seals of letters, the newest last.
pub fn seals(conn: &mut AnyConn, ids: &[LetterId]) -> Outcome<Vec<SealRow>> {
    let of_letters = letter_seal::table.filter(letter_seal::letter_id.eq_any(ids.to_vec()));
    Ok(of_letters
        .order((letter_seal::letter_id, letter_seal::seq))
        .select(SealRow::as_select())
        .load(conn)?)
}

/// The seal whose scan has this hash.
pub fn sealed_as(conn: &mut AnyConn, sha256: &str) -> Outcome<Option<SealRow>> {
    let same = letter_seal::table.filter(letter_seal::sha256.eq(sha256));
    Ok(same.order(letter_seal::at.desc()).select(SealRow::as_select()).first(conn).optional()?)
}

/// The letter whose rendered document has this hash.
pub fn rendered_as(conn: &mut AnyConn, sha256: &str) -> Outcome<Option<LetterRow>> {
    let same = letter::table.filter(letter::document_sha256.eq(sha256));
    Ok(same.select(LetterRow::as_select()).first(conn).optional()?)
}

pub fn insert_delivery(conn: &mut AnyConn, row: &DeliveryRow) -> Outcome<()> {
    diesel::insert_into(letter_delivery::table).values(row).execute(conn)?;
    Ok(())
}

/// The deliveries of letters.
pub fn deliveries(conn: &mut AnyConn, ids: &[LetterId]) -> Outcome<Vec<DeliveryRow>> {
    let of_letters = letter_delivery::table.filter(letter_delivery::letter_id.eq_any(ids.to_vec()));
    Ok(of_letters.select(DeliveryRow::as_select()).load(conn)?)
}

/// The delivery of a letter.
pub fn delivery(conn: &mut AnyConn, id: LetterId) -> Outcome<Option<DeliveryRow>> {
    Ok(deliveries(conn, &[id])?.pop())
}

/// Writes down the receipt of a delivery.
pub fn save_receipt(conn: &mut AnyConn, row: &DeliveryRow) -> Outcome<()> {
    diesel::update(letter_delivery::table.find(row.letter_id))
        .set((
            letter_delivery::acknowledged_by.eq(row.acknowledged_by),
            letter_delivery::acknowledged_at.eq(row.acknowledged_at),
            letter_delivery::received_by.eq(row.received_by.clone()),
            letter_delivery::received_on.eq(row.received_on),
        ))
        .execute(conn)?;
    Ok(())
}

/// Delivered letters that nobody has received and of which nobody was told so, with the moment of their delivery.
pub fn unacknowledged(conn: &mut AnyConn) -> Outcome<Vec<(LetterRow, Ts)>> {
    let told = letter_event::table
        .filter(letter_event::letter_id.eq(letter::id))
        .filter(letter_event::kind.eq(super::UNACKNOWLEDGED));
    Ok(letter_delivery::table
        .inner_join(letter::table.on(letter::id.eq(letter_delivery::letter_id)))
        .filter(letter_delivery::acknowledged_at.is_null())
        .filter(letter::state.eq(LetterState::Delivered))
        .filter(not(exists(told)))
        .order(letter::id)
        .select((LetterRow::as_select(), letter_delivery::delivered_at))
        .load(conn)?)
}

/// Hashes and lengths of the scans behind a hash, in order.
pub fn scans_after(conn: &mut AnyConn, after: &str, limit: i64) -> Outcome<Vec<(String, i64)>> {
    let rows = letter_seal::table.filter(letter_seal::sha256.gt(after)).order(letter_seal::sha256);
    let pairs = rows.select((letter_seal::sha256, letter_seal::length)).distinct();
    Ok(pairs.limit(limit).load(conn)?)
}

/// Which of these hashes are a scan.
pub fn scans_named(conn: &mut AnyConn, hashes: &[String]) -> Outcome<std::collections::HashSet<String>> {
    let named = letter_seal::table.filter(letter_seal::sha256.eq_any(hashes.to_vec()));
    Ok(named.select(letter_seal::sha256).load::<String>(conn)?.into_iter().collect())
}

/// The street's newest issued reminder of another campaign, before this letter.
pub fn before(conn: &mut AnyConn, row: &LetterRow) -> Outcome<Option<LetterRow>> {
    let went_out =
        [LetterState::Issued, LetterState::DocumentReady, LetterState::Sealed, LetterState::Delivered];
    Ok(letter::table
        .filter(letter::street_id.eq(row.street_id))
        .filter(letter::kind.eq(LetterKind::CampaignReminder))
        .filter(letter::campaign_id.ne(row.campaign_id))
        .filter(letter::state.eq_any(went_out))
        .filter(letter::issued_at.lt(row.submitted_at))
        .order((letter::issued_at.desc(), letter::id.desc()))
        .select(LetterRow::as_select())
        .first(conn)
        .optional()?)
}

/// Whether another letter withdrew this one 撤回.
pub fn is_withdrawn(conn: &mut AnyConn, id: LetterId) -> Outcome<bool> {
    let by_another = letter::table
        .filter(letter::original_id.eq(id))
        .filter(letter::kind.eq(LetterKind::Withdrawal))
        .filter(letter::state.eq(LetterState::Delivered));
    Ok(by_another.count().get_result::<i64>(conn)? > 0)
}
