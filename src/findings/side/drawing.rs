//! Draws for a claim.

use super::store;
use crate::checklists::Severity;
use crate::clock::business_date;
use crate::db::sequencer::hex;
use crate::db::{AnyConn, Ts, Tx};
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::findings::draw::{is_drawn, lot};
use crate::ids::{FindingId, RectificationId};
use crate::settings::{self, Sampling};
use chrono::{DateTime, Datelike as _, Utc};
use serde_json::{Value, json};

/// The draw of a year.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct DrawYear {
    /// The year, in Asia/Shanghai.
    pub year: i32,
    /// SHA-256 of the seed's text, as it stands in the audit trail from the first claim of the year.
    pub sha256: String,
    /// Since when.
    pub made_at: DateTime<Utc>,
    /// The seed, once the year is over: whoever has it can draw again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
}

/// The draws of all years, the last first.
///
/// # Errors
/// The database's.
pub fn draws(conn: &mut AnyConn, now: DateTime<Utc>) -> Outcome<Vec<DrawYear>> {
    let this_year = business_date(now).year();
    let told = |(year, seed, sha256, made_at): (i32, String, String, Ts)| DrawYear {
        year,
        sha256,
        made_at: made_at.0,
        seed: (year < this_year).then_some(seed),
    };
    Ok(store::seeds(conn)?.into_iter().map(told).collect())
}

/// The year's seed; made at the first claim of the year, and its hash put into the audit trail.
fn seed(tx: &mut Tx<'_>) -> Outcome<String> {
    let year = business_date(tx.now()).year();
    if let Some(seed) = store::seed(tx.conn(), year)? {
        return Ok(seed);
    }
    let mut bytes = [0u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::internal("no randomness"))?;
    let (seed, at) = (hex(&bytes), tx.ts());
    let hash = sha256_of(seed.as_bytes());
    store::insert_seed(tx.conn(), year, &seed, &hash, at)?;
    tx.audit("draw_seed", year, json!({ "sha256": hash }));
    Ok(seed)
}

/// Whether a claim is to be looked at on site, and what of it stands in the history: the lot, but never the seed.
pub fn drawn(
    tx: &mut Tx<'_>,
    severity: Severity,
    finding: FindingId,
    claim: RectificationId,
) -> Outcome<(bool, Value)> {
    // The others are looked at in any case.
    if severity != Severity::General {
        return Ok((false, Value::Null));
    }
    let Sampling { percent } = settings::get(tx.conn())?;
    let lot = lot(&seed(tx)?, finding, claim);
    let drawn = is_drawn(lot, percent);
    Ok((drawn, json!({ "lot": lot, "percent": percent, "drawn": drawn })))
}
