//! Where bytes wait on this node: one file for each upload, whose length is the offset.

use super::holds::Holds;
use super::rules::is_node_name;
use crate::clock::machine_now;
use crate::fault::Fault;
use crate::files::StoreFault;
use crate::ids::{TypedId as _, UploadId, new_uuid};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The uploads of this node.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    node: String,
    pub(super) holds: Holds,
}

impl Uploads {
    /// The uploads of the node called `node`, or else by the name that was made for this data folder once.
    ///
    /// # Errors
    /// A Chinese sentence that names the setting.
    pub fn open(data_dir: &Path, node: Option<&str>) -> Result<Self, String> {
        let folder = data_dir.join("uploads");
        let refuse = |e: io::Error| format!("设置 YIXUN_DATA_DIR：无法写入 {}：{e}", folder.display());
        fs::create_dir_all(&folder).map_err(refuse)?;
        let node = match node {
            Some(name) => name.to_string(),
            None => lasting_name(&data_dir.join("node")).map_err(refuse)?,
        };
        if !is_node_name(&node) {
            return Err("设置 YIXUN_NODE：应为 1 到 20 个小写字母、数字或连字符".into());
        }
        Ok(Self { folder, node, holds: Holds::default() })
    }

    /// This node's name.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The file of an upload.
    pub(super) fn path(&self, id: UploadId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// A file that belongs to no upload, for a body that comes whole or not at all.
    pub fn scratch(&self) -> Scratch {
        Scratch(self.path(UploadId::from_uuid(new_uuid(machine_now()))))
    }

    /// The uploads whose bytes lie here, each with the time of its last byte.
    pub(super) fn staged(&self) -> io::Result<Vec<(UploadId, std::time::SystemTime)>> {
        let mut found = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
            match (id, entry.metadata().and_then(|m| m.modified())) {
                (Some(id), Ok(modified)) => found.push((id, modified)),
                (Some(_), Err(e)) if e.kind() == ErrorKind::NotFound => {}
                (Some(_), Err(e)) => return Err(e),
                (None, _) => {}
            }
        }
        Ok(found)
    }
}

/// The name of this node, made at its first start and kept.
fn lasting_name(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(name) => return Ok(name.trim().to_string()),
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        Err(_) => {}
    }
    let made = format!("n{:08x}", fastrand::u32(..));
    let temporary = path.with_extension(&made);
    let mut file = File::create(&temporary)?;
    file.write_all(made.as_bytes())?;
    file.sync_all()?;
    // Whoever links first has named the node.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => fs::read_to_string(path).map(|name| name.trim().to_string()),
    }
}

/// A staged file that goes when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone_already = remove(&self.0);
    }
}

/// Bytes that have arrived and are on the disk; none where there is no file.
pub(super) fn synced_length(path: &Path) -> io::Result<u64> {
    match File::open(path) {
        Ok(file) => {
            file.sync_data()?;
            Ok(file.metadata()?.len())
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

/// Removes a staged file; one that is not there is a success.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// What a client is told when this node's disk says no: as of the store.
pub(super) fn fault(error: io::Error) -> Fault {
    StoreFault::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let first = Uploads::open(folder.path(), None).unwrap();
        assert!(is_node_name(first.node()));
        assert_eq!(Uploads::open(folder.path(), None).unwrap().node(), first.node());
        assert_eq!(Uploads::open(folder.path(), Some("b")).unwrap().node(), "b");
        assert!(Uploads::open(folder.path(), Some("B")).unwrap_err().contains("YIXUN_NODE"));
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 2, "the name and the folder, nothing else");
    }

    #[test]
    fn no_file_is_no_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::open(folder.path(), None).unwrap();
        let scratch = uploads.scratch();
        assert_eq!(synced_length(scratch.path()).unwrap(), 0);
        std::fs::write(scratch.path(), b"abc").unwrap();
        assert_eq!(synced_length(scratch.path()).unwrap(), 3);
        assert_eq!(uploads.staged().unwrap().len(), 1);
        drop(scratch);
        assert!(uploads.staged().unwrap().is_empty());
    }
}
