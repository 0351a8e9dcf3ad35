//! [`TestApp`]: the very same application as `main` starts, on a database of the test's own. The clock stands at
//! [`super::people::start`] until the test moves it, and no job runs until the test drains the queue.
//!
//! ```text
//! fn a_clerk_adds_a_facility(app: &TestApp) {
//!     let body = build::facility_body(app, Place::Own, FacilityKind::Station);
//!     let made = app.as_(Caller::Drafter).post("/facilities", &body).created();
//!     app.as_(Caller::At(Role::Drafter, Place::Elsewhere)).get(&path(&made)).expect(404, "not_found");
//! }
//! ```

use super::client::{self, Api};
use super::people::{self, Caller, Person, World};
use super::template::{self, Database};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use ureq::Agent;
use yixun::access::tokens;
use yixun::app::App;
use yixun::clock::{Clock as _, SetClock, machine_now};
use yixun::config::Config;
use yixun::db::connection::Kind;
use yixun::db::schema::session;
use yixun::db::{AnyConn, Stamp, Ts, Tx};
use yixun::fault::Outcome;
use yixun::files::Storage;
use yixun::http::server::serve;
use yixun::{jobs, reference};

/// A running application.
pub struct TestApp {
    /// What it holds.
    pub app: Arc<App>,
    /// Its business time.
    pub clock: SetClock,
    /// Ids of what the template holds.
    pub world: World,
    /// Which database it runs on.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    agent: Agent,
    server: Option<Server>,
    database: Arc<Database>,
}

impl TestApp {
    /// An application on a copy of the template, with its files in the data folder or where `storage` says.
    ///
    /// # Errors
    /// Why there can be none.
    pub fn start(kind: Kind, storage: Option<Storage>) -> Result<Self, String> {
        let world = template::world(kind)?;
        let change = |config: &mut Config| config.storage = storage.unwrap_or(config.storage.clone());
        let app = Self::on(Arc::new(Database::copied(kind)?), world, SetClock::new(people::start()), change)?;
        // Everybody has just given their password.
        app.prove_sessions(machine_now());
        Ok(app)
    }

    /// Says when everybody gave their password last.
    pub fn prove_sessions(&self, at: DateTime<Utc>) {
        self.write(move |tx| {
            diesel::update(session::table)
                .set(session::proven_at.eq(Some(Ts::from(at))))
                .execute(tx.conn())?;
            Ok(())
        });
    }

    /// Another node on the same database, data folder, file store and clock.
    pub fn second_node(&self) -> Self {
        self.node_on(self.app.config.storage.clone())
    }

    /// As [`TestApp::second_node`], with another file store.
    pub fn node_on(&self, storage: Storage) -> Self {
        self.node_with(|config| config.storage = storage)
    }

    /// As [`TestApp::second_node`], with other settings.
    pub fn node_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let (world, clock) = (self.world.clone(), self.clock.clone());
        let storage = self.app.config.storage.clone();
        let change = |config: &mut Config| {
            config.storage = storage;
            change(config);
        };
        Self::on(self.database.clone(), world, clock, change).expect("a second node")
    }

    fn on(
        database: Arc<Database>,
        world: World,
        clock: SetClock,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self, String> {
        let mut config = template::settings(&database.folder, &database.url)?;
        change(&mut config);
        let app = App::build(config, Arc::new(clock.clone()))?;
        let (server, address) = Server::start(app.clone())?;
        let (agent, server, kind) = (client::agent(), Some(server), database.kind);
        Ok(Self { app, clock, world, kind, address, agent, server, database })
    }

    /// The API as somebody, without logging in.
    pub fn as_(&self, caller: Caller) -> Api<'_> {
        self.with_token(self.token(caller))
    }

    /// The API as nobody.
    pub fn anyone(&self) -> Api<'_> {
        Api::new(&self.agent, self.base(), None)
    }

    /// The API with any text as token.
    pub fn with_token(&self, token: impl Into<String>) -> Api<'_> {
        Api::new(&self.agent, self.base(), Some(token.into()))
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A fresh access token of somebody.
    pub fn token(&self, caller: Caller) -> String {
        let Person { user, session } = self.world.person(caller);
        tokens::issue(&self.app.keys[0], user, session, 0, machine_now()).expect("a token")
    }

    /// The account of somebody.
    pub fn user(&self, caller: Caller) -> String {
        self.world.person(caller).user.to_string()
    }

    /// Runs all jobs that are due; gives how many were done.
    pub fn drain(&self) -> usize {
        jobs::drain(&self.app).expect("the queue drains")
    }

    /// Orders all committed rows; on SQLite the writer has done it.
    pub fn sequence(&self) {
        while yixun::db::sequencer::sequence_now(&self.app.db).expect("a step of the sequencer") > 0 {}
    }

    /// Moves business time on.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.set(self.clock.now() + by);
    }

    /// Reads from the database.
    #[track_caller]
    pub fn read<T>(&self, f: impl FnOnce(&mut AnyConn) -> Outcome<T>) -> T {
        self.app.db.read_now(f).expect("a read")
    }

    /// Writes to the database behind the API's back, with an audit line.
    #[track_caller]
    pub fn write<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Outcome<T> + Send + 'static) -> T {
        let stamp = Stamp::console("tests", self.clock.now());
        let written = self.app.db.write_now(stamp, "tests.write", move |tx| {
            tx.audit("test", "-", serde_json::json!({}));
            f(tx)
        });
        written.expect("a write")
    }

    /// Sends bytes as they are on a connection of their own; gives the status and everything that came back.
    pub fn raw(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket option");
        stream.write_all(request).expect("the request is taken");
        let mut answer = vec![];
        // The server may close hard after its answer, which is then an error although all of it arrived.
        let _closed_hard = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap_or_else(|| panic!("no status in {text:?}")), text)
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.database.folder
    }

    /// The database's URL.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Loads what is missing of the reference data, as `serve` does.
    pub fn load_reference(&self) {
        reference::load_missing(&self.app).expect("the reference data");
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.take());
    }
}

/// A server on a free port of 127.0.0.1, in a thread of its own, until dropped.
struct Server {
    handle: actix_web::dev::ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(app: Arc<App>) -> Result<(Self, SocketAddr), String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let (tell, told) = std::sync::mpsc::channel();
        let run = move || {
            actix_web::rt::System::new().block_on(async move {
                let server = serve(app, listener, 1);
                let handle = server.as_ref().map(actix_web::dev::Server::handle);
                tell.send(handle.map_err(ToString::to_string)).expect("the test waits");
                if let Ok(server) = server {
                    server.await.expect("the server ends well");
                }
            });
        };
        let thread =
            std::thread::Builder::new().name("test-server".into()).spawn(run).map_err(|e| e.to_string())?;
        let handle = told.recv().map_err(|e| e.to_string())??;
        Ok((Self { handle, thread: Some(thread) }, address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent by the call; its future only waits for the end, as the join does.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
