//! What phones see. Short where it is repeated hundreds of times: what is empty is left out.

use crate::calendar::rules::{DayKind, YearStatus};
use crate::campaigns::CampaignKind;
use crate::checklists::{ChecklistItems, Proof, Severity};
use crate::db::types::coded;
use crate::directory::facilities::PositionView;
use crate::directory::{FacilityKind, FacilityState};
use crate::findings::rules::{CheckResult, State};
use crate::ids::{
    AreaId, CampaignId, ChecklistId, FacilityId, InspectionId, ItemId, PhotoId, SiteId, VisitId,
};
use crate::inspections::VisitKind;
use crate::photos::SubjectKind;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

coded! {
    /// Of what kind a thing in the feed is. In this order a phone can store them: none refers to a later one.
    pub enum Kind {
        /// An area.
        Area = "area" "区划",
        /// The working calendar; there is one.
        Calendar = "calendar" "工作日历",
        /// An inspector whom a visit may name.
        Inspector = "inspector" "检查员",
        /// A version of the check items.
        Checklist = "checklist" "检查标准",
        /// A facility.
        Facility = "facility" "设施",
        /// A campaign with its assignments.
        Campaign = "campaign" "检查行动",
        /// An unsettled finding.
        Finding = "finding" "问题",
        /// The phone owner's own inspection that is not complete.
        Inspection = "inspection" "检查记录",
        /// A visit that waits for the phone owner's confirmation.
        Visit = "visit" "待确认走访",
    }
}

/// What has changed, or everything.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Feed {
    /// For `since` of the next request.
    pub token: String,
    /// These are all things: the phone replaces what it had.
    pub reset: bool,
    /// There is more: the phone asks again at once, with the new token.
    pub more: bool,
    /// Each thing once, in its present state.
    pub changes: Vec<SyncChange>,
    /// The token asked with is as good as the new one.
    #[serde(skip)]
    pub unchanged: bool,
}

/// A thing in its present state: the field of its kind, or `gone`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncChange {
    /// Of what kind.
    pub kind: Kind,
    /// Its id.
    pub id: Uuid,
    /// It is settled, ended, or out of reach: the phone forgets it, if it had it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub gone: bool,
    /// Of `area`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<SyncArea>,
    /// Of `calendar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<SyncCalendar>,
    /// Of `inspector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspector: Option<SyncInspector>,
    /// Of `checklist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checklist: Option<ChecklistItems>,
    /// Of `facility`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<SyncFacility>,
    /// Of `campaign`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<SyncCampaign>,
    /// Of `finding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<SyncFinding>,
    /// Of `inspection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<SyncInspection>,
    /// Of `visit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<SyncVisit>,
}

impl SyncChange {
    /// A tombstone.
    pub fn gone(kind: Kind, id: Uuid) -> Self {
        Self { gone: true, ..Self::bare(kind, id) }
    }

    /// A thing whose state is still to be put in.
    pub fn bare(kind: Kind, id: Uuid) -> Self {
        Self {
            kind,
            id,
            gone: false,
            area: None,
            calendar: None,
            inspector: None,
            checklist: None,
            facility: None,
            campaign: None,
            finding: None,
            inspection: None,
            visit: None,
        }
    }
}

/// An area as of today: a street or community of the reach, or one above.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncArea {
    /// Its code.
    pub code: String,
    /// `province`, `city`, `district`, `street` or `community`.
    pub level: String,
    /// The area above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<AreaId>,
    /// Name.
    pub name: String,
}

/// The working calendar from last year on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncCalendar {
    /// Which years are published.
    pub years: Vec<CalendarYear>,
    /// The days that differ from a plain week.
    pub days: Vec<CalendarDay>,
}

/// An inspector of the reach, other than the phone's owner: an account that a visit may name as its second person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncInspector {
    /// Shown name.
    pub display_name: String,
    /// Organisation.
    pub organisation: String,
    /// Has an enforcement certificate, as `administrative` visits demand.
    pub certified: bool,
}

/// A year of the calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarYear {
    /// The year.
    pub year: i32,
    /// Whether it is published.
    pub status: YearStatus,
}

