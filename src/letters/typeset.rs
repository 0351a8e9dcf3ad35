//! Typesetting: a letter and its photos become a PDF/A-2b in the 信函格式 of GB/T 9704-2012, by Typst inside this process.
//! One trusted template; everything that comes from people goes in as data, and no file exists but these (`world`). The
//! same letter gives the same bytes: no clock, the document's date is the letter's. A character that no font has is a
//! fault that names it, never a blank in a signed letter; so rendering on trial is the gate of the approval.
//!
//! Typst cannot be cancelled, hence caps: on the input (see `compose`), on the pages, on how many compile at once, on how
//! long one waits for a turn, and on how long for the result (`permits`).

mod check_code;
mod fonts;
mod glyphs;
mod permits;
mod picture;
mod world;

#[cfg(test)]
mod tests;

use super::letter::{Letter, Level};
use super::reply_letter::ReplyLetter;
use super::task_sheet::TaskSheet;
use crate::fault::Fault;
use check_code::CheckCode;
use chrono::Datelike as _;
use fonts::{Families, Shelf};
use permits::Permits;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use typst::diag::SourceDiagnostic;
use typst::foundations::Smart;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};
use world::LetterWorld;

pub use fonts::{FontFace, MadeWith, RoleFonts};
pub use glyphs::TextRun;
pub use picture::{DPI, Picture};

/// Letters that are compiled at the same time at the most: each takes tens of megabytes.
const AT_ONCE: usize = 2;

/// Pages of a letter at the most. 200 findings with photos take about thirty.
pub const MAX_PAGES: usize = 120;

/// Photos of a letter at the most: their virtual paths are interned for the life of the process.
const MAX_PHOTOS: usize = super::compose::MAX_LINES;

/// How long a request waits for its turn.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long a job does; with [`LIMIT`] it stays within the lease of a job.
pub const PATIENCE_OF_A_JOB: Duration = Duration::from_secs(60);

/// How long anybody waits for a compilation. One of a thousand pages takes two seconds of a processor, so this is for a defect,
/// or for a machine that has next to no time for us.
const LIMIT: Duration = Duration::from_secs(180);

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
    /// A page was asked for that the letter does not have.
    #[error("提醒函共{pages}页")]
    NoSuchPage {
        /// How many it has.
        pages: usize,
    },
    /// Too many letters were being compiled for as long as one would wait.
    #[error("正在排版的提醒函过多")]
    Busy,
    /// The compilation took longer than anybody waits.
    #[error("提醒函排版超过{}秒", LIMIT.as_secs())]
    TooSlow,
    /// The template or the export failed: a defect, or a photo that is no JPEG.
    #[error("提醒函排版失败：{0}")]
    Failed(String),
    /// The typesetter panicked: a defect. The next letter is not affected.
    #[error("提醒函排版时程序异常")]
    Panicked,
}

impl TypesetFault {
    /// What a client is told; `pointer` leads to the letter.
    pub fn told(self, pointer: &str) -> Fault {
        let detail = self.to_string();
        match self {
            Self::MissingGlyph { .. } => Fault::invalid(pointer, "missing_glyph", detail),
            Self::TooManyPages { .. } => Fault::invalid(pointer, "too_many_pages", detail),
            Self::NoSuchPage { .. } => Fault::missing("该页"),
            Self::Busy | Self::TooSlow => Fault::Busy(detail),
            Self::Failed(_) | Self::Panicked => Fault::internal(detail),
        }
    }
}

/// Fonts and template, loaded once.
pub struct Typesetter {
    shelf: Arc<Shelf>,
    permits: Arc<Permits>,
    made_with: OnceLock<MadeWith>,
}

impl Typesetter {
    /// Loads the fonts of `fonts_dir`, and those of `official`, which win by family where they are present
    /// (方正小标宋, 仿宋_GB2312, 楷体_GB2312, 黑体, 宋体); tells in the log which are used.
    ///
    /// # Errors
    /// A Chinese sentence that names the setting and the folder that cannot be read or lacks a family.
    pub fn new(fonts_dir: &Path, official: Option<&Path>) -> Result<Self, String> {
        let shelf = Arc::new(Shelf::load(fonts_dir, official)?);
        shelf.told();
        Ok(Self { shelf, permits: Permits::new(AT_ONCE), made_with: OnceLock::new() })
    }

