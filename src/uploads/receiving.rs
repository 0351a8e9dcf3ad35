//! From the network to the disk, in pieces: what has arrived is written and synced whatever becomes of the rest, and a
//! request never holds more than a piece in memory.

use super::holds::{Hold, locked};
use super::staging::{self, Scratch};
use crate::fault::{Fault, Outcome};
use crate::metrics;
use crate::photos::MAX_LENGTH;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// Bytes in memory before they are written.
const PIECE: usize = 256 * 1024;

/// A body on its way.
#[derive(Debug)]
pub struct Body<S> {
    /// Its bytes; an error where the connection broke.
    pub stream: S,
    /// Bytes that it is to have, where the client says so.
    pub announced: Option<u64>,
    /// How long it may take.
    pub patience: Duration,
    /// What its bytes must hash to.
    pub checksum: Option<Checksum>,
}

/// What the bytes of one body must hash to; otherwise they are cut off again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// By which algorithm.
    pub algorithm: Algorithm,
    /// The digest.
    pub digest: Vec<u8>,
}

/// Of a checksum: it finds broken transfers, and is no proof of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// Where a body's bytes go.
#[derive(Debug)]
pub(super) struct Span {
    /// The file.
    pub path: PathBuf,
    /// Where in the photo the body begins.
    pub from: u64,
    /// Bytes that are there already.
    pub offset: u64,
    /// Bytes of the whole photo.
    pub length: u64,
}

/// How a body ended.
enum End {
    Whole,
    Broken,
    Slow,
    TakenOver,
    Surplus,
    Refused(Fault),
}

/// A file that a body is being written to.
struct Intake {
    file: File,
    /// The file's length before this body.
    start: u64,
    /// Bytes of the body that are in the file already.
    skip: u64,
    /// Bytes of the body that may still come.
    room: u64,
    checking: Option<(Context, Vec<u8>)>,
    piece: Vec<u8>,
}

impl Intake {
    fn open(span: &Span, checksum: Option<Checksum>) -> io::Result<Self> {
        let mut file = File::options().create(true).truncate(false).write(true).open(&span.path)?;
        file.seek(SeekFrom::Start(span.offset))?;
        let checking = checksum.map(|checksum| {
            let algorithm = match checksum.algorithm {
                Algorithm::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
                Algorithm::Sha256 => &SHA256,
            };
            (Context::new(algorithm), checksum.digest)
        });
        Ok(Self {
            file,
            start: span.offset,
            skip: span.offset - span.from,
            room: span.length - span.from,
            checking,
            piece: vec![],
        })
    }

    /// Takes bytes into memory; tells whether there was room for all of them.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let n = bytes.len() as u64;
        if n > self.room {
            return false;
        }
        self.room -= n;
        if let Some((context, _)) = &mut self.checking {
            context.update(bytes);
        }
        let known = self.skip.min(n);
        self.skip -= known;
        self.piece.extend_from_slice(&bytes[usize::try_from(known).unwrap_or(bytes.len())..]);
        true
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.piece)?;
        metrics::staged(self.piece.len());
        self.piece.clear();
        Ok(())
    }

    /// Writes and syncs what there is. A body with a checksum counts only if it is whole and right; a body beyond the
    /// announced length counts for nothing.
    fn settle(mut self, end: End) -> Outcome<()> {
        let written = self.write();
        let right = match (self.checking.take(), &end) {
            (None, End::Surplus) => false,
            (None, _) => true,
            (Some((context, digest)), End::Whole) => context.finish().as_ref() == digest,
            (Some(_), _) => false,
        };
        if !right || (written.is_err() && matches!(end, End::Surplus)) {
            self.file.set_len(self.start).map_err(staging::fault)?;
        }
        self.file.sync_all().map_err(staging::fault)?;
        written.map_err(staging::fault)?;
        match end {
            End::Whole if right => Ok(()),
            End::Whole => Err(Fault::invalid("", "checksum_differs", "数据校验不符，请重发这一段")),
            End::Broken => Err(Fault::invalid("", "unreadable_body", "请求体不完整")),
            End::Slow => Err(Fault::invalid("", "unreadable_timeout", "请求体到达过慢，请重试")),
            End::TakenOver => Err(locked()),
            End::Surplus => Err(too_large()),
            End::Refused(fault) => Err(fault),
        }
    }
}

fn too_large() -> Fault {
    Fault::TooLarge { limit: MAX_LENGTH.unsigned_abs() }
}

/// Writes a body to its place until it ends, breaks, is too slow, or a newer request takes over.
pub(super) async fn receive<S>(span: Span, body: Body<S>, hold: &mut Hold) -> Outcome<()>
where
    S: Stream<Item = Result<Bytes, ()>> + Unpin,
{
    pour(span, body, hold.asked_to_leave()).await
}

/// Writes a whole body, which is the whole photo, to a file of its own.
///
/// # Errors
/// [`Fault::TooLarge`]; `unreadable_body`, `unreadable_timeout`; [`Fault::Full`].
pub async fn stage<S>(scratch: &Scratch, body: Body<S>) -> Outcome<()>
where
    S: Stream<Item = Result<Bytes, ()>> + Unpin,
{
    let length = MAX_LENGTH.unsigned_abs();
    let span = Span { path: scratch.path().to_path_buf(), from: 0, offset: 0, length };
    pour(span, body, std::future::pending()).await
}

