//! Giving out stored files. What has left the store has been checked as a whole against its hash before the first byte
//! of it is sent, also when only a part is asked for: wrong bytes are never given out. Since a file is held in memory
//! until it is sent, only so many are at a time.

use super::answer::Described;
use super::operation::{OperationSpec, Part};
use super::problem::{Answer, Problem, of_status};
use super::turns::{Turn, Turns};
use crate::app::App;
use crate::fault::{Fault, Outcome};
use crate::files::StoreFault;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, ByteRangeSpec, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, EntityTag, IfNoneMatch, IfRange, LOCATION, Range,
};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use serde_json::json;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Files in memory at a time, each of at most 20 MiB.
static READERS: Turns = Turns::new(16, "too many files to read");
/// Bytes that are handed to the connection at a time.
const PIECE: usize = 64 * 1024;

/// A file as its row describes it.
pub struct File {
    /// SHA-256 of its bytes, the strong entity tag.
    pub sha256: String,
    /// Its media type.
    pub content_type: String,
    /// The name offered for saving, ASCII.
    pub name: String,
}

impl File {
    fn disposition(&self) -> String {
        format!("attachment; filename=\"{}\"", self.name)
    }

    fn tag(&self) -> EntityTag {
        EntityTag::new_strong(self.sha256.clone())
    }
}

/// What a client has of a file already, and which part of it it wants. A header that cannot be read is as good as none.
pub struct Asked {
    has: Option<IfNoneMatch>,
    range: Option<Range>,
    only_if: Option<IfRange>,
}

impl FromRequest for Asked {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            has: request.get_header(),
            range: request.get_header(),
            only_if: request.get_header(),
        }))
    }
}

impl Part for Asked {
    fn describe(op: &mut OperationSpec) {
        for (name, about) in [
            ("If-None-Match", "已有内容的 ETag；未变化则答 304"),
            ("Range", "只取一段，如 bytes=0-65535；多段时返回全文"),
            ("If-Range", "仅当 ETag 仍相符时才按 Range 返回，否则返回全文"),
        ] {
            op.parameter(
                json!({"name": name, "in": "header", "description": about, "schema": {"type": "string"}}),
            );
        }
    }
}

/// The part that is sent.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    Whole,
    /// First and last byte.
    Part(u64, u64),
    Unsatisfiable,
}

impl Asked {
    fn is_unchanged(&self, tag: &EntityTag) -> bool {
        match &self.has {
            None => false,
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(tags)) => tags.iter().any(|had| had.weak_eq(tag)),
        }
    }

    fn extent(&self, tag: &EntityTag, length: u64) -> Extent {
        let only_if = match &self.only_if {
            None => true,
            Some(IfRange::EntityTag(had)) => had.strong_eq(tag),
            Some(IfRange::Date(_)) => false,
        };
        match &self.range {
            Some(Range::Bytes(specs)) if only_if => match specs.as_slice() {
                [one] => extent(one, length),
                _ => Extent::Whole,
            },
            _ => Extent::Whole,
        }
    }
}

fn extent(spec: &ByteRangeSpec, length: u64) -> Extent {
    match spec.to_satisfiable_range(length) {
        Some((first, last)) => Extent::Part(first, last),
        None => Extent::Unsatisfiable,
    }
}

/// A file on its way out.
pub enum Content {
    /// The client has it.
    Unchanged(File),
    /// The storage gives it at this address.
    Elsewhere(String),
    /// All or a part of it.
    Here(File, Asked, Verified),
}

/// Reads a file for whoever may see it.
///
/// # Errors
/// The storage's; lost or rotten bytes are [`Fault::Internal`].
pub async fn content(app: Arc<App>, file: File, asked: Asked) -> Answer<Content> {
    if asked.is_unchanged(&file.tag()) {
        return Ok(Content::Unchanged(file));
    }
    let turn = READERS.take().await?;
    let read = tokio::task::spawn_blocking(move || {
        let files = &app.files;
        if let Some(address) = files.presigned(&file.sha256, &file.content_type, &file.disposition())? {
            return Ok(Content::Elsewhere(address));
        }
        let bytes = files.get(&file.sha256).map_err(|e| lost(&file, e))?.into();
        Ok(Content::Here(file, asked, Verified { bytes, _turn: turn }))
    });
    let read: Outcome<Content> = read.await.map_err(Fault::internal)?;
    Ok(read?)
}

