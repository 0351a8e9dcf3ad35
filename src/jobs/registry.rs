//! The list of all jobs.

use super::queue::Job;
use crate::app::App;
use crate::fault::{Fault, Outcome};
use crate::ids::LetterId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Renders an issued letter and keeps its document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenderLetter {
    /// The letter.
    pub letter: LetterId,
}

impl Job for RenderLetter {
    const KIND: &'static str = "render_letter";
}

/// Puts a delivered letter into the folder from which the document system takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportLetter {
    /// The letter.
    pub letter: LetterId,
}

impl Job for ExportLetter {
    const KIND: &'static str = "export_letter";
}

/// Does the work that comes round once an hour; its name holds the hour.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HourlyWork {}

impl Job for HourlyWork {
    const KIND: &'static str = "hourly_work";
}

/// Lets the rules of the fire register look at every facility.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AssessFireRegister {
    /// The business day that it is for.
    pub day: NaiveDate,
}

impl Job for AssessFireRegister {
    const KIND: &'static str = "assess_fire_register";
}

/// Runs a job by its kind.
pub fn run(app: &Arc<App>, kind: &str, payload: &str) -> Outcome<()> {
    match kind {
        RenderLetter::KIND => {
            let job: RenderLetter = serde_json::from_str(payload).map_err(Fault::internal)?;
            crate::letters::render::render(app, job.letter)
        }
        ExportLetter::KIND => {
            let job: ExportLetter = serde_json::from_str(payload).map_err(Fault::internal)?;
            crate::letters::export::export(app, job.letter)
        }
        HourlyWork::KIND => super::works::run(app),
        AssessFireRegister::KIND => crate::fire::daily::run(app),
        unknown => Err(Fault::internal(format!("unknown job kind {unknown}"))),
    }
}