async fn pour<S>(span: Span, body: Body<S>, taken_over: impl Future<Output = ()>) -> Outcome<()>
where
    S: Stream<Item = Result<Bytes, ()>> + Unpin,
{
    let Body { mut stream, announced, patience, checksum } = body;
    if announced.is_some_and(|n| n > span.length - span.from) {
        return Err(too_large());
    }
    let opened = blocking(move || Intake::open(&span, checksum)).await?;
    let mut intake = opened.map_err(staging::fault)?;
    let mut taken_over = std::pin::pin!(taken_over);
    let mut late = std::pin::pin!(tokio::time::sleep(patience));
    let end = loop {
        let next = tokio::select! {
            biased;
            () = &mut taken_over => break End::TakenOver,
            () = &mut late => break End::Slow,
            next = stream.next() => next,
        };
        match next {
            None => break End::Whole,
            Some(Err(())) => break End::Broken,
            Some(Ok(bytes)) if !intake.take(&bytes) => break End::Surplus,
            Some(Ok(_)) => {}
        }
        if intake.piece.len() >= PIECE {
            let written = blocking(move || {
                let written = intake.write();
                (intake, written)
            });
            let failed;
            (intake, failed) = written.await?;
            if let Err(error) = failed {
                // What did not fit is not tried again.
                intake.piece.clear();
                break End::Refused(staging::fault(error));
            }
        }
    };
    blocking(move || intake.settle(end)).await?
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::digest;
    use futures_util::stream;

    const WHOLE: &[u8] = b"0123456789";

    /// Sends pieces to a file that holds the first `offset` bytes; gives what is in it after.
    fn sent(
        offset: usize,
        from: u64,
        pieces: &[Result<&'static [u8], ()>],
        body: Sending,
    ) -> (Outcome<()>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, &WHOLE[..offset]).unwrap();
        let span = Span { path: path.clone(), from, offset: offset as u64, length: 10 };
        let items: Vec<Result<Bytes, ()>> = pieces.iter().map(|p| p.map(Bytes::from_static)).collect();
        let body = Body {
            stream: stream::iter(items),
            announced: body.announced,
            patience: Duration::from_secs(60),
            checksum: body.checksum,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended = runtime.block_on(pour(span, body, std::future::pending()));
        (ended, std::fs::read(&path).unwrap())
    }

    #[derive(Default)]
    struct Sending {
        announced: Option<u64>,
        checksum: Option<Checksum>,
    }

    fn code(ended: Outcome<()>) -> String {
        match ended.unwrap_err() {
            Fault::Invalid { code, .. } | Fault::Refused { code, .. } => code.to_string(),
            Fault::TooLarge { .. } => "too_large".into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_arrived_stays() {
        let (ended, kept) = sent(3, 3, &[Ok(b"34"), Ok(b"5")], Sending::default());
        assert!(ended.is_ok() && kept == WHOLE[..6]);
        let (ended, kept) = sent(3, 3, &[Ok(b"34"), Err(())], Sending::default());
        assert_eq!((code(ended).as_str(), &kept[..]), ("unreadable_body", &WHOLE[..5]));
    }

    #[test]
    fn what_is_there_is_passed_over() {
        let (ended, kept) = sent(3, 0, &[Ok(b"01"), Ok(b"234"), Ok(b"56789")], Sending::default());
        assert!(ended.is_ok() && kept == WHOLE);
        let (ended, kept) = sent(3, 0, &[Ok(b"01")], Sending::default());
        assert!(ended.is_ok() && kept == WHOLE[..3]);
    }

    #[test]
    fn nothing_is_kept_of_a_body_that_is_too_long() {
        let (ended, kept) = sent(3, 3, &[Ok(b"3456"), Ok(b"7890")], Sending::default());
        assert_eq!((code(ended).as_str(), &kept[..]), ("too_large", &WHOLE[..3]));
        let announced = Sending { announced: Some(8), ..Sending::default() };
        let (ended, kept) = sent(3, 3, &[Ok(b"3456789")], announced);
        assert_eq!((code(ended).as_str(), &kept[..]), ("too_large", &WHOLE[..3]));
    }

    #[test]
    fn a_checksum_holds_for_the_whole_body() {
        let of = |bytes: &[u8], algorithm| {
            let by = match algorithm {
                Algorithm::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
                Algorithm::Sha256 => &SHA256,
            };
            let digest = digest(by, bytes).as_ref().to_vec();
            Sending { checksum: Some(Checksum { algorithm, digest }), ..Sending::default() }
        };
        for algorithm in [Algorithm::Sha1, Algorithm::Sha256] {
            let (ended, kept) = sent(3, 3, &[Ok(b"34"), Ok(b"56")], of(b"3456", algorithm));
            assert!(ended.is_ok() && kept == WHOLE[..7]);
            let (ended, kept) = sent(3, 0, &[Ok(b"01234")], of(b"01234", algorithm));
            assert!(ended.is_ok() && kept == WHOLE[..5]);
            let (ended, kept) = sent(3, 3, &[Ok(b"34"), Ok(b"5x")], of(b"3456", algorithm));
            assert_eq!((code(ended).as_str(), &kept[..]), ("checksum_differs", &WHOLE[..3]));
            let (ended, kept) = sent(3, 3, &[Ok(b"34"), Err(())], of(b"3456", algorithm));
            assert_eq!((code(ended).as_str(), &kept[..]), ("unreadable_body", &WHOLE[..3]));
        }
    }
}
