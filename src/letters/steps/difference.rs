//! A letter as lines of text, and how two such texts differ: line by line, as a person would compare two printouts.

use super::super::facts::Facts;
use super::composed;
use crate::db::types::coded;
use crate::fault::Outcome;
use similar::{ChangeTag, TextDiff};

/// The lines of the letter that these facts make.
///
/// # Errors
/// What the composition refuses.
pub(super) fn lines_of(facts: &Facts) -> Outcome<Vec<String>> {
    Ok(composed(facts)?.lines())
}

coded! {
    /// What became of a line.
    pub enum LineChange {
        /// It stands in both.
        Same = "same" "未变",
        /// It stands in the later only.
        Added = "added" "新增",
        /// It stands in the earlier only.
        Removed = "removed" "删除",
    }
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Changed {
    /// What became of it.
    pub change: LineChange,
    /// The line.
    pub text: String,
}

/// The lines of two texts with what became of each.
pub(super) fn diff_lines(before: &[String], after: &[String]) -> Vec<Changed> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.iter().map(String::as_str).collect(), after.iter().map(String::as_str).collect());
    let diff = TextDiff::from_slices(&before, &after);
    let change = |tag| match tag {
        ChangeTag::Equal => LineChange::Same,
        ChangeTag::Insert => LineChange::Added,
        ChangeTag::Delete => LineChange::Removed,
    };
    diff.iter_all_changes().map(|c| Changed { change: change(c.tag()), text: c.value().to_owned() }).collect()
}
