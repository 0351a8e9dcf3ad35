//! What a phone sends.

use crate::db::types::coded;
use crate::directory::facilities::PositionView;
use crate::ids::{CampaignId, ChecklistId, FacilityId, ItemId, UserId, VisitId};
use crate::photos::Declared;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

coded! {
    /// What a visit is.
    pub enum VisitKind {
        /// An administrative inspection 行政检查: two certified officers and a notice (养老机构行政检查办法).
        Administrative = "administrative" "行政检查",
        /// Service or supervision 督导: no enforcement.
        Supervision = "supervision" "督导检查",
        /// Another look at items that have a finding: no coverage.
        Recheck = "recheck" "复查",
        /// An operator's look at its own facility 自查自改: no coverage, and it opens no findings.
        SelfCheck = "self_check" "自查自改",
    }
}

coded! {
    /// What part a person takes in a visit.
    pub enum Part {
        /// Leads.
        Lead = "lead" "带队",
        /// Inspects.
        Member = "member" "成员",
        /// Comes along.
        Accompanying = "accompanying" "陪同",
    }
}

coded! {
    /// Whether the site signed the sheet (安全生产法第六十八条: a refusal is recorded).
    pub enum SignatureState {
        /// Signed.
        Signed = "signed" "已签字",
        /// Refused.
        Refused = "refused" "拒签",
    }
}

coded! {
    /// An answer to an item.
    pub enum Outcome {
        /// Complies.
        Pass = "pass" "合格",
        /// Does not.
        Fail = "fail" "不合格",
        /// Does not apply here.
        NotApplicable = "not_applicable" "不适用",
    }
}

coded! {
    /// Whether the facility was seen to work.
    pub enum ObservedStatus {
        /// It works.
        Operating = "operating" "正常运营",
        /// Closed at a time when it should be open.
        Closed = "closed" "未开放",
        /// Suspended.
        Suspended = "suspended" "暂停运营",
    }
}

/// Somebody who took part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Participant {
    /// Name.
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
    /// Organisation.
    #[garde(length(chars, min = 1, max = 100))]
    pub organisation: String,
    /// Number of the enforcement certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 50))]
    pub certificate: Option<String>,
    /// What part.
    #[garde(skip)]
    pub part: Part,
    /// An account of their own: they may send inspections of the visit, and confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub user_id: Option<UserId>,
    /// Signed the sheet on the leader's phone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[garde(skip)]
    pub signed: bool,
}

/// The signature of the site's representative, or its refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Signed or refused.
    #[garde(skip)]
    pub state: SignatureState,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 50))]
    pub signed_by: Option<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 500))]
    pub reason: Option<String>,
    /// Who witnessed the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 50))]
    pub witness: Option<String>,
}

/// One arrival at a site; the same in every inspection of the visit, apart from its end and the phone's position: two phones
/// have two of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Made by the phone.
    #[garde(skip)]
    pub id: VisitId,
    /// What it is.
    #[garde(skip)]
    pub kind: VisitKind,
    /// When it began, by the phone's clock: a claim.
    #[garde(skip)]
    pub started_at: DateTime<Utc>,
    /// When it ended, by the phone's clock: a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Where the phone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub position: Option<PositionView>,
    /// Number of the notice, for an administrative inspection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 50))]
    pub notice_number: Option<String>,
    /// Who took part, at most 20.
    #[garde(length(min = 1, max = 20), dive)]
    pub participants: Vec<Participant>,
    /// The site's signature.
    #[garde(dive)]
    pub signature: Signature,
}

/// What was put right while the inspectors were there 当场整改.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OnSite {
    /// What was done.
    #[garde(length(chars, min = 2, max = 2000))]
    pub measures: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The item.
    #[garde(skip)]
    pub item_id: ItemId,
    /// Whether it complies.
    #[garde(skip)]
    pub outcome: Outcome,
    /// What was seen; needed where it does not comply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 2000))]
    pub note: Option<String>,
    /// A measured value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(length(chars, min = 1, max = 100))]
    pub value: Option<String>,
    /// It was put right on the spot; with photos of before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(dive)]
    pub on_site: Option<OnSite>,
}

/// An inspection of one facility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectionBody {
    /// The campaign, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub campaign_id: Option<CampaignId>,
    /// The facility.
    #[garde(skip)]
    pub facility_id: FacilityId,
    /// The version of the check items.
    #[garde(skip)]
    pub checklist_id: ChecklistId,
    /// The visit.
    #[garde(dive)]
    pub visit: Visit,
    /// An answer to every item of the facility's kind; in a recheck, to one or more that have a finding.
    #[garde(length(min = 1, max = 200), dive)]
    pub answers: Vec<Answer>,
    /// The photos that belong to it, at most 200.
    #[garde(length(max = 200), dive)]
    pub photos: Vec<Declared>,
    /// Whether the facility was seen to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub observed_status: Option<ObservedStatus>,
}
