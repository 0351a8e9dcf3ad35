//! Rows and queries of visits and inspections.

use super::body::{
    Answer, ObservedStatus, OnSite, Outcome as Answered, Part, Participant, Signature, SignatureState, Visit,
    VisitKind,
};
use crate::access::Places;
use crate::access::scope::within;
use crate::db::connection::each;
use crate::db::schema::{facility_version, finding, inspection, inspection_answer, visit, visit_participant};
use crate::db::types::coded;
use crate::db::{AnyConn, MultiBackend, Ts};
use crate::directory::FacilityKind;
use crate::directory::facilities::PositionView;
use crate::directory::geo::{Datum, Position};
use crate::fault::Outcome;
use crate::findings::rules::State;
use crate::ids::{
    AreaId, CampaignId, ChecklistId, FacilityId, FacilityVersionId, FindingId, InspectionId, ItemId, UserId,
    VisitId,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

coded! {
    /// Whether all evidence is there.
    pub enum InspectionState {
        /// Evidence is missing.
        Incomplete = "incomplete" "材料不全",
        /// All evidence is there.
        Complete = "complete" "完整",
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit, check_for_backend(MultiBackend))]
pub struct VisitRow {
    pub id: VisitId,
    pub campaign_id: Option<CampaignId>,
    pub kind: VisitKind,
    pub started_claim: Ts,
    pub ended_claim: Option<Ts>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub datum: Option<Datum>,
    pub notice_number: Option<String>,
    pub signature: SignatureState,
    pub signed_by: Option<String>,
    pub refusal_reason: Option<String>,
    pub witness: Option<String>,
    pub lead_id: UserId,
    pub street_id: AreaId,
    pub received_at: Ts,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_participant, check_for_backend(MultiBackend))]
pub struct ParticipantRow {
    pub visit_id: VisitId,
    pub position: i32,
    pub name: String,
    pub organisation: String,
    pub certificate: Option<String>,
    pub part: Part,
    pub user_id: Option<UserId>,
    pub signed: bool,
    pub confirmed_at: Option<Ts>,
}

impl From<ParticipantRow> for Participant {
    fn from(r: ParticipantRow) -> Self {
        let ParticipantRow { name, organisation, certificate, part, user_id, signed, .. } = r;
        Self { name, organisation, certificate, part, user_id, signed }
    }
}

impl VisitRow {
    /// The visit as it was sent, by the phone that came first.
    pub fn visit(&self, participants: Vec<Participant>) -> Visit {
        let position = self.lat.zip(self.lng).zip(self.datum);
        Visit {
            id: self.id,
            kind: self.kind,
            started_at: self.started_claim.0,
            ended_at: self.ended_claim.map(|t| t.0),
            position: position.map(|((lat, lng), datum)| PositionView { lat, lng, datum }),
            notice_number: self.notice_number.clone(),
            participants,
            signature: Signature {
                state: self.signature,
                signed_by: self.signed_by.clone(),
                reason: self.refusal_reason.clone(),
                witness: self.witness.clone(),
            },
        }
    }
}

pub fn visit(conn: &mut AnyConn, id: VisitId) -> Outcome<Option<VisitRow>> {
    Ok(visit::table.find(id).select(VisitRow::as_select()).first(conn).optional()?)
}

pub fn insert_visit(conn: &mut AnyConn, row: &VisitRow, people: &[Participant]) -> Outcome<()> {
    diesel::insert_into(visit::table).values(row).execute(conn)?;
    let rows: Vec<ParticipantRow> = (0..)
        .zip(people)
        .map(|(position, p)| ParticipantRow {
            visit_id: row.id,
            position,
            name: p.name.clone(),
            organisation: p.organisation.clone(),
            certificate: p.certificate.clone(),
            part: p.part,
            user_id: p.user_id,
            signed: p.signed,
            confirmed_at: None,
        })
        .collect();
    each!(conn, c => diesel::insert_into(visit_participant::table).values(&rows).execute(c))?;
    Ok(())
}

