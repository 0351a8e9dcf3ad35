//! A certificate's number is never kept: its last four characters are shown, and a keyed hash compares it with others.
//! The key is derived from the signing keys (`access/keys.rs`), so whoever has only the database cannot try numbers out.
//! When keys are rotated the first one hashes, and all of them are looked for.

use crate::access::keys::SigningKey;
use crate::fault::{Fault, Outcome};

/// Characters that are shown.
const SHOWN: usize = 4;
/// Shortest and longest number, in letters and digits; a short one would be shown whole.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=30;

/// A number as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// `****1234`.
    pub masked: String,
    /// What it is compared by, for each signing key, the first key's first.
    pub hashes: Vec<String>,
}

/// Seals a number. Letters and digits count, full-width ones like the others; the case does not.
///
/// # Errors
/// `out_of_range` at `pointer` when it is too short or too long.
pub fn seal(number: &str, keys: &[SigningKey], pointer: &str) -> Outcome<Sealed> {
    let bare = bare(number);
    if !LENGTHS.contains(&bare.chars().count()) {
        let told = format!("证书编号应为 {} 至 {} 位字母或数字", LENGTHS.start(), LENGTHS.end());
        return Err(Fault::invalid(pointer, "out_of_range", told));
    }
    let hashes = keys.iter().map(|key| key.number_tag(&bare)).collect();
    let last: String = bare.chars().skip(bare.chars().count() - SHOWN).collect();
    Ok(Sealed { masked: format!("****{last}"), hashes })
}

fn bare(number: &str) -> String {
    let narrow = |c: char| match u32::from(c) {
        wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(c),
        _ => c,
    };
    number.chars().map(narrow).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_however_it_is_written() {
        let keys = [SigningKey::ephemeral().unwrap(), SigningKey::ephemeral().unwrap()];
        let sealed = |text: &str| seal(text, &keys, "/number").unwrap();
        let one = sealed("1944 0000-0040 123x");
        assert_eq!(one.masked, "****123X");
        assert_eq!(one, sealed("１９４４０００００040123X"));
        assert_ne!(one.hashes, sealed("194400000040124X").hashes);
        assert_ne!(one.hashes[0], one.hashes[1], "each key says something else");
        assert!(one.hashes.iter().all(|h| !h.contains("1944")));
        for wrong in ["", "1234567", "证书", &"1".repeat(31)] {
            assert!(seal(wrong, &keys, "/number").unwrap_err().has_code("out_of_range"), "{wrong}");
        }
    }
}
