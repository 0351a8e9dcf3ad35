//! Where photos and documents lie: content-addressed, `sha256/ab/cd/<hex>`, durable before `Ok`, never overwritten with
//! anything else. Only the sweeper deletes. A blob is stored before its row, and its row before a receipt.
//!
//! Everything here blocks: call it from blocking threads and job threads, never from async code.

mod breaker;
mod folder;
mod s3;
mod settings;

pub use self::settings::{S3Settings, Storage};

use crate::db::sequencer::hex;
use crate::fault::Fault;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Why a blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// There is no such blob.
    #[error("blob not found")]
    NotFound,
    /// The bytes are not those that the name stands for.
    #[error("corrupt bytes: {0}")]
    Corrupt(String),
    /// There is no room left.
    #[error("storage is full: {0}")]
    Full(String),
    /// The storage does not answer, or said no; the same may succeed later.
    #[error("storage fault: {0}")]
    Unavailable(String),
}

impl From<std::io::Error> for StoreFault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// What a client is told: lost and rotten blobs are ours to mend (500), a full storage is 507, and whatever may pass is
/// 503.
impl From<StoreFault> for Fault {
    fn from(fault: StoreFault) -> Self {
        let why = fault.to_string();
        match fault {
            StoreFault::NotFound | StoreFault::Corrupt(_) => Self::Internal(why),
            StoreFault::Full(_) => Self::Full(why),
            StoreFault::Unavailable(_) => Self::Busy(why),
        }
    }
}

/// A blob in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// SHA-256 that its bytes should have.
    pub name: String,
    /// Bytes.
    pub length: u64,
    /// When it was last stored, by the storage's clock. Storing it again renews this.
    pub modified: DateTime<Utc>,
}

/// The file store.
#[derive(Debug, Clone)]
pub enum Store {
    /// A folder on this machine.
    Folder(folder::Folder),
    /// A bucket.
    S3(s3::S3),
}

/// The name of some bytes: lower-case hex SHA-256.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where a blob lies. What is no name is not there: it may come from a URL.
fn key_of(name: &str) -> Result<String, StoreFault> {
    let key = || format!("sha256/{}/{}/{name}", &name[..2], &name[2..4]);
    is_name(name).then(key).ok_or(StoreFault::NotFound)
}

impl Store {
    /// A store in a folder, which is made if missing.
    ///
    /// # Errors
    /// A sentence with the path when it cannot be written.
    pub fn folder(root: &Path) -> Result<Self, String> {
        folder::Folder::open(root).map(Self::Folder).map_err(|e| format!("无法写入 {}：{e}", root.display()))
    }

    /// Opens the store that the settings name, and tries it.
    ///
    /// # Errors
    /// A Chinese sentence with the name of the setting at fault.
    pub fn open(storage: &Storage) -> Result<Self, String> {
        match storage {
            Storage::Folder(root) => Self::folder(root).map_err(|e| format!("设置 YIXUN_STORAGE：{e}")),
            Storage::S3(settings) => s3::S3::open(settings).map(Self::S3),
        }
    }