/// Who took part, in the order of the visit.
pub fn participants(conn: &mut AnyConn, id: VisitId) -> Outcome<Vec<ParticipantRow>> {
    let of_visit = visit_participant::table.filter(visit_participant::visit_id.eq(id));
    let ordered = of_visit.order(visit_participant::position).select(ParticipantRow::as_select());
    Ok(ordered.load(conn)?)
}

/// The visits that somebody took part in without having confirmed them, with the time when the server had them.
pub fn unconfirmed_of(conn: &mut AnyConn, user: UserId) -> Outcome<Vec<(VisitId, Ts)>> {
    Ok(visit_participant::table
        .inner_join(visit::table.on(visit::id.eq(visit_participant::visit_id)))
        .filter(visit_participant::user_id.eq(user))
        .filter(visit_participant::part.ne(Part::Accompanying))
        .filter(visit_participant::confirmed_at.is_null())
        .order(visit::id)
        .select((visit::id, visit::received_at))
        .load(conn)?)
}

pub fn set_confirmed(conn: &mut AnyConn, id: VisitId, position: i32, at: Ts) -> Outcome<()> {
    let person = visit_participant::table.find((id, position));
    diesel::update(person).set(visit_participant::confirmed_at.eq(Some(at))).execute(conn)?;
    Ok(())
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = inspection, check_for_backend(MultiBackend))]
pub struct InspectionRow {
    pub id: InspectionId,
    pub visit_id: VisitId,
    pub campaign_id: Option<CampaignId>,
    pub facility_id: FacilityId,
    pub facility_version_id: FacilityVersionId,
    pub street_id: AreaId,
    pub checklist_id: ChecklistId,
    pub state: InspectionState,
    pub observed_status: Option<ObservedStatus>,
    pub submitted_by: UserId,
    pub third_party: bool,
    pub body: String,
    pub body_sha256: String,
    pub receipt: String,
    pub lacking: i32,
    pub received_at: Ts,
    pub completed_at: Option<Ts>,
    pub version: i32,
}

pub fn insert(conn: &mut AnyConn, row: &InspectionRow) -> Outcome<()> {
    diesel::insert_into(inspection::table).values(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut AnyConn, id: InspectionId) -> Outcome<Option<InspectionRow>> {
    Ok(inspection::table.find(id).select(InspectionRow::as_select()).first(conn).optional()?)
}

/// The inspection of a facility in a visit; there is at most one.
pub fn of_visit(conn: &mut AnyConn, visit: VisitId, facility: FacilityId) -> Outcome<Option<InspectionId>> {
    Ok(inspection::table
        .filter(inspection::visit_id.eq(visit))
        .filter(inspection::facility_id.eq(facility))
        .select(inspection::id)
        .first(conn)
        .optional()?)
}

pub fn set_receipt(conn: &mut AnyConn, id: InspectionId, receipt: &str) -> Outcome<()> {
    diesel::update(inspection::table.find(id)).set(inspection::receipt.eq(receipt)).execute(conn)?;
    Ok(())
}

/// Whether an inspection that came in later says how it found a facility.
pub fn was_observed_after(conn: &mut AnyConn, facility: FacilityId, at: Ts) -> Outcome<bool> {
    let later = inspection::table
        .filter(inspection::facility_id.eq(facility))
        .filter(inspection::received_at.gt(at))
        .filter(inspection::observed_status.is_not_null());
    Ok(later.count().get_result::<i64>(conn)? > 0)
}

/// Marks an inspection complete, unless a demanded photo was never declared. Returns whether it was marked now.
pub fn complete(conn: &mut AnyConn, id: InspectionId, at: Ts) -> Outcome<bool> {
    let open = inspection::table
        .find(id)
        .filter(inspection::state.eq(InspectionState::Incomplete))
        .filter(inspection::lacking.eq(0));
    let marked = diesel::update(open)
        .set((inspection::state.eq(InspectionState::Complete), inspection::completed_at.eq(at)))
        .execute(conn)?;
    Ok(marked == 1)
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = inspection_answer, check_for_backend(MultiBackend))]
struct AnswerRow {
    inspection_id: InspectionId,
    item_id: ItemId,
    code: String,
    outcome: Answered,
    note: Option<String>,
    value: Option<String>,
    on_site: Option<String>,
}