    /// The PDF/A-2b of a letter. `photos` holds JPEGs without metadata by the SHA-256 of their originals; one that is not
    /// there prints as a dash. Blocks: never called where requests are served.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn pdf(&self, letter: &Letter, photos: &HashMap<String, Vec<u8>>) -> Result<Vec<u8>, TypesetFault> {
        self.pdf_within(PATIENCE, letter, photos)
    }

    /// The same, for somebody with another patience.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn pdf_within(
        &self,
        patience: Duration,
        letter: &Letter,
        photos: &HashMap<String, Vec<u8>>,
    ) -> Result<Vec<u8>, TypesetFault> {
        self.compiled(patience, Work::letter(letter, &self.shelf.families, photos)?, exported)
    }

    /// A page of a letter as a picture, from 1, with so many pixels to the inch (brought into [`DPI`]).
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn page(
        &self,
        letter: &Letter,
        photos: &HashMap<String, Vec<u8>>,
        number: usize,
        dpi: u32,
    ) -> Result<Picture, TypesetFault> {
        let work = Work::letter(letter, &self.shelf.families, photos)?;
        self.compiled(PATIENCE, work, move |document| picture::picture(document, number, dpi))
    }

    /// The PDF/A-2b of a task sheet.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn sheet(&self, sheet: &TaskSheet) -> Result<Vec<u8>, TypesetFault> {
        self.compiled(PATIENCE, Work::sheet(sheet, &self.shelf.families)?, exported)
    }

    /// The PDF/A-2b of a street's reply.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn reply(&self, reply: &ReplyLetter) -> Result<Vec<u8>, TypesetFault> {
        self.compiled(PATIENCE, Work::reply(reply, &self.shelf.families)?, exported)
    }

    /// Where each run of text of a reply stands, in the order of drawing.
    ///
    /// # Errors
    /// See [`TypesetFault`].
    pub fn reply_layout(&self, reply: &ReplyLetter) -> Result<Vec<TextRun>, TypesetFault> {
        let work = Work::reply(reply, &self.shelf.families)?;
        self.compiled(PATIENCE_OF_A_JOB, work, |document| Ok(glyphs::runs(document)))
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
        let work = Work::letter(letter, &self.shelf.families, photos)?;
        self.compiled(PATIENCE_OF_A_JOB, work, |document| Ok(glyphs::runs(document)))
    }

    /// Where each run of text of a task sheet stands.
    #[cfg(test)]
    pub(super) fn sheet_layout(&self, sheet: &TaskSheet) -> Result<Vec<TextRun>, TypesetFault> {
        let work = Work::sheet(sheet, &self.shelf.families)?;
        self.compiled(PATIENCE_OF_A_JOB, work, |document| Ok(glyphs::runs(document)))
    }

    /// The first character of a letter that could not be printed. A look into the fonts, without laying anything out: quick
    /// enough for a transaction; what is laid out is looked at again.
    pub fn unprintable(&self, letter: &Letter) -> Option<char> {
        // JSON escapes nothing but controls, quotation marks and backslashes, and those in characters that every font has.
        self.shelf.unprintable(&serde_json::to_string(letter).unwrap_or_default())
    }

    /// What the letters of this process are made with.
    pub fn made_with(&self) -> &MadeWith {
        self.made_with.get_or_init(|| self.shelf.made_with())
    }

    /// Compiles and uses the document, on a thread of its own.
    fn compiled<T: Send + 'static>(
        &self,
        patience: Duration,
        work: Work,
        then: impl FnOnce(&PagedDocument) -> Result<T, TypesetFault> + Send + 'static,
    ) -> Result<T, TypesetFault> {
        let shelf = self.shelf.clone();
        self.permits.run(patience, LIMIT, move || then(&laid_out(&shelf, work)?))
    }
}

/// What is to be compiled.
struct Work {
    template: Template,
    /// What the template reads as /data.json.
    data: Vec<u8>,
    jpegs: Vec<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Template {
    Letter,
    TaskSheet,
    Reply,
}

impl Work {
    fn letter(
        letter: &Letter,
        families: &Families,
        photos: &HashMap<String, Vec<u8>>,
    ) -> Result<Self, TypesetFault> {
        let mut paths = BTreeMap::new();
        let mut jpegs = vec![];
        for hash in letter.photo_hashes() {
            if let Some(jpeg) = photos.get(&hash).filter(|_| jpegs.len() < MAX_PHOTOS) {
                jpegs.push(jpeg.clone());
                paths.insert(hash, world::photo_path(jpegs.len()));
            }
        }
        let check = letter.check_link.as_deref().map(CheckCode::of).transpose()?;
        let data = serde_json::to_vec(&Data::of(letter, families, paths, check)).map_err(failed)?;
        Ok(Self { template: Template::Letter, data, jpegs })
    }

    fn sheet(sheet: &TaskSheet, families: &Families) -> Result<Self, TypesetFault> {
        let data = serde_json::json!({ "sheet": sheet, "families": families });
        let data = serde_json::to_vec(&data).map_err(failed)?;
        Ok(Self { template: Template::TaskSheet, data, jpegs: vec![] })
    }

    fn reply(reply: &ReplyLetter, families: &Families) -> Result<Self, TypesetFault> {
        let data = serde_json::json!({ "reply": reply, "families": families });
        let data = serde_json::to_vec(&data).map_err(failed)?;
        Ok(Self { template: Template::Reply, data, jpegs: vec![] })
    }
}

fn laid_out(shelf: &Shelf, work: Work) -> Result<PagedDocument, TypesetFault> {
    let template = match work.template {
        Template::Letter => &shelf.letter,
        Template::TaskSheet => &shelf.task_sheet,
        Template::Reply => &shelf.reply,
    };
    let world = LetterWorld::new(shelf, template, work.data, work.jpegs).map_err(TypesetFault::Failed)?;
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
    /// The code at the foot of the last page.
    check: Option<CheckCode>,
}

#[derive(Serialize)]
struct Printed<'a> {
    heading: bool,
    lead: &'a str,
    text: &'a str,
}

impl<'a> Data<'a> {
    fn of(
        letter: &'a Letter,
        families: &'a Families,
        photos: BTreeMap<String, String>,
        check: Option<CheckCode>,
    ) -> Self {
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
            check,
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
