//! Where photos and documents lie: content-addressed, `sha256/ab/cd/<hex>`, durable before `Ok`, never overwritten.
//! Only the sweeper deletes. A blob is stored before its row, and its row before a receipt.

mod folder;

use crate::db::sequencer::hex;
use aws_lc_rs::digest::{SHA256, digest};
use std::path::Path;

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// There is no such blob.
    #[error("blob not found")]
    NotFound,
    /// The bytes at rest are not those that were stored.
    #[error("stored bytes are corrupt: {0}")]
    Corrupt(String),
    /// The storage said no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The file store.
#[derive(Debug, Clone)]
pub enum Store {
    /// A folder on this machine.
    Folder(folder::Folder),
}

/// The name of some bytes: lower-case hex SHA-256.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

impl Store {
    /// A store in a folder, which is made if missing.
    ///
    /// # Errors
    /// A sentence with the path when it cannot be written.
    pub fn folder(root: &Path) -> Result<Self, String> {
        folder::Folder::open(root).map(Self::Folder).map_err(|e| format!("无法写入 {}：{e}", root.display()))
    }

    /// Stores bytes under their own name and returns it; on `Ok` they are durable. Doing it again is harmless.
    ///
    /// # Errors
    /// The storage's.
    pub fn put(&self, bytes: &[u8]) -> Result<String, StoreFault> {
        let name = sha256_of(bytes);
        match self {
            Self::Folder(folder) => folder.put(&name, bytes)?,
        }
        Ok(name)
    }

    /// The bytes of a name, checked against it: wrong bytes are never given out.
    ///
    /// # Errors
    /// [`StoreFault::NotFound`], [`StoreFault::Corrupt`], or the storage's.
    pub fn get(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        let bytes = match self {
            Self::Folder(folder) => folder.get(name)?,
        };
        if sha256_of(&bytes) == name { Ok(bytes) } else { Err(StoreFault::Corrupt(name.into())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_got_and_rot_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(root.path()).unwrap();
        let name = store.put(b"evidence").unwrap();
        assert_eq!(store.put(b"evidence").unwrap(), name);
        assert_eq!(store.get(&name).unwrap(), b"evidence");
        assert!(matches!(store.get(&"0".repeat(64)), Err(StoreFault::NotFound)));
        assert!(matches!(store.get("../../etc/passwd"), Err(StoreFault::NotFound)));
        let path = root.path().join("sha256").join(&name[..2]).join(&name[2..4]).join(&name);
        std::fs::write(path, b"evidencf").unwrap();
        assert!(matches!(store.get(&name), Err(StoreFault::Corrupt(_))));
    }

    #[test]
    fn parallel_equal_puts_leave_one_whole_blob() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(root.path()).unwrap();
        let bytes = vec![7_u8; 300_000];
        std::thread::scope(|s| (0..8).for_each(|_| drop(s.spawn(|| store.put(&bytes).unwrap()))));
        assert_eq!(store.get(&sha256_of(&bytes)).unwrap().len(), bytes.len());
        assert_eq!(std::fs::read_dir(root.path().join("tmp")).unwrap().count(), 0);
    }
}
