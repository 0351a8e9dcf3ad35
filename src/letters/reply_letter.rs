//! A street's reply 复函 as it is printed: all that the typesetter gets of it. Who composes it is `replies`.

use super::letter::Paragraph;
use serde::{Deserialize, Serialize};

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyLetter {
    /// Who writes: at the head and above the date.
    pub unit: String,
    /// 发文字号 as printed, with blanks where the street has not given it out.
    pub number: String,
    /// The title.
    pub title: String,
    /// The addressee 主送机关, without the colon.
    pub recipient: String,
    /// The text.
    pub body: Vec<Paragraph>,
    /// The annex 整改情况表, a row for each line that is answered; may be empty.
    pub rows: Vec<ReplyRow>,
    /// 成文日期 as printed, with blanks where it is not set.
    pub day: String,
    /// The day for the properties of the document: year, month, day.
    pub date: (i32, u32, u32),
    /// Printed in light grey across every page.
    pub watermark: Option<String>,
}

/// A row of the annex. The text's counts are taken from these rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyRow {
    /// The finding's number in the ledger.
    pub number: String,
    /// 设施名称, as the letter has it.
    pub facility: String,
    /// 存在问题, as the letter has it.
    pub problem: String,
    /// 整改情况: 已整改, 整改中 or 无法按期.
    pub answer: String,
    /// 措施／原因.
    pub said: String,
    /// 完成或计划日期, as printed.
    pub day: String,
}