pub fn insert_answers<'a>(
    conn: &mut AnyConn,
    id: InspectionId,
    answers: impl Iterator<Item = (&'a Answer, &'a str)>,
) -> Outcome<()> {
    let rows: Vec<AnswerRow> = answers
        .map(|(a, code)| AnswerRow {
            inspection_id: id,
            item_id: a.item_id,
            code: code.into(),
            outcome: a.outcome,
            note: a.note.clone(),
            value: a.value.clone(),
            on_site: a.on_site.as_ref().map(|fixed| fixed.measures.clone()),
        })
        .collect();
    each!(conn, c => diesel::insert_into(inspection_answer::table).values(&rows).execute(c))?;
    Ok(())
}

/// The answers of an inspection with the items' codes, by code.
pub fn answers(conn: &mut AnyConn, id: InspectionId) -> Outcome<Vec<(String, Answer)>> {
    let rows: Vec<AnswerRow> = inspection_answer::table
        .filter(inspection_answer::inspection_id.eq(id))
        .order(inspection_answer::code)
        .select(AnswerRow::as_select())
        .load(conn)?;
    let answer = |AnswerRow { item_id, code, outcome, note, value, on_site, .. }| {
        let on_site = on_site.map(|measures| OnSite { measures });
        (code, Answer { item_id, outcome, note, value, on_site })
    };
    Ok(rows.into_iter().map(answer).collect())
}

/// The items, with their codes, that an inspection says were put right on the spot.
pub fn put_right(conn: &mut AnyConn, id: InspectionId) -> Outcome<Vec<(ItemId, String)>> {
    let said = inspection_answer::table
        .filter(inspection_answer::inspection_id.eq(id))
        .filter(inspection_answer::on_site.is_not_null())
        .order(inspection_answer::code);
    Ok(said.select((inspection_answer::item_id, inspection_answer::code)).load(conn)?)
}

/// Which inspections.
#[derive(Debug, Clone, Default)]
pub struct InspectionFilter {
    /// Only of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Only of this facility.
    pub facility_id: Option<FacilityId>,
    /// Only in this state.
    pub state: Option<InspectionState>,
}

/// Inspections within places with the facility's name of that day, the last received first: phones make the ids, so they
/// order nothing but records of one instant.
pub fn list(
    conn: &mut AnyConn,
    places: &Places,
    filter: &InspectionFilter,
    after: Option<(DateTime<Utc>, InspectionId)>,
    limit: i64,
) -> Outcome<Vec<(InspectionRow, String)>> {
    let mut query = inspection::table
        .inner_join(facility_version::table.on(facility_version::id.eq(inspection::facility_version_id)))
        .select((InspectionRow::as_select(), facility_version::name))
        .into_boxed::<MultiBackend>();
    if let Some(id) = filter.campaign_id {
        query = query.filter(inspection::campaign_id.eq(id));
    }
    if let Some(id) = filter.facility_id {
        query = query.filter(inspection::facility_id.eq(id));
    }
    if let Some(state) = filter.state {
        query = query.filter(inspection::state.eq(state));
    }
    if let Some((at, id)) = after {
        let at = Ts::from(at);
        let earlier = inspection::received_at.lt(at);
        query = query.filter(earlier.or(inspection::received_at.eq(at).and(inspection::id.lt(id))));
    }
    let query = within!(query, places, inspection::street_id, inspection::facility_id);
    Ok(query.order((inspection::received_at.desc(), inspection::id.desc())).limit(limit).load(conn)?)
}

