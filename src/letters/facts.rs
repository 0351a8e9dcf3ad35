//! The facts of a letter: all that its composition may know. They are read from the ledger in one go, hashed when the
//! letter is submitted, and read again before each later step to see whether the ledger has moved. Neither a grade nor a
//! person is among them, so no letter can print one; of the legal basis only what has been verified is here.

use super::edits::Block;
use super::kind::{About, LetterKind, Terms};
use crate::directory::FacilityKind;
use crate::findings::rules::State;
use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

/// Everything that a letter to one street is composed from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// What the letter is for. Left out for a campaign's reminder, so that the hash of letters of before stays theirs; what
    /// only other kinds have is left out of it too.
    #[serde(skip_serializing_if = "is_reminder")]
    pub kind: LetterKind,
    /// The letter that this one speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// What a person has said for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// The operator that it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Texts of the clerk.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// Numbers of the findings that the clerk has left out: said in the letter, and not listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Who writes.
    pub authority: Authority,
    /// The addressee 主送机关, e.g. 赤岗街道办事处.
    pub street_office_name: String,
    /// The street, e.g. 赤岗街道.
    pub street_name: String,
    /// The campaign, e.g. 2026年第三季度居家社区养老服务设施质量检查.
    pub campaign_name: String,
    /// The first day with a complete inspection.
    pub inspected_from: Option<NaiveDate>,
    /// The last day with a complete inspection.
    pub inspected_to: Option<NaiveDate>,
    /// Facilities planned, per kind; kinds without any are left out.
    pub planned: Vec<KindCount>,
    /// Those of the planned facilities whose inspection is complete, per kind.
    pub inspected: Vec<KindCount>,
    /// Inspections whose sheet was handed over on site.
    pub sheets_served: u32,
    /// Annex 2.
    pub indicators: Vec<Indicator>,
    /// What this campaign found 本次: the rows of annex 1, in order.
    pub lines: Vec<Line>,
    /// What was found before this campaign and is not struck off 前期未销号: never summed with `lines`.
    pub carried_over: Vec<Line>,
    /// Within so many months after its closing what fails again comes back 重复出现. Left out while it is twelve, so that the
    /// hash of letters that were submitted before this was a setting stays theirs.
    #[serde(skip_serializing_if = "is_twelve")]
    pub relapse_months: u32,
    /// Who gets a copy 抄送, in order; mostly nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// The day that the facts speak of.
    pub as_of: NaiveDate,
    /// The day by which the street replies.
    pub reply_due: NaiveDate,
    /// Somebody has said why that day may have passed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late_reply: bool,
    /// The day of the letter until it is issued.
    pub date: NaiveDate,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_reminder(kind: &LetterKind) -> bool {
    *kind == LetterKind::CampaignReminder
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_twelve(months: &u32) -> bool {
    *months == 12
}

/// Who writes the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authority {
    /// Its name 发文机关.
    pub name: String,
    /// The word of its numbers 机关代字.
    pub doc_word: String,
    /// The contact line under the date; may be empty.
    pub contact: String,
    /// Printed in light grey across every page, for samples.
    pub watermark: Option<String>,
}

/// How many facilities of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KindCount {
    /// The kind.
    pub kind: FacilityKind,
    /// How many.
    pub count: u32,
}

/// A finding as the letter sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which finding; never printed.
    pub finding_id: Uuid,
    /// Its number in the ledger: the street's reply refers to it.
    pub finding_number: String,
    /// Where it was found.
    pub facility_name: String,
    /// What the facility is.
    pub facility_kind: FacilityKind,
    /// The category of the check item.
    pub category: String,
    /// What is wrong.
    pub description: String,
    /// The legal basis, only what has been verified.
    pub verified_basis: Vec<String>,
    /// The deadline set at service; none before.
    pub original_due: Option<NaiveDate>,
    /// That deadline still runs and rests on a year that is not published.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub due_provisional: bool,
    /// The day that it runs to by now, where that is another: it was extended, or its clock stood still for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_moved: Option<NaiveDate>,
    /// Where it stands.
    pub state: State,
    /// Its deadline has passed and it is not struck off.
    pub overdue: bool,
    /// The same item failed within the months before that the settings name 重复出现.
    pub repeat: bool,
    /// What it looked like; only a photo that somebody has looked at and seen no face in.
    pub photo: Option<PhotoRef>,
}

/// A photo by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhotoRef {
    /// SHA-256 of the original, lower-case hex.
    pub sha256: String,
}

/// A row of the indicators 考核指标, as printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Indicator {
    /// What is measured.
    pub name: String,
    /// The target.
    pub target: String,
    /// What was reached.
    pub value: String,
    /// The share reached, or a dash.
    pub rate: String,
    /// The day that the figure speaks of, where it is not the letter's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<NaiveDate>,
    /// Its place among the streets of the campaign, e.g. 3/18; only where the settings compare streets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}
