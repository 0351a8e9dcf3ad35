//! What an item says.

use crate::db::types::coded;
use crate::directory::FacilityKind;
use crate::ids::{ChecklistId, ItemId};

coded! {
    /// How grave a failing item is. 一般 and 重大 are the legal grades (安监总局令第16号第三条); 较大 is internal and is never
    /// printed as a legal one.
    pub enum Severity {
        /// Closed by the drafter.
        General = "general" "一般",
        /// Closed by the reviewer, after a re-inspection.
        Serious = "serious" "较大",
        /// A candidate 重大事故隐患: confirmed by a clause and a second person, 养老机构 only.
        Major = "major" "重大",
    }
}

coded! {
    /// Whether a photo is needed.
    pub enum PhotoRule {
        /// Also when the item passes.
        Always = "always" "必拍",
        /// When the item fails.
        OnFail = "on_fail" "不合格时拍",
        /// Never demanded.
        Optional = "optional" "选拍",
    }
}

coded! {
    /// What shows rectification.
    pub enum Proof {
        /// A photo of the same place.
        Photo = "photo" "照片",
        /// A document.
        Document = "document" "材料",
        /// Counting heads on site.
        Headcount = "headcount" "现场清点",
        /// An unannounced visit on a working day.
        Revisit = "revisit" "工作日不定期复访",
    }
}

coded! {
    /// What a term counts.
    pub enum TermUnit {
        /// Every day.
        CalendarDay = "calendar_day" "日",
        /// Working days of the imported calendar.
        WorkingDay = "working_day" "个工作日",
    }
}

/// Time to rectify; 0 days means at once (立即整改).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Term {
    /// How many.
    pub days: u16,
    /// Of what.
    pub unit: TermUnit,
}

/// A legal basis.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Basis {
    /// The clause.
    pub text: String,
    /// Only a verified one is ever printed.
    pub verified: bool,
}

/// A check item of one published version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its version.
    pub checklist_id: ChecklistId,
    /// Stable code, e.g. `YK-01`.
    pub code: String,
    /// The compliant condition; a finding is its negation.
    pub title: String,
    /// Category.
    pub category: String,
    /// Severity of a failure.
    pub severity: Severity,
    /// Time to rectify.
    pub term: Term,
    /// Whether a photo is needed.
    pub photo_rule: PhotoRule,
    /// What shows rectification.
    pub proof: Proof,
    /// What to photograph.
    pub evidence: String,
    /// Legal basis.
    pub basis: Vec<Basis>,
    /// Kinds of facility that it is for.
    pub kinds: Vec<FacilityKind>,
}
