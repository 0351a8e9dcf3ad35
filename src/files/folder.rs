//! The store in a folder: a temporary file of its own per call, hashed while it is written, fsync, rename, fsync of the
//! folder. A blob that is there already is written again: the rename swaps equal bytes, which heals rot and renews the
//! age that the sweeper looks at.

use super::{Held, StoreFault, is_name, key_of};
use crate::clock::machine_now;
use crate::ids::new_uuid;
use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, TimeDelta, Utc};
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

/// A folder of blobs.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join("tmp"))?;
        let folder = Self { root: root.to_path_buf() };
        let probe = folder.temporary();
        File::create(&probe)?;
        fs::remove_file(probe)?;
        folder.forget_leftovers()?;
        Ok(folder)
    }

    /// Temporary files that a crash left behind. Another process may be writing the fresh ones.
    fn forget_leftovers(&self) -> io::Result<()> {
        let old = machine_now() - TimeDelta::days(1);
        for entry in fs::read_dir(self.root.join("tmp"))? {
            let entry = entry?;
            let modified = entry.metadata().and_then(|about| about.modified());
            if modified.is_ok_and(|modified| DateTime::<Utc>::from(modified) < old) {
                let _gone_already = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp").join(new_uuid(machine_now()).to_string())
    }

    fn place(&self, name: &str) -> Result<PathBuf, StoreFault> {
        key_of(name).map(|key| self.root.join(key))
    }

    /// Stores what `content` gives, if that is what `name` says.
    pub(super) fn store(&self, name: &str, content: &mut dyn Read) -> Result<(), StoreFault> {
        let place = self.place(name)?;
        let folder = place.parent().ok_or(StoreFault::NotFound)?;
        make_durable_folders(folder)?;
        let temporary = self.temporary();
        let written = write_synced(&temporary, content)
            .map_err(StoreFault::from)
            .and_then(|hash| if hash == name { Ok(()) } else { Err(StoreFault::Corrupt(name.into())) })
            .and_then(|()| Ok(fs::rename(&temporary, &place)?));
        if written.is_err() {
            let _leftover = fs::remove_file(&temporary);
        }
        written?;
        Ok(File::open(folder)?.sync_all()?)
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        fs::read(self.place(name)?).map_err(of_blob)
    }

    pub(super) fn len(&self, name: &str) -> Result<u64, StoreFault> {
        Ok(fs::metadata(self.place(name)?).map_err(of_blob)?.len())
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), StoreFault> {
        let place = self.place(name)?;
        match fs::remove_file(&place) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e.into()),
            Ok(()) => Ok(place.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?),
        }
    }

    /// Gives every blob to `f`, folder by folder.
    pub(super) fn each<E: From<StoreFault>>(
        &self,
        f: &mut dyn FnMut(Held) -> Result<(), E>,
    ) -> Result<(), E> {
        walk(&self.root.join("sha256"), 3, f)
    }
}

fn walk<E: From<StoreFault>>(
    folder: &Path,
    depth: u8,
    f: &mut dyn FnMut(Held) -> Result<(), E>,
) -> Result<(), E> {
    let entries = match fs::read_dir(folder) {
        // Nothing has been stored yet; a foreign file.
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        entries => entries.map_err(StoreFault::from)?,
    };
    for entry in entries {
        let entry = entry.map_err(StoreFault::from)?;
        if depth > 1 {
            walk(&entry.path(), depth - 1, f)?;
        } else if let Some(held) = held(&entry)? {
            f(held)?;
        }
    }
    Ok(())
}

/// A blob; none where the entry is a foreign file, or was deleted since the folder was read.
fn held(entry: &DirEntry) -> Result<Option<Held>, StoreFault> {
    let Some(name) = entry.file_name().to_str().filter(|name| is_name(name)).map(str::to_string) else {
        return Ok(None);
    };
    match entry.metadata() {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        about => {
            let about = about?;
            Ok(Some(Held { name, length: about.len(), modified: about.modified()?.into() }))
        }
    }
}

fn of_blob(e: io::Error) -> StoreFault {
    match e.kind() {
        ErrorKind::NotFound => StoreFault::NotFound,
        _ => e.into(),
    }
}

/// Writes to a new file in pieces; gives the hash of what was written.
fn write_synced(path: &Path, content: &mut dyn Read) -> io::Result<String> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut digest = Context::new(&SHA256);
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = match content.read(&mut piece) {
            Ok(0) => break,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        digest.update(&piece[..read]);
        file.write_all(&piece[..read])?;
    }
    file.sync_all()?;
    Ok(crate::db::sequencer::hex(digest.finish().as_ref()))
}

fn make_durable_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().ok_or(ErrorKind::NotFound)?;
    make_durable_folders(parent)?;
    match fs::create_dir(folder) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    File::open(parent)?.sync_all()
}
