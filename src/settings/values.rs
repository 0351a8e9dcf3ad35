//! The settings there are.

use super::{Clock, Letters, Setting};
use crate::db::types::{Coded as _, coded};
use crate::fault::{Fault, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;

coded! {
    /// The name of a setting.
    pub enum Name {
        /// How many claims of 一般 findings are looked at on site.
        Sampling = "sampling" "一般问题现场抽查",
        /// What counts as a relapse.
        Relapse = "relapse" "重复出现",
        /// When the clock says what.
        Clock = "clock" "催办时点与步骤",
        /// How often a centre's project line is to be refreshed.
        ProjectRefresh = "project_refresh" "一中心一整改措施更新周期",
        /// How letters are numbered, copied, checked and received.
        Letters = "letters" "函件编号、抄送、核验与签收",
    }
}

impl std::str::FromStr for Name {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        Self::from_code(code).ok_or(())
    }
}

/// How many claims of 一般 findings are looked at on site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Of a hundred claims.
    pub percent: u8,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { percent: 10 }
    }
}

impl Setting for Sampling {
    const NAME: Name = Name::Sampling;

    fn check(&self) -> Result<(), String> {
        if self.percent <= 100 { Ok(()) } else { Err("percent 应在 0 至 100 之间".into()) }
    }
}

/// What counts as a relapse 重复出现, and whether it shortens the term. No published basis for a shorter term is known, so
/// that one has to be named before it may be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relapse {
    /// Within so many months after closing.
    pub months: u32,
    /// The term is halved (rounded up).
    pub halves_term: bool,
    /// The published basis for that.
    #[serde(default)]
    pub basis: Option<String>,
}

impl Default for Relapse {
    fn default() -> Self {
        Self { months: 12, halves_term: false, basis: None }
    }
}

impl Setting for Relapse {
    const NAME: Name = Name::Relapse;

    fn check(&self) -> Result<(), String> {
        if !(1..=60).contains(&self.months) {
            return Err("months 应在 1 至 60 之间".into());
        }
        let basis = self.basis.as_deref().is_some_and(|b| b.chars().count() >= 4);
        if self.halves_term && !basis {
            return Err("缩短整改期限须注明公布的依据（basis）".into());
        }
        Ok(())
    }
}

/// How often a centre's project line 一中心一整改措施 is to be refreshed; the district's own practice is every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRefresh {
    /// At least every so many days.
    pub days: u16,
}

impl Default for ProjectRefresh {
    fn default() -> Self {
        Self { days: 7 }
    }
}

impl Setting for ProjectRefresh {
    const NAME: Name = Name::ProjectRefresh;

    fn check(&self) -> Result<(), String> {
        if (1..=90).contains(&self.days) { Ok(()) } else { Err("days 应在 1 至 90 之间".into()) }
    }
}

fn default_value<S: Setting>() -> Outcome<Value> {
    serde_json::to_value(S::default()).map_err(Fault::internal)
}

/// The default of a setting.
pub(super) fn default_of(name: Name) -> Outcome<Value> {
    match name {
        Name::Sampling => default_value::<Sampling>(),
        Name::Relapse => default_value::<Relapse>(),
        Name::Clock => default_value::<Clock>(),
        Name::ProjectRefresh => default_value::<ProjectRefresh>(),
        Name::Letters => default_value::<Letters>(),
    }
}

fn checked_as<S: Setting>(value: &Value) -> Result<Value, String> {
    let read: S = serde_json::from_value(value.clone()).map_err(|e| format!("取值不符合格式：{e}"))?;
    read.check()?;
    serde_json::to_value(read).map_err(|e| e.to_string())
}

/// A value as it will be stored, or in Chinese why it makes no sense.
pub(super) fn checked(name: Name, value: &Value) -> Result<Value, String> {
    match name {
        Name::Sampling => checked_as::<Sampling>(value),
        Name::Relapse => checked_as::<Relapse>(value),
        Name::Clock => checked_as::<Clock>(value),
        Name::ProjectRefresh => checked_as::<ProjectRefresh>(value),
        Name::Letters => checked_as::<Letters>(value),
    }
}
