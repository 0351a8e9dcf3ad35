//! Typed identifiers. Every thing has a UUIDv7 of its own type, so that a facility's id can never be passed for a
//! finding's. The numbers that people read (finding number, 文号) are separate columns.

use chrono::{DateTime, Utc};
use uuid::{Timestamp, Uuid};

/// A new UUIDv7 (RFC 9562) whose time part is `now`; the rest is random, so ids of one instant are unordered.
pub fn new_uuid(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
}

/// What all id types share.
pub trait TypedId: Copy {
    /// Wraps a plain UUID.
    fn from_uuid(id: Uuid) -> Self;
    /// The plain UUID.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl TypedId for $name {
            fn from_uuid(id: Uuid) -> Self { Self(id) }
            fn uuid(self) -> Uuid { self.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { Uuid::parse_str(text).map(Self) }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
        }
        $crate::db::types::id_column!($name);
    )+};
}

ids! {
    /// An area 区划.
    AreaId;
    /// A user account.
    UserId;
    /// A login session: the family of one chain of refresh tokens.
    SessionId;
    /// A role granted to a user, with its reach and dates.
    GrantId;
    /// A deputy's delegation 代理.
    DelegationId;
    /// A hand-over of somebody's open items.
    HandoverId;
    /// A facility 设施.
    FacilityId;
    /// One dated version of a facility.
    FacilityVersionId;
    /// A site: one address that may hold several facilities.
    SiteId;
    /// A published version of the check items.
    ChecklistId;
    /// A check item of one published version.
    ItemId;
    /// A campaign 检查行动.
    CampaignId;
    /// A visit: one arrival at a site.
    VisitId;
    /// An inspection of one facility during a visit.
    InspectionId;
    /// A record in quarantine.
    QuarantineId;
    /// A later version of an inspection.
    AmendmentId;
    /// A photo or document kept as evidence.
    PhotoId;
    /// A photo on its way: what a resumable upload is called.
    UploadId;
    /// A finding 问题.
    FindingId;
    /// An event in a finding's history.
    EventId;
    /// A claim that a finding is rectified 整改.
    RectificationId;
    /// A check of a claim: the street's 初核 or a re-inspection 复查.
    CheckId;
    /// What is asked for about a finding: more time, a dispute, 挂账, a termination.
    RequestId;
    /// A finding passed on to another authority 移送.
    ReferralId;
    /// A call or a visit about a finding.
    ContactId;
    /// Where a finding that was entered by hand comes from.
    OriginId;
    /// Findings under one roof: a parent with its children, or a plan 整改方案.
    GroupId;
    /// A centre's project line.
    ProjectId;
    /// A weekly report of a project.
    ReportId;
    /// A supervisor's opinion 监督意见.
    OpinionId;
    /// A file of indicators 考核指标 that was imported.
    IndicatorImportId;
    /// A version of what a street reported of an indicator.
    IndicatorValueId;
    /// A version of an indicator's target.
    TargetId;
    /// A street's objection to a target.
    ObjectionId;
    /// A letter 提醒函.
    LetterId;
    /// A seal on a letter 用印.
    SealId;
    /// A street's answer to a letter 复函.
    ReplyId;
    /// A file of such an answer.
    ReplyFileId;
    /// Letters drafted together.
    BatchId;
    /// A next step that the clock has drafted.
    StepId;
    /// A record of an 约谈 or a feedback meeting.
    MeetingId;
    /// A line of the fire register 消防台账.
    LineId;
    /// A bulletin between the bureau and the fire brigade 信息通报.
    BulletinId;
    /// A background job.
    JobId;
    /// What one person is told 通知.
    NoticeId;
    /// A line that waits for a street's digest.
    DigestLineId;
    /// A subscription of somebody else's system.
    WebhookId;
    /// A secret of a subscription.
    WebhookSecretId;
    /// A message on its way out.
    DeliveryId;
}
