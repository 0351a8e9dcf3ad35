//! What goes on beside the straight way of a finding: what is asked for and decided (`requests`), what stops the clock
//! (`pauses`), what is passed on to another authority (`referrals`), who answers for it and who was called (`persons`),
//! and which claims are drawn for a look on site (`drawing`). Who may and when is the table's in `rules`.

mod drawing;
mod pauses;
mod persons;
mod referrals;
mod requests;
pub(super) mod store;
mod view;

pub(super) use drawing::drawn;
pub use drawing::{DrawYear, draws};
pub(super) use pauses::standstills;
pub use pauses::{Pause, elapsed, resume, resume_elapsed, suspend};
pub use persons::{Answerable, Contacted, assign, contact};
pub use referrals::{Referral, receive_referral, refer, report_referral};
pub use requests::{Decision, decide, dispute, finish_stage};
pub use requests::{
    Extension, LongTermPlan, Stage, Termination, ask_extension, ask_long_term, ask_termination,
};
pub use view::days;
pub use view::{ContactView, ReferralView, RequestView, StageView, stages_in_force};
pub(super) use view::{contacts, referrals, requests};

use crate::db::types::coded;

coded! {
    /// What came of a request.
    pub enum RequestResult {
        /// Granted.
        Granted = "granted" "同意",
        /// Not granted.
        Refused = "refused" "不同意",
        /// The finding was settled before anybody decided.
        Lapsed = "lapsed" "已失效",
    }
}

coded! {
    /// Why a finding ends without having been rectified 终结.
    pub enum Ground {
        /// The facility moved away from the place.
        Moved = "moved" "迁址",
        /// Another operator runs it.
        OperatorChanged = "operator_changed" "更换运营机构",
        /// It has ended.
        Ended = "ended" "终止",
    }
}

coded! {
    /// The authority that something is passed on to 移送.
    pub enum Agency {
        /// Fire rescue.
        Fire = "fire" "消防救援",
        /// Housing and construction.
        Housing = "housing" "住建",
        /// Market supervision.
        Market = "market" "市场监管",
        /// Another.
        Other = "other" "其他",
    }
}

coded! {
    /// How somebody was reached.
    pub enum ContactMethod {
        /// By telephone.
        Call = "call" "电话",
        /// In person.
        Visit = "visit" "上门",
        /// In writing.
        Message = "message" "书面",
        /// At a meeting.
        Meeting = "meeting" "会议",
    }
}
