//! Notices 通知: what people and other systems are told. Whoever does something that concerns others calls [`tell`] in the
//! transaction that does it; what is told exists exactly when it happened.
//!
//! - `news` lists the events with their facts (pure), `texts` makes them readable (`assets/notices.toml`);
//! - a person finds a notice in the `inbox`, and by mail where they have asked for that (`addresses_of_people`);
//! - a street's people are not flooded: what [`Pace::Daily`] says of findings (served, near due, overdue, returned, claimed)
//!   is collected, and `digest` tells it once on each working day at the set hour. Everything else reaches them at once:
//!   decisions that they asked for, withdrawals of what stands in a letter, letters. Operators and the bureau, who have few
//!   places or other lists, are told everything at once;
//! - another system subscribes to events by name (`webhooks`), one message each, `digest.street` among them;
//! - `outbox` keeps what is to leave the house, by webhook (`post`) or by mail (`mail`), with its retries.
//!
//! What is said here never orders (责令) and never names who complained.

mod addresses;
mod digest;
mod inbox;
mod mail;
mod news;
mod outbox;
mod post;
mod rules;
pub mod settings;
pub(crate) mod store;
mod telling;
mod texts;
pub mod webhooks;

pub use digest::tell_due;
pub use inbox::{
    AddressView, NoticeView, UnreadView, address, forget_address, list, read, read_all, set_address,
    test_address, unread,
};
pub use mail::Attachment;
pub use news::{Event, FindingFacts, News, Pace};
pub use outbox::{Courier, DeliveryView, deliveries, replay};
pub use post::Names;
pub use store::{Channel, DeliveryFilter, DeliveryState};
pub use telling::{Notice, To, tell, tell_with, unsay};
