//! Typesetting: a letter and its photos become a PDF/A-2b in the 信函格式 of GB/T 9704-2012, by Typst inside this process.
//! One trusted template; everything that comes from people goes in as data, and no file exists but these (`world`). The
//! same letter gives the same bytes: no clock, the document's date is the letter's. A character that no font has is a
//! fault that names it, never a blank in a signed letter; so rendering on trial is the gate of the approval.
//!
//! Typst cannot be cancelled, hence caps: on the input (see `compose`), on the pages, and on how many compile at once.

mod fonts;
mod glyphs;
mod permits;
mod world;

#[cfg(test)]
mod tests;

use super::letter::{Letter, Level};
use super::reply_letter::ReplyLetter;
use super::task_sheet::TaskSheet;
use chrono::Datelike as _;
use fonts::{Families, Shelf};
use permits::Permits;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst::syntax::Source;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};
use world::LetterWorld;

pub use glyphs::TextRun;

/// Letters that are compiled at the same time at the most: each takes tens of megabytes.
const AT_ONCE: usize = 2;

/// Pages of a letter at the most. 200 findings with photos take about thirty.
pub const MAX_PAGES: usize = 120;

/// Photos of a letter at the most: their virtual paths are interned for the life of the process.
const MAX_PHOTOS: usize = super::compose::MAX_LINES;

/// Compilations that a cached intermediate result outlives.
const CACHE_AGE: usize = 5;

/// Why a letter cannot be typeset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypesetFault {
    /// No font has a character of the letter.
    #[error("字符“{character}”（U+{:04X}）没有字体可以显示，请改用其他写法", u32::from(*character))]
    MissingGlyph {
        /// The character.
        character: char,
    },
    /// More than [`MAX_PAGES`].
    #[error("提醒函排版后共{pages}页，超过{MAX_PAGES}页")]
    TooManyPages {
        /// How many it has.
        pages: usize,
    },
    /// The template or the export failed: a defect, or a photo that is no JPEG.
    #[error("提醒函排版失败：{0}")]
    Failed(String),
    /// The typesetter panicked: a defect. The next letter is not affected.
    #[error("提醒函排版时程序异常")]
    Panicked,
}

/// Fonts and template, loaded once.
pub struct Typesetter {
    shelf: Shelf,
    permits: Permits,
}

impl Typesetter {
    /// Loads the fonts of `fonts_dir`, and those of `official`, which win by family where they are present
    /// (方正小标宋, 仿宋_GB2312, 楷体_GB2312, 黑体, 宋体).
    ///
    /// # Errors
    /// A Chinese sentence that names the setting and the folder that cannot be read or lacks a family.
    pub fn new(fonts_dir: &Path, official: Option<&Path>) -> Result<Self, String> {
        Ok(Self { shelf: Shelf::load(fonts_dir, official)?, permits: Permits::new(AT_ONCE) })
    }

