//! Another system that is told: it hears every request and answers as it was bidden, 204 where it was not.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A request as it was heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its first line.
    pub line: String,
    /// Its headers by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

#[derive(Default)]
struct State {
    heard: Vec<Heard>,
    answers: VecDeque<String>,
}

/// The listener.
pub struct Ear {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    /// On a free port of an address of this machine.
    pub fn on(address: &str) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (state, stop) = (Arc::new(Mutex::new(State::default())), Arc::new(AtomicBool::new(false)));
        let (shared, ended) = (state.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let shared = shared.clone();
                std::thread::spawn(move || stream.map(|stream| hear(stream, &shared)));
            }
        });
        Self { address, state, stop, thread: Some(thread) }
    }

    /// Answers the next requests so, e.g. `500 Internal Server Error`; lines after the first are headers.
    pub fn answer(&self, answers: &[&str]) {
        self.state.lock().expect("unpoisoned").answers.extend(answers.iter().map(ToString::to_string));
    }

    /// What was heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.state.lock().expect("unpoisoned").heard.clone()
    }

    /// Where a webhook leads to it.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn hear(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() || line.is_empty() {
        return;
    }
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_string());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body = String::from_utf8(body).expect("UTF-8");
    let answer = {
        let mut state = state.lock().expect("unpoisoned");
        state.heard.push(Heard { line: line.trim_end().into(), headers, body });
        state.answers.pop_front().unwrap_or_else(|| "204 No Content".into())
    };
    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    drop(reader.get_mut().write_all(answer.as_bytes()));
}
