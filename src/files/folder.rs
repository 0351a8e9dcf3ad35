//! The store in a folder: a temporary file of its own per call, fsync, rename, fsync of the folder.

use super::StoreFault;
use crate::clock::machine_now;
use crate::ids::new_uuid;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
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
        Ok(folder)
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp").join(new_uuid(machine_now()).to_string())
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        let is_name =
            name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        is_name.then(|| self.root.join("sha256").join(&name[..2]).join(&name[2..4]).join(name))
    }

    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFault> {
        let place = self.place(name).ok_or(StoreFault::NotFound)?;
        let folder = place.parent().ok_or(StoreFault::NotFound)?.to_path_buf();
        let there = fs::metadata(&place).is_ok_and(|m| m.len() == bytes.len() as u64);
        if !there {
            make_durable_folders(&folder)?;
            let temporary = self.temporary();
            let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, &place));
            if written.is_err() {
                let _leftover = fs::remove_file(&temporary);
            }
            written?;
        }
        // Also when it was there already: whoever put it may not have come to this line.
        File::open(&folder)?.sync_all()?;
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        let place = self.place(name).ok_or(StoreFault::NotFound)?;
        fs::read(place).map_err(|e| match e.kind() {
            ErrorKind::NotFound => StoreFault::NotFound,
            _ => StoreFault::Io(e),
        })
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
