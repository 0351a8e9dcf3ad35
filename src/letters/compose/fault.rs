//! Why there is no letter of some facts: what is refused, in words for the clerk and a code for the client.

use super::super::edits;
use super::super::kind::LetterKind;
use super::super::letter::printed_date;
use super::{MAX_LINES, MAX_TEXT, title};
use chrono::NaiveDate;

/// Why a letter cannot be composed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeFault {
    /// The street would have to reply before it has the letter.
    #[error("回复期限（{}）须晚于成文日期（{}）", printed_date(*reply_due), printed_date(*date))]
    ReplyDue {
        /// The day by which the street replies.
        reply_due: NaiveDate,
        /// The day of the letter.
        date: NaiveDate,
    },
    /// More than [`MAX_LINES`].
    #[error("{what}共{count}项，一份函最多列{MAX_LINES}项")]
    TooManyLines {
        /// Which list.
        what: &'static str,
        /// How many rows it has.
        count: usize,
    },
    /// A text is longer than [`MAX_TEXT`].
    #[error("{place}超过{MAX_TEXT}字")]
    TextTooLong {
        /// Which text.
        place: String,
    },
    /// A text that must be there is empty.
    #[error("{place}为空")]
    TextMissing {
        /// Which text.
        place: String,
    },
    /// A text says what a reminder letter never says.
    #[error("{place}含有“{word}”，提醒函不得使用")]
    ForbiddenWord {
        /// Which text.
        place: String,
        /// The word.
        word: &'static str,
    },
    /// The title does not fit its lines.
    #[error("检查行动名称过长，标题无法排成{}行以内", title::MAX_LINES)]
    TitleTooLong,
    /// A reminder of what is open, and nothing is.
    #[error("没有未销号的问题，无需发{}", kind.label())]
    NothingOpen {
        /// What kind of letter.
        kind: LetterKind,
    },
    /// A kind of letter that speaks of another, or needs what a person says, without it: a defect.
    #[error("{}缺少所依据的内容", kind.label())]
    Incomplete {
        /// What kind of letter.
        kind: LetterKind,
    },
    /// A clerk's text stands behind a section that the letter does not have.
    #[error("本函没有“{}”部分，请把自拟段落放到其他部分之后", section.label())]
    NoSuchSection {
        /// The section.
        section: edits::Section,
    },
    /// A clerk's text counts: counts are taken from the annexes only.
    #[error("自拟段落含有数量“{count}”；数量一律由附件统计得出，请改用文字表述")]
    CountInText {
        /// The count.
        count: String,
    },
    /// Two counts of the same thing differ.
    #[error("“{what}”的数字前后不一致：{left}与{right}")]
    CountsDisagree {
        /// What is counted.
        what: String,
        /// One count.
        left: String,
        /// The other.
        right: String,
    },
}

impl ComposeFault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReplyDue { .. } => "reply_due_not_after_date",
            Self::TooManyLines { .. } => "too_many_lines",
            Self::TextTooLong { .. } => "text_too_long",
            Self::TextMissing { .. } => "text_missing",
            Self::ForbiddenWord { .. } => "forbidden_word",
            Self::TitleTooLong => "title_too_long",
            Self::NothingOpen { .. } => "nothing_open",
            Self::Incomplete { .. } => "incomplete",
            Self::NoSuchSection { .. } => "no_such_section",
            Self::CountInText { .. } => "count_in_text",
            Self::CountsDisagree { .. } => "counts_disagree",
        }
    }
}