fn lost(file: &File, fault: StoreFault) -> Fault {
    match fault {
        StoreFault::NotFound => Fault::internal(format!("{} has lost its blob {}", file.name, file.sha256)),
        other => other.into(),
    }
}

impl Responder for Content {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match self {
            Self::Unchanged(file) => HttpResponse::NotModified()
                .insert_header((ETAG, file.tag().to_string()))
                .insert_header((CACHE_CONTROL, "private, no-cache"))
                .finish(),
            Self::Elsewhere(address) => HttpResponse::Found()
                .insert_header((LOCATION, address))
                .insert_header((CACHE_CONTROL, "no-store"))
                .finish(),
            Self::Here(file, asked, body) => here(&file, &asked, body),
        }
    }
}

fn here(file: &File, asked: &Asked, mut body: Verified) -> HttpResponse {
    let length = body.bytes.len() as u64;
    let mut answer = match asked.extent(&file.tag(), length) {
        Extent::Whole => HttpResponse::Ok(),
        Extent::Part(first, last) => {
            body.keep(first, last);
            let mut answer = HttpResponse::PartialContent();
            answer.insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
            answer
        }
        Extent::Unsatisfiable => {
            let detail = "请求的范围超出文件长度";
            let mut refusal = of_status(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail);
            if let Ok(range) = format!("bytes */{length}").parse() {
                refusal.headers_mut().insert(CONTENT_RANGE, range);
            }
            return refusal;
        }
    };
    answer
        .insert_header((CONTENT_TYPE, file.content_type.clone()))
        .insert_header((CONTENT_DISPOSITION, file.disposition()))
        .insert_header((ETAG, file.tag().to_string()))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        // Keeps the server from compressing it: the entity tag and the ranges are those of the bytes as stored.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
        .body(body)
}

impl Described for Content {
    fn describe(op: &mut OperationSpec) {
        let binary = json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}});
        op.response("200", json!({"description": "文件内容", "content": binary}));
        op.response("206", json!({"description": "所请求的一段", "content": binary}));
        op.response("302", json!({"description": "存储给出的临时地址，几分钟内有效，不得缓存"}));
        op.response("304", json!({"description": "内容未变化"}));
        op.problems(&[("416", "请求的范围超出文件长度"), ("503", "存储暂不可用")]);
    }
}

/// Bytes that are what they should be, with the turn that they were read in.
pub struct Verified {
    bytes: Bytes,
    _turn: Turn,
}

impl Verified {
    fn keep(&mut self, first: u64, last: u64) {
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes = self.bytes.slice(at(first)..at(last.saturating_add(1)));
    }
}

impl MessageBody for Verified {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let bytes = &mut self.get_mut().bytes;
        let piece = bytes.split_to(bytes.len().min(PIECE));
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_the_very_same_content() {
        let tag = EntityTag::new_strong("a".into());
        let asked = |range: &str, only_if: Option<IfRange>| {
            Asked { has: None, range: range.parse().ok(), only_if }.extent(&tag, 100)
        };
        for (range, extent) in [
            ("bytes=0-9", Extent::Part(0, 9)),
            ("bytes=90-", Extent::Part(90, 99)),
            ("bytes=90-900", Extent::Part(90, 99)),
            ("bytes=-5", Extent::Part(95, 99)),
            ("bytes=-500", Extent::Part(0, 99)),
            ("bytes=100-", Extent::Unsatisfiable),
            ("bytes=-0", Extent::Unsatisfiable),
            ("bytes=0-1,5-6", Extent::Whole),
            ("lines=0-1", Extent::Whole),
            ("bytes=x", Extent::Whole),
        ] {
            assert_eq!(asked(range, None), extent, "{range}");
        }
        let only_if = |tag: EntityTag| asked("bytes=0-9", Some(IfRange::EntityTag(tag)));
        assert_eq!(only_if(tag.clone()), Extent::Part(0, 9));
        assert_eq!(only_if(EntityTag::new_weak("a".into())), Extent::Whole);
        assert_eq!(only_if(EntityTag::new_strong("b".into())), Extent::Whole);
    }
}
