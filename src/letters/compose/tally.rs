//! Counting rows: the only place where a number of findings in the text comes from.

use super::super::letter::IssueRow;
use std::collections::BTreeSet;

/// The rows of an annex, counted.
#[derive(Clone, Copy)]
pub(super) struct Tally<'a>(pub &'a [IssueRow]);

/// The rows of one category, with their places in the annex (序号).
pub(super) struct Group<'a> {
    pub category: &'a str,
    pub rows: Vec<(usize, &'a IssueRow)>,
}

impl<'a> Tally<'a> {
    pub fn count(self) -> usize {
        self.0.len()
    }

    pub fn closed(self) -> usize {
        self.0.iter().filter(|row| row.closed).count()
    }

    /// 终结: nothing is to be done, and nothing was rectified.
    pub fn ended(self) -> usize {
        self.0.iter().filter(|row| row.ended).count()
    }

    pub fn open(self) -> usize {
        self.count() - self.closed() - self.ended()
    }

    pub fn overdue(self) -> usize {
        self.0.iter().filter(|row| row.overdue).count()
    }

    /// The facilities concerned, each once.
    pub fn facilities(self) -> usize {
        self.0.iter().map(|row| &row.facility).collect::<BTreeSet<_>>().len()
    }

    /// The facilities where something is open, each once.
    pub fn open_facilities(self) -> usize {
        let open = self.0.iter().filter(|row| !row.closed && !row.ended);
        open.map(|row| &row.facility).collect::<BTreeSet<_>>().len()
    }

    /// 重复出现, with their places.
    pub fn repeated(self) -> Vec<(usize, &'a IssueRow)> {
        self.numbered().filter(|(_, row)| row.repeat).collect()
    }

    /// Open rows that satisfy `test`.
    pub fn has_open(self, test: impl Fn(&IssueRow) -> bool) -> bool {
        self.0.iter().any(|row| !row.closed && !row.ended && test(row))
    }

    /// By category, the largest first, then in order of appearance. In each, what came back and what is late is first.
    pub fn groups(self) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = vec![];
        for (place, row) in self.numbered() {
            match groups.iter_mut().find(|group| group.category == row.category) {
                Some(group) => group.rows.push((place, row)),
                None => groups.push(Group { category: &row.category, rows: vec![(place, row)] }),
            }
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.rows.len()));
        for group in &mut groups {
            group.rows.sort_by_key(|(place, row)| (!row.repeat, !row.overdue, *place));
        }
        groups
    }

    fn numbered(self) -> impl Iterator<Item = (usize, &'a IssueRow)> {
        (1..).zip(self.0)
    }
}
