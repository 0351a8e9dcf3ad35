//! Records of meetings: an 约谈 and a feedback meeting 反馈会. A record is corrected by a new version with a reason; every
//! version stays. The signed sheet is declared like any document and uploaded after.

mod store;
mod view;

pub use store::MeetingFilter;
pub use view::{MeetingLine, MeetingVersionView, MeetingView, find, list, versions};

use crate::access::{Holder, Places, streets_under};
use crate::campaigns;
use crate::clock::business_date;
use crate::db::types::coded;
use crate::db::{Change, Tx};
use crate::fault::{Fault, FieldFault, Outcome};
use crate::findings::store::{FindingRow, find as find_finding};
use crate::ids::{AreaId, CampaignId, FindingId, MeetingId, TypedId as _};
use crate::photos::{self, Declared, PhotoLine, Purpose, Subject, SubjectKind};
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{MeetingRow, VersionRow};
use utoipa::ToSchema;

coded! {
    /// What sort of meeting.
    pub enum MeetingKind {
        /// Somebody was called in; never a street.
        Talk = "talk" "约谈",
        /// The results of an inspection were fed back.
        Feedback = "feedback" "反馈会",
    }
}

coded! {
    /// What a person did at a meeting.
    pub enum MeetingPart {
        /// Held it.
        Host = "host" "主持（约谈）人",
        /// Was called in or told.
        Guest = "guest" "参加（被约谈）人",
        /// Wrote it down.
        Recorder = "recorder" "记录人",
    }
}

/// Somebody at a meeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingPerson {
    /// The name.
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
    /// The unit.
    #[garde(length(chars, min = 1, max = 100))]
    pub unit: String,
    /// The post.
    #[garde(length(chars, min = 1, max = 50))]
    pub post: String,
    /// What they did.
    #[garde(skip)]
    pub part: MeetingPart,
    /// They signed the record.
    #[garde(skip)]
    pub signed: bool,
}

/// What the record of a meeting says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeetingContent {
    /// What sort.
    #[garde(skip)]
    pub kind: MeetingKind,
    /// The area that it concerns: a street, or the district.
    #[garde(skip)]
    pub area_id: AreaId,
    /// The campaign.
    #[garde(skip)]
    #[serde(default)]
    pub campaign_id: Option<CampaignId>,
    /// Of an 约谈, the operator or contractor that was called in.
    #[garde(length(chars, min = 1, max = 100))]
    #[serde(default)]
    pub operator: Option<String>,
    /// When it was held.
    #[garde(skip)]
    pub held_at: DateTime<Utc>,
    /// Where.
    #[garde(length(chars, min = 1, max = 100))]
    pub place: String,
    /// Who was there: at least one host and one guest.
    #[garde(length(min = 2, max = 50), dive)]
    pub persons: Vec<MeetingPerson>,
    /// What it was about 事由.
    #[garde(length(chars, min = 2, max = 2000))]
    pub matter: String,
    /// What was demanded 要求.
    #[garde(length(chars, min = 2, max = 4000))]
    pub demands: String,
    /// The findings that it was about.
    #[garde(length(max = 200))]
    #[serde(default)]
    pub finding_ids: Vec<FindingId>,
    /// Scans of the signed record (purpose `document`), to be uploaded after; needs a finding. Later versions add to them.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    pub photos: Vec<Declared>,
}

/// Judges a record; gives the findings that it names.
fn judge(tx: &mut Tx<'_>, places: &Places, content: &MeetingContent) -> Outcome<Vec<FindingRow>> {
    if content.held_at > tx.now() {
        return Err(Fault::invalid("/held_at", "out_of_range", "会议时间不能晚于现在"));
    }
    if content.kind == MeetingKind::Talk && content.operator.is_none() {
        return Err(Fault::invalid(
            "/operator",
            "required",
            "约谈须注明被约谈的运营机构或承办单位；街道不约谈",
        ));
    }
    for (part, detail) in
        [(MeetingPart::Host, "须有主持（约谈）人"), (MeetingPart::Guest, "须有参加（被约谈）人")]
    {
        if !content.persons.iter().any(|p| p.part == part) {
            return Err(Fault::invalid("/persons", "part_missing", detail));
        }
    }
    if let Some(campaign) = content.campaign_id {
        campaigns::campaign_in(tx.conn(), places, campaign).map_err(|e| {
            e.if_missing(|| Fault::invalid("/campaign_id", "unknown_campaign", "检查行动不存在"))
        })?;
    }
    let findings = findings_of(tx, places, &content.finding_ids)?;
    let scans = content.photos.iter().all(|p| p.purpose == Purpose::Document);
    if !scans || (findings.is_empty() && !content.photos.is_empty()) {
        return Err(Fault::invalid(
            "/photos",
            "scan_of_findings",
            "扫描件须为材料（document），且会议须注明所涉问题",
        ));
    }
    Ok(findings)
}

