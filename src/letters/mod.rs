//! Letters 提醒函. One per street and campaign, drafted in one batch. `gather` reads the facts, `compose` turns them into a
//! letter (pure), `rules` says who may take it a step further (pure): drafted and submitted (the facts are frozen),
//! approved (a trial rendering is the gate), issued (a batch takes consecutive numbers in one transaction), rendered by a
//! job. Three steps, three persons. What changed since the snapshot refuses the next step and says what differs.

pub mod compose;
pub mod docx;
mod faces;
pub mod facts;
mod gather;
pub mod letter;
pub mod numbering;
pub mod render;
pub mod rules;
mod steps;
pub(crate) mod store;
pub mod task_sheet;
pub mod typeset;
mod view;

pub use faces::{LetterPhoto, LetterPhotos, Seen, check_photos, photos};
pub use steps::{
    Sender, approve, document, draft_batch, hand_over, issue_batch, preview, reschedule, return_letter,
    submit, trial,
};
pub use store::{documents_after, documents_named, lines as printed};
pub use view::{InHand, LetterView, Reader, find, in_charge_of, list, row};
