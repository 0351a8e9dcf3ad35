//! `yixun verify`: reads every blob that a row names and compares hash and length with what they should be, then counts
//! the blobs that no row names. It changes nothing, holds one blob at a time, and may run beside a server: a blob is
//! stored before its row, and one whose row goes meanwhile is not missed.

use crate::app::App;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::files::{Store, StoreFault};
use crate::{letters, photos, replies};
use std::collections::HashSet;
use std::fmt;

/// Rows and blobs that are looked at together.
const PAGE: usize = 500;

/// Hashes and lengths, in order.
type Page = Vec<(String, i64)>;

/// A table that names blobs.
struct Source {
    what: &'static str,
    /// What comes behind a hash.
    page: fn(&mut AnyConn, &str, i64) -> Outcome<Page>,
    /// Which of these hashes it names.
    named: fn(&mut AnyConn, &[String]) -> Outcome<HashSet<String>>,
}

const SOURCES: [Source; 4] = [
    Source { what: "照片", page: photos::blobs_after, named: photos::blobs_named },
    Source { what: "提醒函", page: letters::documents_after, named: letters::documents_named },
    Source { what: "用印扫描件", page: letters::scans_after, named: letters::scans_named },
    Source { what: "复函文件", page: replies::files_after, named: replies::files_named },
];

/// What is wrong with a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// Its bytes are others than were stored.
    Corrupt,
    /// It has another length than its row says, in bytes.
    Length {
        /// The row's.
        row: i64,
        /// Its own.
        blob: u64,
    },
}

/// A blob that is not as its row says. Shown in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Its name.
    pub sha256: String,
    /// What it belongs to, in Chinese.
    pub what: &'static str,
    /// What is wrong.
    pub wrong: Wrong,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sha256, what, wrong } = self;
        match wrong {
            Wrong::Missing => write!(f, "缺失：{what} {sha256}"),
            Wrong::Corrupt => write!(f, "损坏：{what} {sha256}"),
            Wrong::Length { row, blob } => {
                write!(f, "长度不符：{what} {sha256}（记录 {row} 字节，实际 {blob} 字节）")
            }
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Blobs that rows name.
    pub checked: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Of them not there.
    pub missing: u64,
    /// Of them with other bytes, or another length.
    pub corrupt: u64,
    /// Blobs that no row names.
    pub unnamed: u64,
}

/// Verifies everything; tells each trouble as it is found.
///
/// # Errors
/// The database's; the storage's when it does not answer.
pub fn verify(app: &App, tell: &mut dyn FnMut(&Trouble)) -> Outcome<Report> {
    let mut report = Report::default();
    for source in &SOURCES {
        let mut after = String::new();
        loop {
            let page = app.db.read_now(|conn| (source.page)(conn, &after, PAGE as i64))?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (sha256, length) in page {
                check(app, source, sha256, length, &mut report, tell)?;
            }
        }
    }
    report.unnamed = count_unnamed(app)?;
    Ok(report)
}

fn check(
    app: &App,
    source: &Source,
    sha256: String,
    length: i64,
    report: &mut Report,
    tell: &mut dyn FnMut(&Trouble),
) -> Outcome<()> {
    report.checked += 1;
    let Some(wrong) = look(&app.files, &sha256, length, &mut report.bytes)? else { return Ok(()) };
    let names = [sha256];
    if wrong == Wrong::Missing && app.db.read_now(|conn| (source.named)(conn, &names))?.is_empty() {
        // The row has gone since, and the sweeper took the blob with it.
        return Ok(());
    }
    match wrong {
        Wrong::Missing => report.missing += 1,
        Wrong::Corrupt | Wrong::Length { .. } => report.corrupt += 1,
    }
    let [sha256] = names;
    tell(&Trouble { sha256, what: source.what, wrong });
    Ok(())
}

fn look(files: &Store, sha256: &str, length: i64, read: &mut u64) -> Outcome<Option<Wrong>> {
    match files.get(sha256) {
        Ok(bytes) => {
            let blob = bytes.len() as u64;
            *read += blob;
            Ok((u64::try_from(length) != Ok(blob)).then_some(Wrong::Length { row: length, blob }))
        }
        Err(StoreFault::NotFound) => Ok(Some(Wrong::Missing)),
        Err(StoreFault::Corrupt(_)) => Ok(Some(Wrong::Corrupt)),
        Err(other) => Err(other.into()),
    }
}

fn count_unnamed(app: &App) -> Outcome<u64> {
    let (mut count, mut names) = (0, vec![]);
    let unnamed = |names: &mut Vec<String>| {
        let batch = std::mem::take(names);
        app.db.read_now(|conn| {
            let mut named = HashSet::new();
            for source in &SOURCES {
                named.extend((source.named)(conn, &batch)?);
            }
            Ok((batch.len() - named.len()) as u64)
        })
    };
    app.files.each(&mut |held| {
        names.push(held.name);
        if names.len() == PAGE {
            count += unnamed(&mut names)?;
        }
        Ok::<_, crate::fault::Fault>(())
    })?;
    Ok(count + unnamed(&mut names)?)
}
