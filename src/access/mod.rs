//! Who may do what, and where. `permissions` is the pure table role × action; `scope` turns a person's dated grants into
//! the places they reach; `passwords`, `keys` and `tokens` are the proofs; `sessions` logs in and out; `users` keeps the
//! accounts; `disabling` closes them; `delegations` lets a deputy stand in. Serves every capability and knows none of them.

pub mod delegations;
pub mod disabling;
mod employer;
pub mod keys;
pub mod passwords;
pub mod permissions;
pub mod scope;
pub mod sessions;
pub(crate) mod store;
pub mod tokens;
pub mod users;

pub use crate::db::{Actor, Principal, Stamp};
pub use employer::{Employer, employer};
pub use permissions::{Action, Permission, Role};
pub use scope::{Concern, Holder, Places, Scope, Spot};
pub use store::{holders_over, is_street, streets_under};
