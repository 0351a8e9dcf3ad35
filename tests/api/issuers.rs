//! Numbers under fire: three servers on one database, three issuers who sign at the same time, each through a server of its
//! own, and servers that are killed at random moments and started anew. Afterwards the series has no gap and no duplicate,
//! every letter has its number, and every number its document.

use super::app::TestApp;
use super::binary::{self, Serving, yixun};
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

const CAMPAIGNS: usize = 9;
const KILLS: usize = 8;

/// A server that can be killed and started anew while others ask where it is.
struct Node {
    serving: Mutex<Option<Serving>>,
    address: Mutex<SocketAddr>,
}

impl Node {
    fn start(app: &TestApp) -> Self {
        let serving = started(app);
        Self { address: Mutex::new(serving.address), serving: Mutex::new(Some(serving)) }
    }

    fn address(&self) -> SocketAddr {
        *self.address.lock().expect("no panic")
    }

    /// SIGKILL, and another in its place.
    fn kill(&self, app: &TestApp) {
        let mut serving = self.serving.lock().expect("no panic");
        drop(serving.take());
        let anew = started(app);
        *self.address.lock().expect("no panic") = anew.address;
        *serving = Some(anew);
    }
}

/// A server with a folder of its own, as every node has, on the same database, key and files.
fn started(app: &TestApp) -> Serving {
    let folder = scratch::fresh_folder("issuer");
    let data = folder.join("data");
    let keys = app.folder().join("keys");
    std::fs::create_dir_all(data.join("keys")).expect("a folder");
    for key in std::fs::read_dir(keys).expect("keys").flatten() {
        std::fs::copy(key.path(), data.join("keys").join(key.file_name())).expect("a copy of a key");
    }
    std::os::unix::fs::symlink(app.folder().join("files"), data.join("files")).expect("the files");
    binary::serve(yixun(&folder).env("DATABASE_URL", app.database_url()))
}

/// Asks a server to issue letters; nothing is known where it does not answer.
fn issue(node: &Node, token: &str, letters: &[String]) -> Option<u16> {
    let url = format!("http://{}/api/v1/letters/batch/issue", node.address());
    let request = client::agent().post(url).header("Authorization", format!("Bearer {token}"));
    request.send_json(json!({ "letter_ids": letters })).ok().map(|answer| answer.status().as_u16())
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

fn numbers_survive_kills(app: &TestApp) {
    let mut letters = vec![];
    for _ in 0..CAMPAIGNS {
        letters.extend(drafted(app, &id(&build::campaign(app, Place::District, &[Station]))));
    }
    for letter in &letters {
        take(app, Caller::Drafter, letter, "submit").ok();
        take(app, Caller::Reviewer, letter, "approve").ok();
    }
    let nodes: Vec<Node> = (0..3).map(|_| Node::start(app)).collect();
    let issuers = [Caller::Issuer, Caller::SecondIssuer, Caller::At(Role::Issuer, Place::Everywhere)];
    let (done, patience) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(240));
    std::thread::scope(|scope| {
        for (node, caller) in nodes.iter().zip(issuers) {
            let done = &done;
            scope.spawn(move || {
                let token = app.token(caller);
                while !done.load(Ordering::SeqCst) {
                    let mut left = open(app);
                    if left.is_empty() {
                        break;
                    }
                    fastrand::shuffle(&mut left);
                    left.truncate(fastrand::usize(1..=3));
                    // Whether it was issued after all is seen in the next round.
                    let _answer = issue(node, &token, &left);
                    assert!(Instant::now() < patience, "the letters are not issued");
                }
            });
        }
        for _ in 0..KILLS {
            std::thread::sleep(Duration::from_millis(fastrand::u64(20..400)));
            nodes[fastrand::usize(..nodes.len())].kill(app);
            if open(app).is_empty() {
                break;
            }
        }
    });
    done.store(true, Ordering::SeqCst);
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
