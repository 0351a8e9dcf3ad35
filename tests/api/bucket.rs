//! S3 for tests: a real S3 server over a folder, in this process, on a free port of 127.0.0.1, with real keys and
//! signatures; each test has a bucket of its own. With `YIXUN_TEST_S3=s3://…` and the two credential settings it is that
//! bucket instead (deploy/garage-test.sh), where each test has a prefix of its own.

use super::scratch;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStoreExt as _, path};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use secrecy::ExposeSecret as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use yixun::files::{S3Settings, Storage};

/// The access key of the server in this process.
pub const ACCESS_KEY: &str = "yixun-tests";
/// Its secret key.
pub const SECRET_KEY: &str = "a-secret-of-the-tests-alone";

struct Server {
    address: SocketAddr,
    root: PathBuf,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let root = scratch::fresh_folder("s3");
        let files = s3s_fs::FileSystem::new(&root).expect("a folder for S3");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(accept(service, tell));
        });
        Server { address: told.recv().expect("S3 listens"), root }
    })
}

async fn accept(service: S3Service, tell: std::sync::mpsc::Sender<SocketAddr>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    tell.send(listener.local_addr().expect("its address")).expect("somebody waits");
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let service = service.clone();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _cut = builder.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// Where the server in this process listens.
pub fn address() -> SocketAddr {
    server().address
}

/// A fresh bucket of the server in this process.
pub fn made() -> String {
    let bucket = format!("bucket-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    std::fs::create_dir(server().root.join(&bucket)).expect("a bucket");
    bucket
}

/// A setting for a bucket that is reached at an address.
pub fn setting(bucket: &str, at: SocketAddr) -> String {
    format!("s3://{bucket}/tests?endpoint=http://{at}&region=us-east-1&allow_http=true")
}

/// The settings as read, with the keys of the server in this process.
pub fn storage(setting: &str) -> Storage {
    let keys = (Some(ACCESS_KEY.into()), Some(SECRET_KEY.into()));
    Storage::parse(setting, keys).expect("good settings")
}

/// An empty place in S3 for one test.
pub fn fresh() -> Storage {
    let Ok(setting) = std::env::var("YIXUN_TEST_S3") else { return storage(&setting(&made(), address())) };
    let key = |name: &str| std::env::var(name).ok();
    let given = Storage::parse(&setting, (key("YIXUN_S3_ACCESS_KEY"), key("YIXUN_S3_SECRET_KEY")));
    let mut given = given.expect("YIXUN_TEST_S3 and its credentials");
    if let Storage::S3(s3) = &mut given {
        let own = format!("test-{}", super::build::uuid().simple());
        s3.prefix = if s3.prefix.is_empty() { own } else { format!("{}/{own}", s3.prefix) };
    }
    given
}

/// Puts other bytes in the place of a blob, behind the store's back.
pub fn overwrite(settings: &S3Settings, key: &str, bytes: &'static [u8]) {
    let endpoint = settings.endpoint.as_deref().expect("an endpoint");
    let client = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region(&settings.region)
        .with_bucket_name(&settings.bucket)
        .with_access_key_id(settings.access_key.expose_secret())
        .with_secret_access_key(settings.secret_key.expose_secret());
    let client = client.build().expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let key = path::Path::from(format!("{}/{key}", settings.prefix));
    runtime.block_on(client.put(&key, bytes.into())).expect("a PUT");
}