/// Inspections of a visit, by id.
pub fn ids_of_visit(conn: &mut AnyConn, id: VisitId) -> Outcome<Vec<(InspectionId, FacilityId, AreaId)>> {
    let of_visit = inspection::table.filter(inspection::visit_id.eq(id)).order(inspection::id);
    Ok(of_visit.select((inspection::id, inspection::facility_id, inspection::street_id)).load(conn)?)
}

/// The name and position that a facility had in a version.
pub fn facility_of(conn: &mut AnyConn, id: FacilityVersionId) -> Outcome<(String, Option<Position>)> {
    type Row = (String, Option<f64>, Option<f64>, Option<Datum>);
    let (name, lat, lng, datum): Row = facility_version::table
        .find(id)
        .select((
            facility_version::name,
            facility_version::lat,
            facility_version::lng,
            facility_version::datum,
        ))
        .first(conn)?;
    Ok((name, position(lat, lng, datum)))
}

/// A position of three columns.
fn position(lat: Option<f64>, lng: Option<f64>, datum: Option<Datum>) -> Option<Position> {
    Position::new(lat?, lng?, datum?)
}

/// What a facility was in a version.
pub fn kind_of(conn: &mut AnyConn, id: FacilityVersionId) -> Outcome<FacilityKind> {
    Ok(facility_version::table.find(id).select(facility_version::kind).first(conn)?)
}

/// Lets a later version of an inspection stand.
pub fn amend(
    conn: &mut AnyConn,
    id: InspectionId,
    version: i32,
    observed: Option<ObservedStatus>,
    lacking: usize,
) -> Outcome<()> {
    diesel::update(inspection::table.find(id))
        .set((
            inspection::version.eq(version),
            inspection::observed_status.eq(observed),
            inspection::lacking.eq(i32::try_from(lacking).unwrap_or(i32::MAX)),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn replace_answers<'a>(
    conn: &mut AnyConn,
    id: InspectionId,
    answers: impl Iterator<Item = (&'a Answer, &'a str)>,
) -> Outcome<()> {
    let of_inspection = inspection_answer::table.filter(inspection_answer::inspection_id.eq(id));
    diesel::delete(of_inspection).execute(conn)?;
    insert_answers(conn, id, answers)
}

/// Marks an amended inspection complete or not; one that was and is keeps its time.
pub fn settle(conn: &mut AnyConn, id: InspectionId, all_arrived: bool, at: Ts) -> Outcome<()> {
    if all_arrived && complete(conn, id, at)? {
        return Ok(());
    }
    let row = inspection::table.find(id);
    let lacks = row.filter(inspection::lacking.gt(0)).count().get_result::<i64>(conn)? > 0;
    if lacks || !all_arrived {
        diesel::update(row)
            .set((inspection::state.eq(InspectionState::Incomplete), inspection::completed_at.eq(None::<Ts>)))
            .execute(conn)?;
    }
    Ok(())
}

/// The unsettled findings that an inspection opened and its answers no longer bear out, by number.
pub fn unsupported(conn: &mut AnyConn, id: InspectionId) -> Outcome<Vec<(FindingId, String)>> {
    let failing: Vec<ItemId> = inspection_answer::table
        .filter(inspection_answer::inspection_id.eq(id))
        .filter(inspection_answer::outcome.eq(Answered::Fail))
        .select(inspection_answer::item_id)
        .load(conn)?;
    Ok(finding::table
        .filter(finding::inspection_id.eq(id))
        .filter(finding::state.ne_all(State::SETTLED))
        .filter(finding::item_id.ne_all(failing))
        .order(finding::number)
        .select((finding::id, finding::number))
        .load(conn)?)
}

/// The findings that an inspection opened, by number.
pub fn findings_of(conn: &mut AnyConn, id: InspectionId) -> Outcome<Vec<(FindingId, String)>> {
    let opened = finding::table.filter(finding::inspection_id.eq(id)).order(finding::number);
    Ok(opened.select((finding::id, finding::number)).load(conn)?)
}