    /// The PDF/A-2b of a letter. `photos` holds JPEGs without metadata by the SHA-256 of their originals; one that is not
    /// there prints as a dash.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn pdf(&self, letter: &Letter, photos: &HashMap<String, Vec<u8>>) -> Result<Vec<u8>, TypesetFault> {
        self.guarded(|| exported(&self.letter(letter, photos)?))
    }

    /// The PDF/A-2b of a task sheet.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn sheet(&self, sheet: &TaskSheet) -> Result<Vec<u8>, TypesetFault> {
        self.guarded(|| exported(&self.sheet_document(sheet)?))
    }

    /// The PDF/A-2b of a street's reply.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn reply(&self, reply: &ReplyLetter) -> Result<Vec<u8>, TypesetFault> {
        self.guarded(|| exported(&self.reply_document(reply)?))
    }

    /// Where each run of text of a reply stands, in the order of drawing.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn reply_layout(&self, reply: &ReplyLetter) -> Result<Vec<TextRun>, TypesetFault> {
        self.guarded(|| Ok(glyphs::runs(&self.reply_document(reply)?)))
    }

    fn reply_document(&self, reply: &ReplyLetter) -> Result<PagedDocument, TypesetFault> {
        let data = serde_json::json!({ "reply": reply, "families": self.shelf.families });
        let data = serde_json::to_vec(&data).map_err(failed)?;
        self.laid_out(&self.shelf.reply, data, vec![])
    }

    /// Where each run of text stands, in the order of drawing: what a test of the layout looks at.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn layout(
        &self,
        letter: &Letter,
        photos: &HashMap<String, Vec<u8>>,
    ) -> Result<Vec<TextRun>, TypesetFault> {
        self.guarded(|| Ok(glyphs::runs(&self.letter(letter, photos)?)))
    }

    /// Where each run of text of a task sheet stands.
    #[cfg(test)]
    pub(super) fn sheet_layout(&self, sheet: &TaskSheet) -> Result<Vec<TextRun>, TypesetFault> {
        self.guarded(|| Ok(glyphs::runs(&self.sheet_document(sheet)?)))
    }

    fn sheet_document(&self, sheet: &TaskSheet) -> Result<PagedDocument, TypesetFault> {
        let data = serde_json::json!({ "sheet": sheet, "families": self.shelf.families });
        let data = serde_json::to_vec(&data).map_err(failed)?;
        self.laid_out(&self.shelf.task_sheet, data, vec![])
    }

    /// Compiles when there is room, and survives a panic.
    fn guarded<T>(&self, make: impl FnOnce() -> Result<T, TypesetFault>) -> Result<T, TypesetFault> {
        let _permit = self.permits.take();
        let made = catch_unwind(AssertUnwindSafe(make));
        typst::comemo::evict(CACHE_AGE);
        made.unwrap_or(Err(TypesetFault::Panicked))
    }

    fn letter(
        &self,
        letter: &Letter,
        photos: &HashMap<String, Vec<u8>>,
    ) -> Result<PagedDocument, TypesetFault> {
        let mut paths = BTreeMap::new();
        let mut jpegs = vec![];
        for hash in letter.photo_hashes() {
            if let Some(jpeg) = photos.get(&hash).filter(|_| jpegs.len() < MAX_PHOTOS) {
                jpegs.push(jpeg.clone());
                paths.insert(hash, world::photo_path(jpegs.len()));
            }
        }
        let data = serde_json::to_vec(&Data::of(letter, &self.shelf.families, paths)).map_err(failed)?;
        self.laid_out(&self.shelf.letter, data, jpegs)
    }

    fn laid_out(
        &self,
        template: &Source,
        data: Vec<u8>,
        jpegs: Vec<Vec<u8>>,
    ) -> Result<PagedDocument, TypesetFault> {
        let world = LetterWorld::new(&self.shelf, template, data, jpegs).map_err(TypesetFault::Failed)?;
        let compiled = typst::compile::<PagedDocument>(&world);
        for warning in &compiled.warnings {
            tracing::warn!(warning = %warning.message, "typesetting a letter");
        }
        let document = compiled.output.map_err(|faults| TypesetFault::Failed(said(&faults)))?;
        match (document.pages().len(), glyphs::missing(&document)) {
            (pages, _) if pages > MAX_PAGES => Err(TypesetFault::TooManyPages { pages }),
            (_, Some(character)) => Err(TypesetFault::MissingGlyph { character }),
            _ => Ok(document),
        }
    }
}

impl std::fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typesetter").field("families", &self.shelf.families).finish_non_exhaustive()
    }
}

/// What the template reads as /data.json: the letter, with what has to be worked out for printing.
#[derive(Serialize)]
struct Data<'a> {
    letter: &'a Letter,
    families: &'a Families,
    /// The lines of the title joined, for the properties of the document.
    title: String,
    number: String,
    date: String,
    /// Year, month and day, for the properties of the document.
    day: (i32, u32, u32),
    /// The text, with whether a paragraph is a heading or a point.
    body: Vec<Printed<'a>>,
    /// Path of each photo that there is, by hash.
    photos: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Printed<'a> {
    heading: bool,
    lead: &'a str,
    text: &'a str,
}

impl<'a> Data<'a> {
    fn of(letter: &'a Letter, families: &'a Families, photos: BTreeMap<String, String>) -> Self {
        let printed = |p: &'a super::letter::Paragraph| Printed {
            heading: p.level == Level::Heading,
            lead: &p.lead,
            text: &p.text,
        };
        Self {
            letter,
            families,
            title: letter.title.concat(),
            number: letter.printed_number(),
            date: letter.printed_date(),
            day: (letter.date.year(), letter.date.month(), letter.date.day()),
            body: letter.body.iter().map(printed).collect(),
            photos,
        }
    }
}

fn exported(document: &PagedDocument) -> Result<Vec<u8>, TypesetFault> {
    typst_pdf::pdf(document, &options()?).map_err(|faults| TypesetFault::Failed(said(&faults)))
}

fn options() -> Result<PdfOptions, TypesetFault> {
    let standards =
        PdfStandards::new(&[PdfStandard::A_2b]).map_err(|e| TypesetFault::Failed(e.message().to_string()))?;
    let creator = Smart::Custom(Some(concat!("Yixun ", env!("CARGO_PKG_VERSION")).to_owned()));
    Ok(PdfOptions { standards, creator, ..PdfOptions::default() })
}

fn failed(why: impl std::fmt::Display) -> TypesetFault {
    TypesetFault::Failed(why.to_string())
}

fn said(faults: &[SourceDiagnostic]) -> String {
    let each: Vec<String> = faults.iter().map(|fault| fault.message.to_string()).collect();
    each.join("; ")
}
