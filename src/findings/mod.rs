//! Findings 问题, and the loop that each goes through until it is struck off the ledger 销号. `rules` is the pure table of
//! what may happen and who may do it; `deadlines` reckons due dates (pure); `opening` makes a finding of a failing item;
//! `side` holds what goes on beside the straight way, `draw` says which claims are looked at, `attribution` whose days they
//! were; `origin` takes in what others found, `groups` holds findings under one roof; `on_site` claims and closes what
//! was put right at once, and `recheck` says what another look makes of it; `steps` takes it further, one transaction a
//! step; `redating` follows a new calendar, `telling` says who is told; `record` writes what every step leaves: an event, the state's interval, the
//! audit line and the change feed. A closed finding is never edited: the same item failing again opens a new one that
//! points back to it.

mod amended;
pub mod attribution;
pub mod deadlines;
pub mod draw;
pub mod groups;
mod on_site;
mod opening;
pub mod origin;
mod recheck;
mod record;
mod redating;
pub mod rules;
pub mod side;
mod steps;
pub(crate) mod store;
mod telling;
mod view;

pub use amended::{Correction, correct, is_printed, mark_printed, set_printed};
pub use on_site::{OnSite, OnSiteClosing, close_on_site};
pub use opening::{OpenFinding, Opened, open_for};
pub use recheck::{Became, codes_at, recheck};
pub use redating::{Redated, redate};
pub use steps::{
    ByLetter, Claim, Recheck, Service, brigade_check, check, claim, close, confirm, reinspect, return_claim,
    serve, serve_by_letter, set_deadline, withdraw,
};
pub use store::{FindingFilter, numbered};
pub use telling::{confirming_role, facts, responsible};
pub use view::{FindingDetail, FindingView, find, list};

use crate::db::types::coded;

coded! {
    /// Where a finding comes from.
    pub enum Source {
        /// An inspection by the bureau.
        Inspection = "inspection" "本局检查",
        /// An inspection by a third party under contract.
        ThirdParty = "third_party" "第三方检查",
        /// The province or its experts, e.g. 省消安委.
        Provincial = "provincial" "省级检查",
        /// The fire brigade's own finding, mirrored here.
        Fire = "fire" "消防通报",
        /// Somebody complained; who is sealed.
        Complaint = "complaint" "投诉举报",
        /// The operator found it, and the clerk wrote it down.
        SelfCheck = "self_check" "自查自改",
        /// Party inspectors 巡察.
        Xuncha = "xuncha" "巡察",
    }
}

coded! {
    /// How a finding was served on the responsible side 送达.
    pub enum ServiceMethod {
        /// The sheet was handed over on site and signed for.
        OnSite = "on_site" "现场送达",
        /// The sheet was handed over and the signature refused; reason and witness are on the visit.
        Refused = "refused" "拒签留置",
        /// By letter.
        Letter = "letter" "函件送达",
    }
}
