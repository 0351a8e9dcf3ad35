//! The clock of the loop 催办. Once an hour of business time `tick` looks at every finding whose deadline runs: `rules`
//! (pure) says what is due, and each mark is written exactly once for a finding and a due day, in one transaction with what
//! it does. A day that is near or has passed is told (`telling`); five and ten working days after it a next step is drafted
//! (`drafts`): one draft for an addressee, a campaign and a step, which grows until somebody takes it up. Nothing is ever
//! sent from here: `steps` records what a person did with a draft, `reminder` (its `rules` pure) which letter answers one,
//! and `meetings` what was said at an 约谈 or a 反馈会.

mod drafts;
mod facts;
pub mod meetings;
mod reminder;
pub mod rules;
mod steps;
mod store;
mod telling;
mod tick;
mod view;
mod wording;

pub use steps::{Taken, dismiss, take};
pub use store::StepFilter;
pub use tick::{Portion, Ticked, tick};
pub use view::{MarkView, StepDetail, StepMember, StepView, find, list, marks};

use crate::db::types::coded;
use crate::settings::StepKind;

coded! {
    /// What the clock marks.
    pub enum Mark {
        /// The due day is near.
        NearDue = "near_due" "临近到期",
        /// The due day has passed.
        Overdue = "overdue" "逾期",
        /// The bureau has not confirmed a third party's finding in time.
        ToConfirm = "to_confirm" "超期未确认",
        /// A step was due.
        SecondReminder = "second_reminder" "再次提醒函",
        /// A step was due.
        Talk = "talk" "约谈",
        /// A step was due.
        LeaderContact = "leader_contact" "联系街道领导",
        /// A step was due.
        DistrictReport = "district_report" "报告区政府",
    }
}

impl From<StepKind> for Mark {
    fn from(kind: StepKind) -> Self {
        match kind {
            StepKind::SecondReminder => Self::SecondReminder,
            StepKind::Talk => Self::Talk,
            StepKind::LeaderContact => Self::LeaderContact,
            StepKind::DistrictReport => Self::DistrictReport,
        }
    }
}

coded! {
    /// What became of a mark.
    pub enum MarkResult {
        /// It was told, or the step drafted.
        Fired = "fired" "已触发",
        /// Its time had passed before the clock came to it.
        Skipped = "skipped" "已错过",
        /// The setting says that this step is not taken.
        NotTaken = "not_taken" "按设置不采取",
    }
}

coded! {
    /// Where a drafted step stands.
    pub enum StepState {
        /// It waits for a person, and grows.
        Drafted = "drafted" "待处理",
        /// Somebody has done it.
        TakenUp = "taken_up" "已采取",
        /// Somebody has put it aside, with a reason.
        Dismissed = "dismissed" "不采取",
        /// None of its findings is left.
        Lapsed = "lapsed" "已失效",
    }
}

coded! {
    /// Why a finding is no longer in a drafted step.
    pub enum Dropped {
        /// It is settled.
        Settled = "settled" "已销号、撤销或终结",
        /// It has another due day now.
        Moved = "moved" "期限已变更",
        /// It was not with the responsible side when the step was taken; it waits in the next draft.
        Away = "away" "采取时不在责任方",
        /// The letter by which the step was taken does not print it; it waits in the next draft.
        NotPrinted = "not_printed" "函中未列",
    }
}
