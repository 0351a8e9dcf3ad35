//! All that a template can see: itself, /data.json and /photo-1.jpg, /photo-2.jpg, …; no other file, no package, no
//! clock. Paths are interned by Typst for the life of the process, so they are few and always the same.

use super::fonts::Shelf;
use std::collections::HashMap;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};

/// The path of the n-th photo, from 1.
pub(super) fn photo_path(n: usize) -> String {
    format!("/photo-{n}.jpg")
}

/// The letter's template.
pub(super) fn letter() -> Result<Source, String> {
    Ok(Source::new(id("/letter.typ")?, include_str!("../letter.typ").into()))
}

/// The task sheet's template.
pub(super) fn task_sheet() -> Result<Source, String> {
    Ok(Source::new(id("/task_sheet.typ")?, include_str!("../task_sheet.typ").into()))
}

/// The template of a street's reply.
pub(super) fn reply() -> Result<Source, String> {
    Ok(Source::new(id("/reply.typ")?, include_str!("../reply.typ").into()))
}

fn id(path: &str) -> Result<FileId, String> {
    let path = VirtualPath::new(path).map_err(|_| format!("not a virtual path: {path}"))?;
    Ok(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

/// The world of one letter or task sheet.
pub(super) struct LetterWorld<'a> {
    shelf: &'a Shelf,
    template: &'a Source,
    files: HashMap<FileId, Bytes>,
}

impl<'a> LetterWorld<'a> {
    /// A world of this template, this data and these photos.
    ///
    /// # Errors
    /// A path that Typst does not take: a defect.
    pub fn new(
        shelf: &'a Shelf,
        template: &'a Source,
        data: Vec<u8>,
        photos: Vec<Vec<u8>>,
    ) -> Result<Self, String> {
        let mut files = HashMap::from([(id("/data.json")?, Bytes::new(data))]);
        for (n, jpeg) in (1..).zip(photos) {
            files.insert(id(&photo_path(n))?, Bytes::new(jpeg));
        }
        Ok(Self { shelf, template, files })
    }
}

impl World for LetterWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.shelf.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.shelf.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.shelf.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
