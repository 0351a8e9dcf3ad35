//! The folder for the document system 公文系统: each delivered letter becomes a folder of its own, named after its number,
//! with the document, the sealed scan and `letter.json`. It is written under a name that begins with a dot, synced, and then
//! renamed, so that whoever takes it finds it whole or not at all; doing it again changes nothing.

use super::store;
use crate::app::App;
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::{Fault, Outcome};
use crate::files::Store;
use crate::ids::{AreaId, LetterId, new_uuid};
use chrono::NaiveDate;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

/// What is said of a letter beside its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct About {
    id: LetterId,
    number: String,
    title: String,
    addressee: String,
    street_id: AreaId,
    issued_on: Option<NaiveDate>,
    sealed_on: NaiveDate,
    delivered_on: NaiveDate,
    reply_due: NaiveDate,
    files: Vec<AboutFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct AboutFile {
    name: &'static str,
    sha256: String,
    length: i64,
}

/// The names of the files.
const DOCUMENT: &str = "letter.pdf";
const SCAN: &str = "sealed.pdf";
const ABOUT: &str = "letter.json";

/// The job: puts a delivered letter into the folder of the settings, if there is one.
///
/// # Errors
/// The database's, the storage's and the folder's; the job is tried again.
pub fn export(app: &Arc<App>, id: LetterId) -> Outcome<()> {
    let Some(folder) = &app.config.letter_export_dir else { return Ok(()) };
    let Some(about) = app.db.read_now(|conn| about(conn, id))? else { return Ok(()) };
    let name = folder_name(&about.number);
    let told = format!("{}\n", serde_json::to_string_pretty(&about).map_err(Fault::internal)?);
    let place = folder.join(&name);
    let fault = |e: io::Error| Fault::internal(format!("the export folder {}: {e}", place.display()));
    if place.exists() {
        let there = fs::read_to_string(place.join(ABOUT)).map_err(fault)?;
        let same = there == told;
        return if same { Ok(()) } else { Err(fault(io::Error::other("another letter is there"))) };
    }
    let mut files = vec![];
    for file in &about.files {
        files.push((file.name, bytes(&app.files, &file.sha256)?));
    }
    files.push((ABOUT, told.into_bytes()));
    put(folder, &name, &id.to_string(), &files).map_err(fault)
}

fn bytes(files: &Store, sha256: &str) -> Outcome<Vec<u8>> {
    Ok(files.get(sha256)?)
}

fn about(conn: &mut AnyConn, id: LetterId) -> Outcome<Option<About>> {
    let Some(row) = store::find(conn, id)? else { return Ok(None) };
    let (Some(delivery), Some(seal)) = (store::delivery(conn, id)?, store::seals(conn, &[id])?.pop()) else {
        return Ok(None);
    };
    let (Some(number), Some(sha256), Some(length)) =
        (row.number.clone(), row.document_sha256.clone(), row.document_length)
    else {
        return Ok(None);
    };
    let letter = super::steps::snapshot(&row)?;
    Ok(Some(About {
        id,
        number,
        title: letter.title.concat(),
        addressee: letter.recipient,
        street_id: row.street_id,
        issued_on: row.issued_at.map(|at| business_date(at.0)),
        sealed_on: seal.sealed_on,
        delivered_on: business_date(delivery.delivered_at.0),
        reply_due: row.reply_due,
        files: vec![
            AboutFile { name: DOCUMENT, sha256, length },
            AboutFile { name: SCAN, sha256: seal.sha256, length: seal.length },
        ],
    }))
}

/// A number as the name of a folder: letters, figures, 〔〕 and dashes stay, everything else becomes an underscore, so that
/// no path leads elsewhere and no name is hidden.
fn folder_name(number: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '〔' | '〕' | '-');
    number.chars().map(|c| if kept(c) { c } else { '_' }).collect()
}

/// Writes a folder whole or not at all. What an attempt that broke off has left of this letter is taken away first.
fn put(folder: &Path, name: &str, key: &str, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let mark = format!(".{key}.");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&mark) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    let temporary = folder.join(format!("{mark}{}", new_uuid(crate::clock::machine_now())));
    fs::create_dir(&temporary)?;
    for (file, bytes) in files {
        let mut out = OpenOptions::new().write(true).create_new(true).open(temporary.join(file))?;
        out.write_all(bytes)?;
        out.sync_all()?;
    }
    File::open(&temporary)?.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn names_lead_nowhere_else() {
        assert_eq!(folder_name("演示函〔2026〕1号"), "演示函〔2026〕1号");
        assert_eq!(folder_name("../etc/〔2026〕1号"), "___etc_〔2026〕1号");
        assert_eq!(folder_name(".hidden\0\\a:b"), "_hidden__a_b");
    }

    #[test]
    fn a_folder_is_there_whole_and_leftovers_are_not_taken_for_one() {
        let root = tempfile::tempdir().unwrap();
        let leftover = root.path().join(".letter-1.broken");
        fs::create_dir(&leftover).unwrap();
        fs::write(leftover.join(DOCUMENT), b"half").unwrap();
        fs::create_dir(root.path().join(".letter-2.of-another")).unwrap();
        let files = [(DOCUMENT, b"whole".to_vec()), (ABOUT, b"{}".to_vec())];
        put(root.path(), "函〔2026〕1号", "letter-1", &files).unwrap();
        assert_eq!(names(root.path()), [".letter-2.of-another", "函〔2026〕1号"]);
        let made = root.path().join("函〔2026〕1号");
        assert_eq!(names(&made), [ABOUT, DOCUMENT]);
        assert_eq!(fs::read(made.join(DOCUMENT)).unwrap(), b"whole");
        // A second one under the same name does not replace the first.
        assert!(put(root.path(), "函〔2026〕1号", "letter-3", &files).is_err());
        assert_eq!(names(&made), [ABOUT, DOCUMENT]);
    }
}
