//! The only place that knows actix. `routes` is the whole URL table; `operation` derives an operation's specification
//! from its handler's signature; `caller` turns a token into a person with a permission; `extract` reads requests;
//! `problem` is the only mapping from faults to answers. Then one file per capability.

pub mod answer;
pub mod caller;
pub mod content;
pub mod extract;
pub mod openapi;
pub mod operation;
pub mod problem;
pub mod routes;
pub mod server;

mod access;
mod audit;
mod batch;
mod campaigns;
mod checklists;
mod compliance;
mod directory;
mod findings;
mod fire;
mod inspections;
mod letters;
mod photos;
mod quarantine;
mod sync;
mod system;
mod tus;
mod uploads;
