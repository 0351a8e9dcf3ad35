//! The catalogue: which indicators there are, from `assets/indicators.toml`: PURE. A code is stable, because targets and
//! values are kept under it; what `system` indicators are made of is in `compute`.

use super::{Better, IndicatorForm, IndicatorSource};
use crate::fault::{Fault, Outcome};
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;
use std::sync::LazyLock;

const CATALOGUE: &str = include_str!("../../assets/indicators.toml");

/// An indicator 考核指标.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Its code, e.g. `bed_online`.
    pub code: String,
    /// Its name, in Chinese.
    pub name: String,
    /// What the numerator counts by, e.g. 张.
    pub unit: String,
    /// What its value is.
    pub form: IndicatorForm,
    /// Which way is good.
    pub better: Better,
    /// Where its values come from.
    pub source: IndicatorSource,
    /// Whether annex 2 of a letter may list it.
    #[serde(default = "yes")]
    pub printed: bool,
    /// What is counted.
    pub numerator: String,
    /// Of how much; empty where nothing is divided.
    #[serde(default)]
    pub denominator: String,
    /// The formula in a sentence.
    pub formula: String,
    /// Where it comes from.
    pub basis: String,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    indicator: Vec<Indicator>,
}

static INDICATORS: LazyLock<Result<Vec<Indicator>, String>> = LazyLock::new(|| {
    let file: Result<File, _> = Figment::from(Toml::string(CATALOGUE)).extract();
    file.map(|file| file.indicator).map_err(|e| e.to_string())
});

/// All indicators, in order.
///
/// # Errors
/// None but a defect of the file, which the tests exclude.
pub fn all() -> Outcome<&'static [Indicator]> {
    INDICATORS.as_ref().map(Vec::as_slice).map_err(Fault::internal)
}

/// The indicator of a code.
///
/// # Errors
/// Missing.
pub fn find(code: &str) -> Outcome<&'static Indicator> {
    all()?.iter().find(|i| i.code == code).ok_or_else(|| Fault::missing("指标"))
}

/// The indicator that a person names by its code or its name.
///
/// # Errors
/// As [`all`].
pub fn named(text: &str) -> Outcome<Option<&'static Indicator>> {
    Ok(all()?.iter().find(|i| i.code == text || i.name == text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_and_names_are_unique_and_every_division_says_by_what() {
        let all = all().unwrap();
        let codes: BTreeSet<&str> = all.iter().map(|i| i.code.as_str()).collect();
        let names: BTreeSet<&str> = all.iter().map(|i| i.name.as_str()).collect();
        assert_eq!((codes.len(), names.len()), (all.len(), all.len()));
        for i in all {
            assert!(i.code.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", i.code);
            assert_eq!(i.denominator.is_empty(), !i.form.divides(), "{}", i.code);
            assert!(![&i.name, &i.unit, &i.numerator, &i.formula, &i.basis].iter().any(|t| t.is_empty()));
            // A row of this name would be compared with the letter's own coverage.
            assert!(!i.name.ends_with("检查覆盖率") || i.name.contains("季度"), "{}", i.name);
        }
        assert_eq!(find("bed_online").unwrap().name, "家庭养老床位设备在线率");
        assert!(find("nothing").is_err());
    }
}
