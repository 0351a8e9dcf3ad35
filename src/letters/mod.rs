//! Letters 提醒函. One per street and campaign, drafted in one batch. `gather` reads the facts, `compose` turns them into a
//! letter (pure), `rules` says who may take it a step further (pure): drafted and submitted (the facts are frozen),
//! approved (a trial rendering is the gate), issued (a batch takes consecutive numbers in one transaction), rendered by a
//! job, sealed and delivered by the registrar, received by the street. Three steps to the issue, three persons. What changed
//! since the snapshot refuses the next step and says what differs. `telling` says who is told; `check` whether a file is ours.

mod check;
pub mod compose;
pub mod docx;
pub mod edits;
pub mod export;
mod faces;
pub mod facts;
mod figures;
mod gather;
pub mod kind;
pub mod letter;
pub mod numbering;
pub mod render;
pub mod reply_letter;
pub mod rules;
mod steps;
pub(crate) mod store;
pub mod task_sheet;
mod telling;
pub mod typeset;
mod view;

pub use check::{CheckedCopy, CopyKind, check};
pub use faces::{LetterPhoto, LetterPhotos, Seen, check_photos, photos};
pub use figures::{LetterFigure, figures};
pub use steps::{
    Changed, Counts, Difference, Edition, LetterComparison, LineChange, Wanted, change, compare, draft_one,
    editions, preview, text_diff,
};
pub use steps::{
    Delivery, Forced, Receipt, Scan, Sender, acknowledge, approve, deliver, document, draft_batch,
    enter_number, hand_over, issue_batch, make_void, reschedule, return_letter, seal, sealed_scan,
    store_scan, submit, trial,
};
pub use store::{documents_after, documents_named, lines as printed, scans_after, scans_named};
pub use telling::alert;
pub use view::{InHand, LetterView, Reader, find, in_charge_of, list, row};

use crate::db::types::coded;

coded! {
    /// How a letter is delivered 送达, beside the addressee's inbox here.
    pub enum DeliveryChannel {
        /// The inbox here is all.
        Inbox = "inbox" "系统送达",
        /// Through the bureau's document system.
        Oa = "oa" "公文系统",
        /// On paper, by hand or courier.
        Paper = "paper" "纸质送达",
        /// By fax.
        Fax = "fax" "传真",
    }
}
