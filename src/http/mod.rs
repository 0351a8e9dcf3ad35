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
mod annex;
mod audit;
mod batch;
mod calendar;
mod campaigns;
mod checklists;
mod compliance;
mod delegations;
mod directory;
mod escalation;
mod findings;
mod fire;
mod groups;
mod handover;
mod indicators;
mod inspections;
mod ledger;
mod letters;
mod loop_steps;
mod meetings;
mod notices;
mod opinions;
mod origins;
mod photos;
mod projects;
mod quarantine;
mod settings;
mod sync;
mod system;
mod task_sheet;
mod today;
mod tus;
mod uploads;
mod webhooks;
