//! The store in a bucket of anything that speaks S3. The outside is synchronous, as all of the store: a small runtime of
//! its own carries the requests. Every call has a deadline, and a [`Breaker`] in front of it.
//!
//! A blob is sent as one signed PUT, whose signature covers the hash of the body, or in parts where it is large; then its
//! length is asked for. Nothing relies on `If-None-Match`, which not every server knows: a repeated PUT puts equal bytes.

use super::breaker::Breaker;
use super::settings::S3Settings;
use super::{Held, StoreFault, is_name, key_of, sha256_of};
use crate::clock::machine_now;
use crate::db::sequencer::hex;
use crate::ids::new_uuid;
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use object_store::{
    BackoffConfig, ClientOptions, Error, MultipartUpload, ObjectMeta, ObjectStore as _, ObjectStoreExt as _,
    RetryConfig,
};
use secrecy::ExposeSecret as _;
use std::future::Future;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

/// The largest blob that goes as one PUT, in bytes.
const WHOLE: u64 = 16 * 1024 * 1024;
/// Bytes of a part of a larger one; equal but for the last, as some servers demand.
const PART: u64 = 8 * 1024 * 1024;
/// How long a call may take, retries included: this, and a second more for every MiB.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a signed address lives.
const SIGNED_FOR: Duration = Duration::from_secs(300);
/// Blobs that are sent at a time: each is held in memory.
const SENDERS: usize = 3;

/// A bucket of blobs.
#[derive(Debug, Clone)]
pub struct S3(Arc<Bucket>);

#[derive(Debug)]
struct Bucket {
    client: AmazonS3,
    prefix: String,
    presign: bool,
    senders: Semaphore,
    breaker: Breaker,
    handle: Handle,
    _runtime: Owned,
}

/// A runtime that may be dropped anywhere, also in async code.
#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn client(settings: &S3Settings) -> object_store::Result<AmazonS3> {
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 2,
        retry_timeout: PATIENCE / 2,
    };
    let options =
        ClientOptions::new().with_connect_timeout(PATIENCE / 3).with_timeout(Duration::from_secs(60));
    let mut builder = AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(retry)
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_access_key_id(settings.access_key.expose_secret())
        .with_secret_access_key(settings.secret_key.expose_secret())
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    builder.build()
}

impl S3 {
    /// Opens a bucket and tries it: writes, reads and deletes a tiny object.
    pub(super) fn open(settings: &S3Settings) -> Result<Self, String> {
        let refused = |why: String| format!("设置 YIXUN_STORAGE：{why}");
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("s3").enable_all().build();
        let runtime = runtime.map_err(|e| refused(e.to_string()))?;
        let s3 = Self(Arc::new(Bucket {
            client: client(settings).map_err(|e| refused(e.to_string()))?,
            prefix: settings.prefix.clone(),
            presign: settings.presign,
            senders: Semaphore::new(SENDERS),
            breaker: Breaker::default(),
            handle: runtime.handle().clone(),
            _runtime: Owned(Some(runtime)),
        }));
        let bucket = &settings.bucket;
        s3.probe().map_err(|error| match error {
            Some(e @ (Error::PermissionDenied { .. } | Error::Unauthenticated { .. })) => format!(
                "设置 YIXUN_S3_ACCESS_KEY、YIXUN_S3_SECRET_KEY：S3 不接受这对密钥，或它无权读写桶 {bucket}：{e}"
            ),
            Some(Error::NotFound { .. }) => refused(format!("S3 上没有桶 {bucket}")),
            Some(e) => refused(format!("无法读写桶 {bucket}：{e}")),
            None => refused(format!("桶 {bucket} 没有及时应答，请检查 endpoint")),
        })?;
        Ok(s3)
    }

    /// What went wrong; none when there was no answer, or a wrong one.
    fn probe(&self) -> Result<(), Option<Error>> {
        let (client, key) = (&self.0.client, self.at(&format!("probe/{}", new_uuid(machine_now()))));
        let work = async {
            client.put(&key, "probe".into()).await?;
            let read = client.get(&key).await?.bytes().await?;
            client.delete(&key).await?;
            Ok::<_, Error>(read)
        };
        match self.0.handle.block_on(async { tokio::time::timeout(PATIENCE, work).await }) {
            Ok(Ok(read)) if read.as_ref() == b"probe" => Ok(()),
            Ok(Err(error)) => Err(Some(error)),
            _ => Err(None),
        }
    }

    fn at(&self, key: &str) -> Key {
        Key::from(format!("{}/{key}", self.0.prefix))
    }

    fn key(&self, name: &str) -> Result<Key, StoreFault> {
        Ok(self.at(&key_of(name)?))
    }

