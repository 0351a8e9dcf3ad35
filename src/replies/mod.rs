//! The street's answer to a letter 复函. The street drafts it line by line of the annex (已整改, 整改中, 无法按期), prints the
//! draft for its seal, attaches the scan and sends it: from then on it is frozen, and the newest sent answer of a line counts.
//! A reply is a set of claims, never a closing: sending turns each 已整改 into a claim and each 无法按期 with a day into an
//! extension that is asked for, by the same rules as if they came alone, and says per line what became of it. `rules` says
//! what an answer must hold and where a letter stands (pure), `compose` makes the document (pure), `steps` act, `telling`
//! says who is told; `board` shows how far every street of a campaign is.

pub mod board;
mod compose;
mod document;
pub mod rules;
mod steps;
pub(crate) mod store;
mod telling;
mod view;

pub use document::{drawn_up, pdf};
pub use steps::{Changes, NewFile, Sending, attach, detach, edit, open, send};
pub use store::{files_after, files_named};
pub use telling::alert;
pub use view::{
    AnswerCounts, Awaiting, LetterReplies, LetterStanding, ReplyFileView, ReplyLineView, ReplyView, awaiting,
    file, find, list, scan,
};
