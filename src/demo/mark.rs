//! The mark of a demo's data folder: that it is one, and where its clock stands.

use crate::clock::{ShiftedClock, machine_now};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FILE: &str = "demo.json";

/// The mark.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mark {
    /// Says what the folder is.
    kind: String,
    /// Business time at the end of the quarter; a server on this data goes on from there.
    ended_at: DateTime<Utc>,
    /// Machine time at that moment: the data's time runs on from there also while no server runs, and never goes back.
    made_at: DateTime<Utc>,
}

impl Mark {
    /// A mark whose clock stands at `ended_at` now.
    pub(super) fn new(ended_at: DateTime<Utc>) -> Self {
        Self { kind: "yixun demo".into(), ended_at, made_at: machine_now() }
    }

    /// The mark of a data folder, if it is a demo's.
    ///
    /// # Errors
    /// A Chinese sentence when there is a mark that cannot be read.
    pub fn read(data: &Path) -> Result<Option<Self>, String> {
        let path = data.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|e| format!("演示标记 {} 已损坏：{e}", path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("无法读取 {}：{e}", path.display())),
        }
    }

    pub(super) fn write(&self, data: &Path) -> Result<(), String> {
        let path = data.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
        std::fs::write(&path, text).map_err(|e| format!("无法写入 {}：{e}", path.display()))
    }

    /// The clock of this data.
    pub fn clock(&self) -> ShiftedClock {
        ShiftedClock::new(self.ended_at, self.made_at)
    }
}