/// A day that differs from a plain week.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CalendarDay {
    /// The day.
    pub date: NaiveDate,
    /// Why.
    pub kind: DayKind,
    /// The holiday.
    pub name: String,
}

/// A facility that has not ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncFacility {
    /// Its code.
    pub code: String,
    /// What it is.
    pub kind: FacilityKind,
    /// Name.
    pub name: String,
    /// Street.
    pub street_id: AreaId,
    /// Community.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community_id: Option<AreaId>,
    /// The site that it shares with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// Address.
    pub address: String,
    /// Position as given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<PositionView>,
    /// Contact.
    pub contact_name: String,
    /// Telephone of the contact.
    pub contact_phone: String,
    /// Posted opening hours.
    pub opening_hours: String,
    /// Whether it works.
    pub status: FacilityState,
    /// The day of the last complete inspection that counts as coverage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_inspected_on: Option<NaiveDate>,
}

/// An active campaign that touches the reach.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncCampaign {
    /// Name.
    pub name: String,
    /// What it is about.
    pub kind: CampaignKind,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day.
    pub ends_on: NaiveDate,
    /// The check items.
    pub checklist_id: ChecklistId,
    /// Its targets among the phone's facilities.
    pub assignments: Vec<Assignment>,
}

/// A facility to be inspected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Assignment {
    /// The facility.
    pub facility_id: FacilityId,
    /// When, if that is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_on: Option<NaiveDate>,
}

/// An unsettled finding, with what a re-inspection on site needs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncFinding {
    /// Its number.
    pub number: String,
    /// Where.
    pub facility_id: FacilityId,
    /// The facility's name of that day.
    pub facility_name: String,
    /// The item, perhaps of a version that the phone does not have.
    pub item_id: ItemId,
    /// Its code.
    pub item_code: String,
    /// The compliant condition.
    pub title: String,
    /// Its category.
    pub category: String,
    /// How grave it is.
    pub severity: Severity,
    /// What shows rectification.
    pub proof: Proof,
    /// What was seen.
    pub description: String,
    /// Where it stands.
    pub state: State,
    /// When it was found.
    pub found_at: DateTime<Utc>,
    /// Last day to rectify, once served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// The day of rectification, as last claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_on: Option<NaiveDate>,
    /// What was done, as last claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measures: Option<String>,
    /// The street's check of that claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_outcome: Option<CheckResult>,
    /// Whether the last re-inspection of that claim passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reinspected_ok: Option<bool>,
    /// Why it was sent back, while it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned_because: Option<String>,
    /// Photos to compare with: of the item when it was found, of the last claim, of the last re-inspection. Those that
    /// have arrived, without documents.
    pub photos: Vec<ShownPhoto>,
}

/// A photo to compare with; `/photos/{id}/renditions/320` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShownPhoto {
    /// Its id.
    pub id: PhotoId,
    /// What it was taken for.
    pub of: SubjectKind,
}

/// The phone owner's own inspection that is not complete.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncInspection {
    /// Its facility.
    pub facility_id: FacilityId,
    /// Its visit.
    pub visit_id: VisitId,
    /// Its campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// When the server had it.
    pub received_at: DateTime<Utc>,
    /// Declared photos that have not arrived.
    pub missing: Vec<PhotoId>,
    /// Items that demand a photo and have none declared.
    pub lacking: Vec<ItemId>,
}

/// A visit in which the phone's owner took part and which is theirs to confirm: `POST /visits/{id}/confirmations`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SyncVisit {
    /// What it is.
    pub kind: VisitKind,
    /// Its campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    /// When it began, by the leader's phone: a claim.
    pub started_at: DateTime<Utc>,
    /// Until when it is to be confirmed.
    pub confirm_until: DateTime<Utc>,
    /// The name of who leads it, as the visit says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// Its inspections within reach.
    pub inspections: Vec<VisitedFacility>,
}

/// A facility that a visit inspected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VisitedFacility {
    /// The inspection.
    pub id: InspectionId,
    /// The facility.
    pub facility_id: FacilityId,
    /// The facility's name of that day.
    pub facility_name: String,
}
