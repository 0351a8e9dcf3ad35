//! Visits and inspections. A phone sends an inspection under a UUID of its own making, with the visit that it belongs to,
//! an answer to every item and a manifest of photos; `body` is what it sends, `rules` judges it (pure), `submit` stores
//! it exactly once with its findings in one transaction. `visit` lets several phones feed one visit and its second person
//! confirm it; `on_site` closes what was put right on the spot. The same content again gives the same answer; other content
//! is refused with what differs. Whatever is authentic but late or out of place (`standing`, pure) is kept in `quarantine`
//! until the clerk decides. What was wrong is corrected by later versions (`amendments`). Completeness is read from the
//! manifest: a record whose declared photos have not arrived, or
//! that lacks a photo which the list demands, is never called complete.

pub mod amendments;
mod body;
mod on_site;
pub mod quarantine;
pub mod rules;
mod same;
pub mod standing;
pub(crate) mod store;
mod submit;
mod view;
mod visit;

pub use body::{
    Answer, InspectionBody, ObservedStatus, OnSite, Part, Participant, Signature, SignatureState, Visit,
    VisitKind,
};
pub use store::{InspectionFilter, InspectionState};
pub use submit::{Receipt, Stable, Submitted, receive_photo, submit};
pub use view::{InspectionDetail, InspectionView, ParticipantView, VisitView, find, find_visit, list};
pub use visit::{Confirmed, VisitConfirmation, awaiting, confirm};
