//! Draws for a claim.

use super::store;
use crate::checklists::Severity;
use crate::clock::business_date;
use crate::db::Tx;
use crate::db::sequencer::hex;
use crate::fault::{Fault, Outcome};
use crate::files::sha256_of;
use crate::findings::draw::{is_drawn, lot};
use crate::ids::{FindingId, RectificationId};
use crate::settings::{self, Sampling};
use chrono::Datelike as _;
use serde_json::{Value, json};

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
