//! The only place that knows actix. `routes` is the whole URL table; `operation` derives an operation's specification
//! from its handler's signature; `caller` turns a token into a person with a permission; `extract` reads requests;
//! `problem` is the only mapping from faults to answers; `turns` bounds what takes much memory. Then one file per
//! capability.

pub mod answer;
pub mod caller;
pub mod content;
pub mod extract;
pub mod openapi;
pub mod operation;
pub mod problem;
pub mod routes;
pub mod server;
pub mod turns;

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
mod dispatch;
mod escalation;
mod faces;
mod findings;
mod fire;
mod groups;
mod handover;
mod indicators;
mod inspections;
mod ledger;
mod letter_docx;
mod letter_drafts;
mod letter_files;
mod letters;
mod loop_steps;
mod meetings;
mod notices;
mod opinions;
mod origins;
mod pdf;
mod photos;
mod projects;
mod quarantine;
mod replies;
mod settings;
mod sync;
mod system;
mod task_sheet;
mod today;
mod tus;
mod uploads;
mod webhooks;
