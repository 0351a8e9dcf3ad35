//! Indicators 考核指标: what a street is measured by, quarter by quarter. `catalogue` says which there are and what each counts;
//! `targets` sets what is to be reached, with a reason, and never changes what was; `import` takes in what streets report,
//! `sheet` reads their files (CSV or XLSX), `compute` reckons the others from the ledger as it was at a moment; `rules`,
//! `decimal` and `printed` are the arithmetic (pure). A street may object to a target (`objections`), and another person
//! than the one who set it decides. `reckoning` puts figures and targets side by side, for readers and for annex 2 of the
//! letters (`rows`).
//!
//! Values and targets are versions: nothing is overwritten, and every figure says of which day it is.

pub mod catalogue;
mod compute;
pub mod decimal;
pub mod import;
pub mod objections;
mod printed;
mod reckoning;
pub mod rules;
pub mod sheet;
mod store;
pub mod targets;
mod view;

pub use compute::SIGNBOARD_ITEM;
pub use printed::PrintedRow;
pub use reckoning::{Asked, moment, rows};
pub use view::{
    IndicatorList, IndicatorTarget, IndicatorView, QuarterFigures, QuarterRow, ValueVersion, history, list,
    target, targets as target_history, values,
};

use crate::db::types::coded;

coded! {
    /// What an indicator's value is.
    pub enum IndicatorForm {
        /// Numerator of denominator, in percent.
        Share = "share" "比率",
        /// Against the same quarter of the year before, in percent.
        Growth = "growth" "同比",
        /// Numerator per denominator.
        Ratio = "ratio" "平均数",
        /// Days per finding.
        Days = "days" "天数",
        /// A number.
        Count = "count" "数量",
        /// An amount in 元.
        Money = "money" "金额",
    }
}

impl IndicatorForm {
    /// Whether it has a denominator.
    pub fn divides(self) -> bool {
        !matches!(self, Self::Count | Self::Money)
    }
}

coded! {
    /// Which way is good.
    pub enum Better {
        /// More is better.
        Higher = "higher" "越高越好",
        /// Less is better.
        Lower = "lower" "越低越好",
    }
}

coded! {
    /// Where an indicator's values come from.
    pub enum IndicatorSource {
        /// Reckoned from the ledger.
        System = "system" "系统计算",
        /// Reported, and imported.
        Import = "import" "报送导入",
    }
}

coded! {
    /// How a value is compared with its target.
    pub enum Comparison {
        /// Not below.
        AtLeast = "at_least" "不低于",
        /// Not above.
        AtMost = "at_most" "不高于",
        /// Exactly.
        Equal = "equal" "等于",
    }
}

impl Comparison {
    /// As printed.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtLeast => "≥",
            Self::AtMost => "≤",
            Self::Equal => "=",
        }
    }
}