fn findings_of(tx: &mut Tx<'_>, places: &Places, ids: &[FindingId]) -> Outcome<Vec<FindingRow>> {
    let (mut found, mut unknown) = (vec![], vec![]);
    for (n, id) in ids.iter().enumerate() {
        let within = |f: &FindingRow| places.holds(f.street_id, Some(f.facility_id));
        match find_finding(tx.conn(), *id)?.filter(within) {
            Some(row) => found.push(row),
            None => {
                let at = format!("/finding_ids/{n}");
                unknown.push(FieldFault::new(at, "unknown_finding", "问题不存在或不在权限范围内"));
            }
        }
    }
    if unknown.is_empty() { Ok(found) } else { Err(Fault::invalid_many(unknown)) }
}

/// Records a meeting.
///
/// # Errors
/// A time to come; an 约谈 without an operator; an area, campaign or finding out of reach; a scan that is none.
pub fn record(tx: &mut Tx<'_>, by: &Holder, content: &MeetingContent) -> Outcome<MeetingId> {
    let places = by.scope.places();
    let on = business_date(tx.now());
    let streets = streets_under(tx.conn(), content.area_id, on)?;
    if streets.is_empty() || !streets.iter().all(|s| places.holds(*s, None)) {
        return Err(Fault::invalid("/area_id", "unknown_area", "区划不存在或不在权限范围内"));
    }
    let findings = judge(tx, &places, content)?;
    let row = MeetingRow {
        id: tx.new_id(),
        kind: content.kind,
        area_id: content.area_id,
        campaign_id: content.campaign_id,
        held_at: content.held_at.into(),
        created_by: by.id,
        created_at: tx.ts(),
        revision: 1,
    };
    store::insert(tx.conn(), &row)?;
    store::insert_streets(tx.conn(), row.id, &streets)?;
    write(tx, by, &row, content, None, &findings)?;
    Ok(row.id)
}

/// Stores a version with its findings and scans.
fn write(
    tx: &mut Tx<'_>,
    by: &Holder,
    row: &MeetingRow,
    content: &MeetingContent,
    reason: Option<&str>,
    findings: &[FindingRow],
) -> Outcome<()> {
    let version = VersionRow {
        meeting_id: row.id,
        revision: row.revision,
        content: serde_json::to_string(content).map_err(Fault::internal)?,
        reason: reason.map(str::to_string),
        written_by: by.id,
        written_at: tx.ts(),
    };
    store::insert_version(tx.conn(), &version)?;
    let ids: Vec<FindingId> = findings.iter().map(|f| f.id).collect();
    store::set_findings(tx.conn(), row.id, &ids)?;
    let known = scans_of(tx, row.id)?;
    let new: Vec<Declared> =
        content.photos.iter().filter(|d| !known.iter().any(|k| k.photo_id == d.photo_id)).cloned().collect();
    if let (Some(first), false) = (findings.first(), new.is_empty()) {
        let (street_id, facility_id) = (first.street_id, first.facility_id);
        let kind = SubjectKind::Meeting;
        let subject = Subject { kind, id: row.id.uuid(), street_id, facility_id, owner_id: by.id };
        photos::declare(tx, &subject, &new, &|_| false)?;
    }
    let said = json!({ "kind": row.kind, "revision": row.revision, "reason": reason, "findings": ids.len() });
    tx.audit("meeting", row.id, said);
    tx.changed("meeting", row.id.uuid(), None, Change::Put)
}

fn scans_of(tx: &mut Tx<'_>, id: MeetingId) -> Outcome<Vec<PhotoLine>> {
    photos::photos_of(tx.conn(), SubjectKind::Meeting, id.uuid())
}

/// Corrects the record of a meeting by a new version. The sort of meeting and its area stay.
///
/// # Errors
/// Missing; another revision; what [`record`] refuses; `fixed`.
pub fn correct(
    tx: &mut Tx<'_>,
    by: &Holder,
    id: MeetingId,
    revision: i32,
    reason: &str,
    content: &MeetingContent,
) -> Outcome<()> {
    let places = by.scope.places();
    let mut row = store::find_locked(tx.conn(), &places, id)?.ok_or_else(|| Fault::missing("会议记录"))?;
    let streets = store::streets(tx.conn(), id)?;
    if !streets.iter().all(|s| places.holds(*s, None)) {
        return Err(Fault::missing("会议记录"));
    }
    if row.revision != revision {
        return Err(Fault::Precondition { given: true });
    }
    let fixed =
        |at: &str| Fault::invalid(format!("/meeting{at}"), "fixed", "会议类型和所涉区划不能更改，请另行登记");
    if content.kind != row.kind {
        return Err(fixed("/kind"));
    }
    if content.area_id != row.area_id {
        return Err(fixed("/area_id"));
    }
    let findings = judge(tx, &places, content).map_err(|e| e.below("/meeting"))?;
    row.revision += 1;
    row.held_at = content.held_at.into();
    row.campaign_id = content.campaign_id;
    store::save(tx.conn(), &row)?;
    write(tx, by, &row, content, Some(reason), &findings).map_err(|e| e.below("/meeting"))
}
