//! The database, the same for SQLite and PostgreSQL. Read in this order:
//! `connection` opens the one the URL names; `types` says how ids, times and codes are kept; `write` is the only way
//! to change data (one transaction with its audit row); `sequencer` gives committed audit and change rows their order;
//! `migrate` brings the schema up. Nothing here knows what an inspection is.

mod any;
pub mod connection;
pub mod counter;
pub mod migrate;
pub mod page;
pub mod schema;
pub mod sequencer;
pub mod types;
pub mod write;
mod writer;

pub use connection::{AnyConn, Db, DbOptions, Isolation, MultiBackend};
pub use types::Ts;
pub use write::{Actor, Change, Principal, Stamp, Tx};
