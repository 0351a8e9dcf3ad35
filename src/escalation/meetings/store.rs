//! Rows and queries of meetings.

use super::MeetingKind;
use crate::access::Places;
use crate::db::connection::each;
use crate::db::schema::{meeting, meeting_finding, meeting_street, meeting_version};
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::fault::Outcome;
use crate::ids::{AreaId, CampaignId, FindingId, MeetingId, UserId};
use diesel::dsl::exists;
use diesel::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = meeting, check_for_backend(MultiBackend), treat_none_as_null = true)]
pub struct MeetingRow {
    pub id: MeetingId,
    pub kind: MeetingKind,
    pub area_id: AreaId,
    pub campaign_id: Option<CampaignId>,
    pub held_at: Ts,
    pub created_by: UserId,
    pub created_at: Ts,
    pub revision: i32,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = meeting_version, check_for_backend(MultiBackend))]
pub struct VersionRow {
    pub meeting_id: MeetingId,
    pub revision: i32,
    pub content: String,
    pub reason: Option<String>,
    pub written_by: UserId,
    pub written_at: Ts,
}

/// Which meetings.
#[derive(Debug, Clone, Default)]
pub struct MeetingFilter {
    /// Only of this sort.
    pub kind: Option<MeetingKind>,
    /// Only those that concern this street.
    pub street_id: Option<AreaId>,
    /// Only of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Only those about this finding.
    pub finding_id: Option<FindingId>,
}

pub fn insert(conn: &mut AnyConn, row: &MeetingRow) -> Outcome<()> {
    diesel::insert_into(meeting::table).values(row).execute(conn)?;
    Ok(())
}

pub fn save(conn: &mut AnyConn, row: &MeetingRow) -> Outcome<()> {
    diesel::update(meeting::table.find(row.id)).set(row).execute(conn)?;
    Ok(())
}

pub fn insert_version(conn: &mut AnyConn, row: &VersionRow) -> Outcome<()> {
    diesel::insert_into(meeting_version::table).values(row).execute(conn)?;
    Ok(())
}

pub fn insert_streets(conn: &mut AnyConn, id: MeetingId, streets: &BTreeSet<AreaId>) -> Outcome<()> {
    let row = |s: &AreaId| (meeting_street::meeting_id.eq(id), meeting_street::street_id.eq(*s));
    let rows: Vec<_> = streets.iter().map(row).collect();
    each!(conn, c => diesel::insert_into(meeting_street::table).values(&rows).execute(c))?;
    Ok(())
}

pub fn streets(conn: &mut AnyConn, id: MeetingId) -> Outcome<Vec<AreaId>> {
    let of_meeting = meeting_street::table.filter(meeting_street::meeting_id.eq(id));
    Ok(of_meeting.order(meeting_street::street_id).select(meeting_street::street_id).load(conn)?)
}

/// Says which findings a meeting is about.
pub fn set_findings(conn: &mut AnyConn, id: MeetingId, findings: &[FindingId]) -> Outcome<()> {
    diesel::delete(meeting_finding::table.filter(meeting_finding::meeting_id.eq(id))).execute(conn)?;
    let findings: BTreeSet<FindingId> = findings.iter().copied().collect();
    let row = |f: &FindingId| (meeting_finding::meeting_id.eq(id), meeting_finding::finding_id.eq(*f));
    let rows: Vec<_> = findings.iter().map(row).collect();
    if !rows.is_empty() {
        each!(conn, c => diesel::insert_into(meeting_finding::table).values(&rows).execute(c))?;
    }
    Ok(())
}

/// Meetings that touch places, newest first; of one id where one is given.
fn within(
    conn: &mut AnyConn,
    places: &Places,
    filter: &MeetingFilter,
    only: Option<MeetingId>,
    after: Option<MeetingId>,
    limit: i64,
) -> Outcome<Vec<MeetingRow>> {
    let mut query = meeting::table.select(MeetingRow::as_select()).into_boxed::<MultiBackend>();
    if !places.all {
        let streets: Vec<AreaId> = places.streets.iter().copied().collect();
        let there = meeting_street::table
            .filter(meeting_street::meeting_id.eq(meeting::id))
            .filter(meeting_street::street_id.eq_any(streets));
        query = query.filter(exists(there));
    }
    if let Some(id) = only {
        query = query.filter(meeting::id.eq(id));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(meeting::kind.eq(kind));
    }
    if let Some(street) = filter.street_id {
        let there = meeting_street::table
            .filter(meeting_street::meeting_id.eq(meeting::id))
            .filter(meeting_street::street_id.eq(street));
        query = query.filter(exists(there));
    }
    if let Some(campaign) = filter.campaign_id {
        query = query.filter(meeting::campaign_id.eq(campaign));
    }
    if let Some(finding) = filter.finding_id {
        let about = meeting_finding::table
            .filter(meeting_finding::meeting_id.eq(meeting::id))
            .filter(meeting_finding::finding_id.eq(finding));
        query = query.filter(exists(about));
    }
    if let Some(after) = after {
        query = query.filter(meeting::id.lt(after));
    }
    Ok(query.order(meeting::id.desc()).limit(limit).load(conn)?)
}

pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &MeetingFilter,
    after: Option<MeetingId>,
    limit: i64,
) -> Outcome<Vec<MeetingRow>> {
    within(conn, places, filter, None, after, limit)
}

pub fn find(conn: &mut AnyConn, places: &Places, id: MeetingId) -> Outcome<Option<MeetingRow>> {
    Ok(within(conn, places, &MeetingFilter::default(), Some(id), None, 1)?.pop())
}

/// A meeting, its row locked on PostgreSQL until the transaction ends.
pub fn find_locked(conn: &mut AnyConn, places: &Places, id: MeetingId) -> Outcome<Option<MeetingRow>> {
    if let AnyConn::Pg(c) = conn {
        let lock = meeting::table.find(id).select(meeting::id).for_update();
        lock.first::<MeetingId>(c).optional()?;
    }
    find(conn, places, id)
}

/// The versions of a meeting's record, the first first.
pub fn versions(conn: &mut AnyConn, id: MeetingId) -> Outcome<Vec<VersionRow>> {
    let of_meeting = meeting_version::table.filter(meeting_version::meeting_id.eq(id));
    Ok(of_meeting.order(meeting_version::revision).select(VersionRow::as_select()).load(conn)?)
}