    /// Whether several nodes see the same blobs.
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::S3(_))
    }

    /// Stores bytes under their own name and returns it; on `Ok` they are durable. Doing it again is harmless.
    ///
    /// # Errors
    /// [`StoreFault::Full`], [`StoreFault::Unavailable`].
    pub fn put(&self, mut bytes: &[u8]) -> Result<String, StoreFault> {
        let name = sha256_of(bytes);
        match self {
            Self::Folder(folder) => folder.store(&name, &mut bytes)?,
            Self::S3(s3) => s3.store(&name, bytes.len() as u64, &mut bytes)?,
        }
        Ok(name)
    }

    /// Stores the content of the complete file `staged` under `name`; on `Ok` it is durable. The file stays. Doing it
    /// again is harmless, also at the same time.
    ///
    /// # Errors
    /// [`StoreFault::Corrupt`] when the content is not what `name` stands for; [`StoreFault::Full`];
    /// [`StoreFault::Unavailable`], also when the file cannot be read.
    pub fn commit(&self, name: &str, staged: &Path) -> Result<(), StoreFault> {
        let mut content = File::open(staged)?;
        match self {
            Self::Folder(folder) => folder.store(name, &mut content),
            Self::S3(s3) => s3.store(name, content.metadata()?.len(), &mut content),
        }
    }

    /// The bytes of a name, checked against it: wrong bytes are never given out.
    ///
    /// # Errors
    /// [`StoreFault::NotFound`], [`StoreFault::Corrupt`], [`StoreFault::Unavailable`].
    pub fn get(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        let bytes = match self {
            Self::Folder(folder) => folder.get(name)?,
            Self::S3(s3) => s3.get(name)?,
        };
        if sha256_of(&bytes) == name { Ok(bytes) } else { Err(StoreFault::Corrupt(name.into())) }
    }

    /// The length of a blob, in bytes.
    ///
    /// # Errors
    /// [`StoreFault::NotFound`], [`StoreFault::Unavailable`].
    pub fn len(&self, name: &str) -> Result<u64, StoreFault> {
        match self {
            Self::Folder(folder) => folder.len(name),
            Self::S3(s3) => s3.len(name),
        }
    }

    /// An address at which the storage itself gives the blob to anybody for at most five minutes, under a media type and
    /// a `Content-Disposition`; none where clients are to read through us. Ask for it only after authorisation.
    ///
    /// # Errors
    /// [`StoreFault::NotFound`] for what is no name.
    pub fn presigned(
        &self,
        name: &str,
        content_type: &str,
        disposition: &str,
    ) -> Result<Option<String>, StoreFault> {
        match self {
            Self::Folder(_) => Ok(None),
            Self::S3(s3) => s3.presigned(name, content_type, disposition),
        }
    }

    /// Deletes a blob; one that is not there is a success. Only the sweeper does this.
    ///
    /// # Errors
    /// [`StoreFault::Unavailable`].
    pub fn delete(&self, name: &str) -> Result<(), StoreFault> {
        match self {
            Self::Folder(folder) => folder.delete(name),
            Self::S3(s3) => s3.delete(name),
        }
    }

    /// Gives all blobs to `f`, one after the other, in no order, until it fails. What is stored or deleted meanwhile may
    /// be given or not.
    ///
    /// # Errors
    /// Those of `f`; [`StoreFault::Unavailable`].
    pub fn each<E: From<StoreFault>>(&self, f: &mut dyn FnMut(Held) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Folder(folder) => folder.each(f),
            Self::S3(s3) => s3.each(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(root: &Path, name: &str) -> std::path::PathBuf {
        root.join(key_of(name).unwrap())
    }

    #[test]
    fn what_was_put_is_got_and_rot_is_noticed_and_healed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(root.path()).unwrap();
        let name = store.put(b"evidence").unwrap();
        assert_eq!(store.put(b"evidence").unwrap(), name);
        assert_eq!(store.get(&name).unwrap(), b"evidence");
        assert!(matches!(store.get(&"0".repeat(64)), Err(StoreFault::NotFound)));
        assert!(matches!(store.get("../../etc/passwd"), Err(StoreFault::NotFound)));
        std::fs::write(place(root.path(), &name), b"evidencf").unwrap();
        assert!(matches!(store.get(&name), Err(StoreFault::Corrupt(_))));
        store.put(b"evidence").unwrap();
        assert_eq!(store.get(&name).unwrap(), b"evidence");
    }

    #[test]
    fn parallel_equal_puts_and_commits_leave_one_whole_blob() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(&root.path().join("store")).unwrap();
        let (bytes, staged) = (vec![7_u8; 300_000], root.path().join("staged"));
        let name = sha256_of(&bytes);
        std::fs::write(&staged, &bytes).unwrap();
        std::thread::scope(|s| {
            for n in 0..8 {
                let (store, bytes, name, staged) = (&store, &bytes, &name, &staged);
                s.spawn(move || match n % 2 {
                    0 => drop(store.put(bytes).unwrap()),
                    _ => store.commit(name, staged).unwrap(),
                });
            }
        });
        assert_eq!(store.get(&name).unwrap(), bytes);
        assert_eq!(std::fs::read_dir(root.path().join("store/tmp")).unwrap().count(), 0);
    }

    #[test]
    fn what_is_not_what_its_name_says_is_not_committed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(&root.path().join("store")).unwrap();
        let (staged, other) = (root.path().join("staged"), sha256_of(b"other"));
        std::fs::write(&staged, b"evidence").unwrap();
        assert!(matches!(store.commit(&other, &staged), Err(StoreFault::Corrupt(_))));
        assert!(matches!(store.len(&other), Err(StoreFault::NotFound)));
        assert!(matches!(store.commit("../x", &staged), Err(StoreFault::NotFound)));
        let missing = root.path().join("missing");
        assert!(matches!(store.commit(&other, &missing), Err(StoreFault::Unavailable(_))));
        assert_eq!(std::fs::read_dir(root.path().join("store/tmp")).unwrap().count(), 0);
        assert!(staged.exists());
    }

    #[test]
    fn storing_again_renews_the_age() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::folder(root.path()).unwrap();
        let name = store.put(b"evidence").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        File::open(place(root.path(), &name)).unwrap().set_modified(long_ago).unwrap();
        let age = || {
            let mut found = vec![];
            let mut note = |held| {
                found.push(held);
                Ok::<_, StoreFault>(())
            };
            store.each(&mut note).unwrap();
            assert_eq!((found.len(), &found[0].name, found[0].length), (1, &name, 8));
            found[0].modified
        };
        assert_eq!(age(), DateTime::<Utc>::from(long_ago));
        store.put(b"evidence").unwrap();
        assert!(age() > DateTime::<Utc>::from(long_ago));
        store.delete(&name).unwrap();
        store.delete(&name).unwrap();
        assert!(matches!(store.get(&name), Err(StoreFault::NotFound)));
    }

    #[test]
    fn no_room_is_told_apart() {
        let full = StoreFault::from(std::io::Error::from(ErrorKind::StorageFull));
        assert!(matches!(Fault::from(full), Fault::Full(_)));
        let other = StoreFault::from(std::io::Error::other("x"));
        assert!(matches!(Fault::from(other), Fault::Busy(_)));
    }
}
