//! The draw 抽查: which claims of 一般 findings are looked at on site before they are closed. PURE. Each year has a seed that
//! nobody outside knows and whose hash stands in the audit trail from the start; a claim is drawn when the hash of seed,
//! finding and claim falls below the percentage. Once the seed is told, anybody can draw again and get the same.

use crate::ids::{FindingId, RectificationId};
use aws_lc_rs::digest::{SHA256, digest};

/// Parts of the whole that a lot is taken from.
pub const LOTS: u32 = 10_000;

/// The lot of a claim, from 0 to below [`LOTS`]: the first four bytes of SHA-256 over `seed:finding:claim`, big-endian, modulo
/// [`LOTS`].
pub fn lot(seed: &str, finding: FindingId, claim: RectificationId) -> u32 {
    let hash = digest(&SHA256, format!("{seed}:{finding}:{claim}").as_bytes());
    let first = hash.as_ref().iter().take(4).fold(0u32, |all, byte| all << 8 | u32::from(*byte));
    first % LOTS
}

/// Whether a lot is drawn at so many of a hundred.
pub fn is_drawn(lot: u32, percent: u8) -> bool {
    lot < u32::from(percent) * (LOTS / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{TypedId as _, new_uuid};
    use chrono::DateTime;

    #[test]
    fn the_same_again_and_about_as_many_as_asked() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let claims: Vec<(FindingId, RectificationId)> = (0..4000)
            .map(|_| (FindingId::from_uuid(new_uuid(at)), RectificationId::from_uuid(new_uuid(at))))
            .collect();
        let drawn = |seed: &str| claims.iter().filter(|(f, c)| is_drawn(lot(seed, *f, *c), 10)).count();
        assert_eq!(drawn("a"), drawn("a"));
        // Ten of a hundred, within six deviations.
        assert!((286..=514).contains(&drawn("a")), "{}", drawn("a"));
        assert!(claims.iter().all(|(f, c)| is_drawn(lot("a", *f, *c), 100)));
        assert!(!claims.iter().any(|(f, c)| is_drawn(lot("a", *f, *c), 0)));
    }
}