    /// Runs a request that carries so many bytes.
    fn call<T>(&self, bytes: u64, request: impl Future<Output = Result<T, Error>>) -> Result<T, StoreFault> {
        let bucket = &self.0;
        if bucket.breaker.is_open(Instant::now()) {
            return Err(StoreFault::Unavailable("S3 has failed repeatedly; trying again in seconds".into()));
        }
        let patience = PATIENCE + Duration::from_secs(bytes / (1024 * 1024));
        let answer = bucket.handle.block_on(async { tokio::time::timeout(patience, request).await });
        let told = match answer {
            Ok(answer) => answer.map_err(fault_of),
            Err(_) => Err(StoreFault::Unavailable(format!("S3 has not answered within {patience:?}"))),
        };
        bucket.breaker.note(!matches!(told, Err(StoreFault::Unavailable(_))), Instant::now());
        told
    }

    /// Stores what `content` gives, `length` bytes, if that is what `name` says.
    pub(super) fn store(&self, name: &str, length: u64, content: &mut dyn Read) -> Result<(), StoreFault> {
        let key = self.key(name)?;
        let turn = self.0.handle.block_on(self.0.senders.acquire());
        let _turn = turn.map_err(|e| StoreFault::Unavailable(e.to_string()))?;
        if length <= WHOLE {
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
            content.take(WHOLE + 1).read_to_end(&mut bytes)?;
            matches_name(name, &sha256_of(&bytes))?;
            self.call(length, self.0.client.put(&key, bytes.into()))?;
        } else {
            let mut upload = self.call(0, self.0.client.put_multipart(&key))?;
            let sent = self.send_parts(name, content, &mut *upload);
            if sent.is_err() {
                // What is left behind when this fails too is for the bucket's own rules: docs/OPERATIONS.md.
                let _best_effort = self.call(0, upload.abort());
            }
            sent?;
        }
        match self.len(name)? {
            there if there == length => Ok(()),
            there => Err(StoreFault::Unavailable(format!("S3 keeps {there} of {length} bytes of {name}"))),
        }
    }

    fn send_parts(
        &self,
        name: &str,
        content: &mut dyn Read,
        upload: &mut dyn MultipartUpload,
    ) -> Result<(), StoreFault> {
        let mut digest = Context::new(&SHA256);
        loop {
            let mut part = vec![];
            let read = Read::take(&mut *content, PART).read_to_end(&mut part)? as u64;
            if read == 0 {
                break;
            }
            digest.update(&part);
            self.call(read, upload.put_part(part.into()))?;
        }
        matches_name(name, &hex(digest.finish().as_ref()))?;
        self.call(0, upload.complete()).map(drop)
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<u8>, StoreFault> {
        let key = self.key(name)?;
        let read = async { self.0.client.get(&key).await?.bytes().await };
        Ok(self.call(WHOLE, read)?.into())
    }

    pub(super) fn len(&self, name: &str) -> Result<u64, StoreFault> {
        Ok(self.call(0, self.0.client.head(&self.key(name)?))?.size)
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), StoreFault> {
        match self.call(0, self.0.client.delete(&self.key(name)?)) {
            Err(StoreFault::NotFound) => Ok(()),
            done => done,
        }
    }

    /// Gives every blob to `f`, page by page.
    pub(super) fn each<E: From<StoreFault>>(
        &self,
        f: &mut dyn FnMut(Held) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut listing = self.0.client.list(Some(&self.at("sha256")));
        while let Some(about) = self.call(0, async { listing.next().await.transpose() })? {
            if let Some(held) = held(&about) {
                f(held)?;
            }
        }
        Ok(())
    }

    /// An address at which anybody may read a blob for some minutes, where the settings want such.
    pub(super) fn presigned(
        &self,
        name: &str,
        content_type: &str,
        disposition: &str,
    ) -> Result<Option<String>, StoreFault> {
        if !self.0.presign {
            return Ok(None);
        }
        let options = SignedUrlOptions::new().with_query([
            ("response-cache-control", "no-store"),
            ("response-content-disposition", disposition),
            ("response-content-type", content_type),
        ]);
        let key = self.key(name)?;
        let signed = self.0.client.signed_url_opts(Method::GET, &key, SIGNED_FOR, &options);
        Ok(Some(self.call(0, signed)?.to_string()))
    }
}

fn matches_name(name: &str, hash: &str) -> Result<(), StoreFault> {
    if hash == name { Ok(()) } else { Err(StoreFault::Corrupt(name.into())) }
}

/// A blob; none where the key is a foreign one.
fn held(about: &ObjectMeta) -> Option<Held> {
    let name = about.location.filename().filter(|name| is_name(name))?;
    Some(Held { name: name.into(), length: about.size, modified: about.last_modified })
}

fn fault_of(error: Error) -> StoreFault {
    let told = error.to_string();
    match error {
        Error::NotFound { .. } => StoreFault::NotFound,
        // There is no status of its own for it everywhere; these are Garage's, MinIO's and Ceph's words.
        _ if ["507 Insufficient", "StorageFull", "QuotaExceeded"].iter().any(|w| told.contains(w)) => {
            StoreFault::Full(told)
        }
        _ => StoreFault::Unavailable(told),
    }
}
