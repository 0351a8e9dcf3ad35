//! Numbers under fire: three servers on one database, three issuers who sign at the same time, each through a server of its
//! own, and servers that are killed at random moments and started anew. Afterwards the series has no gap and no duplicate,
//! every letter has its number, and every number its document.

use super::app::TestApp;
use super::binary::{self, Serving, yixun};
use super::bucket::{self, ACCESS_KEY, SECRET_KEY};
use super::build::{self, id};
use super::client;
use super::letters::{drafted, take};
use super::people::{Caller, Place};
use super::scratch;
use super::suite::{Suite, both};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use yixun::access::Role;
use yixun::db::{Ts, schema};
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite: numbers_survive_kills);
}

/// Of two letters each.
const CAMPAIGNS: usize = 12;
/// Servers killed while letters wait, at the least.
const KILLS: usize = 2;

/// A server that can be killed and started anew while others ask where it is.
struct Node {
    serving: Mutex<Option<Serving>>,
    address: Mutex<SocketAddr>,
    /// Somebody asks it at this moment.
    asked: AtomicBool,
}

impl Node {
    fn start(app: &TestApp, bucket: &str) -> Self {
        let serving = started(app, bucket);
        Self {
            address: Mutex::new(serving.address),
            serving: Mutex::new(Some(serving)),
            asked: AtomicBool::new(false),
        }
    }

    fn address(&self) -> SocketAddr {
        *self.address.lock().expect("no panic")
    }

    /// Waits until somebody asks it, for a moment at the most.
    fn is_asked(&self) -> bool {
        let patience = Instant::now() + Duration::from_secs(2);
        while Instant::now() < patience && !self.asked.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        self.asked.load(Ordering::SeqCst)
    }

    /// SIGKILL, and another in its place.
    fn kill(&self, app: &TestApp, bucket: &str) {
        let mut serving = self.serving.lock().expect("no panic");
        drop(serving.take());
        let anew = started(app, bucket);
        *self.address.lock().expect("no panic") = anew.address;
        *serving = Some(anew);
    }
}

/// A server with a folder of its own, as every node has, on the same database, key and bucket.
fn started(app: &TestApp, bucket: &str) -> Serving {
    let folder = scratch::fresh_folder("issuer");
    let keys = folder.join("data/keys");
    std::fs::create_dir_all(&keys).expect("a folder");
    for key in std::fs::read_dir(app.folder().join("keys")).expect("keys").flatten() {
        std::fs::copy(key.path(), keys.join(key.file_name())).expect("a copy of a key");
    }
    let mut command = yixun(&folder);
    command.env("DATABASE_URL", app.database_url()).env("YIXUN_STORAGE", bucket);
    command.env("YIXUN_S3_ACCESS_KEY", ACCESS_KEY).env("YIXUN_S3_SECRET_KEY", SECRET_KEY);
    binary::serve(&mut command)
}

/// Asks a server to issue letters; nothing is known where it does not answer.
fn issue(node: &Node, token: &str, letters: &[String]) -> Option<u16> {
    let url = format!("http://{}/api/v1/letters/batch/issue", node.address());
    let request = client::agent().post(url).header("Authorization", format!("Bearer {token}"));
    node.asked.store(true, Ordering::SeqCst);
    let answer = request.send_json(json!({ "letter_ids": letters })).ok();
    node.asked.store(false, Ordering::SeqCst);
    answer.map(|answer| answer.status().as_u16())
}

fn views(app: &TestApp) -> Vec<Value> {
    app.as_(Caller::Supervisor).all("/letters")
}

fn open(app: &TestApp) -> Vec<String> {
    views(app).iter().filter(|l| l["state"] == "approved").map(id).collect()
}

/// Gives the jobs of killed workers to whoever asks next.
fn release_leases(app: &TestApp) {
    use schema::job;
    app.write(|tx| {
        let running = diesel::update(job::table.filter(job::state.eq("running")));
        running.set((job::state.eq("ready"), job::lease_until.eq(None::<Ts>))).execute(tx.conn())?;
        Ok(())
    });
}

fn numbers_survive_kills(on: &TestApp) {
    let bucket = bucket::setting(&bucket::made(), bucket::address());
    let app = &TestApp::start(on.kind, Some(bucket::storage(&bucket))).expect("an application");
    let mut letters = vec![];
    for _ in 0..CAMPAIGNS {
        letters.extend(drafted(app, &id(&build::campaign(app, Place::District, &[Station]))));
    }
    for letter in &letters {
        take(app, Caller::Drafter, letter, "submit").ok();
        take(app, Caller::Reviewer, letter, "approve").ok();
    }
    let nodes: Vec<Node> = (0..3).map(|_| Node::start(app, &bucket)).collect();
    let issuers = [Caller::Issuer, Caller::SecondIssuer, Caller::At(Role::Issuer, Place::Everywhere)];
    let patience = Instant::now() + Duration::from_secs(240);
    let kills = std::thread::scope(|scope| {
        for (node, caller) in nodes.iter().zip(issuers) {
            scope.spawn(move || {
                let token = app.token(caller);
                loop {
                    let mut left = open(app);
                    if left.is_empty() {
                        break;
                    }
                    fastrand::shuffle(&mut left);
                    left.truncate(fastrand::usize(1..=2));
                    // Whether it was issued after all is seen in the next round.
                    let _answer = issue(node, &token, &left);
                    assert!(Instant::now() < patience, "the letters are not issued");
                    std::thread::sleep(Duration::from_millis(fastrand::u64(50..300)));
                }
            });
        }
        let mut kills = 0;
        while !open(app).is_empty() {
            let node = &nodes[fastrand::usize(..nodes.len())];
            if node.is_asked() {
                std::thread::sleep(Duration::from_millis(fastrand::u64(..20)));
                kills += 1;
                node.kill(app, &bucket);
            }
        }
        kills
    });
    assert!(kills >= KILLS, "only {kills} servers were killed while letters waited");
    let issued = views(app);
    let serial = |letter: &Value| {
        let number = letter["number"].as_str().unwrap_or_else(|| panic!("no number: {letter}"));
        let serial = number.rsplit('〕').next().expect("a serial").trim_end_matches('号');
        serial.parse::<usize>().unwrap_or_else(|_| panic!("{number}"))
    };
    let taken: BTreeSet<usize> = issued.iter().map(serial).collect();
    assert_eq!(issued.len(), letters.len());
    assert_eq!(taken, (1..=letters.len()).collect(), "no gap, no duplicate");
    // Killed workers' jobs are taken over when their leases end; here at once.
    while views(app).iter().any(|l| l["state"] == "issued") {
        assert!(Instant::now() < patience, "the documents are not made");
        std::thread::sleep(Duration::from_millis(100));
        release_leases(app);
        app.drain();
    }
}
