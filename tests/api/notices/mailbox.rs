//! A mail server that takes what comes, or answers a recipient as it was bidden.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// For whom, by the envelope.
    pub to: String,
    /// Headers and text.
    pub lines: Vec<String>,
}

impl Mail {
    /// A header's text with its folded lines.
    pub fn header(&self, name: &str) -> String {
        let head = self.lines.iter().take_while(|line| !line.is_empty());
        let mut found = String::new();
        let mut inside = false;
        for line in head {
            inside = match line.strip_prefix(&format!("{name}: ")) {
                Some(value) => {
                    found.push_str(value);
                    true
                }
                None if inside && line.starts_with(' ') => {
                    found.push_str(line.trim_start());
                    true
                }
                None => false,
            };
        }
        found
    }

    /// The lines below the headers.
    pub fn body(&self) -> Vec<&str> {
        self.lines.iter().skip_while(|line| !line.is_empty()).skip(1).map(String::as_str).collect()
    }
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    answers: VecDeque<String>,
}

/// The server.
pub struct Mailbox {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Mailbox {
    /// On a free port of this machine.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (state, stop) = (Arc::new(Mutex::new(State::default())), Arc::new(AtomicBool::new(false)));
        let (shared, ended) = (state.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let shared = shared.clone();
                std::thread::spawn(move || stream.map(|stream| talk(stream, &shared)));
            }
        });
        Self { address, state, stop, thread: Some(thread) }
    }

    /// Answers the next recipients so, e.g. `550 unknown`.
    pub fn answer(&self, answers: &[&str]) {
        self.state.lock().expect("unpoisoned").answers.extend(answers.iter().map(ToString::to_string));
    }

    /// What came so far.
    pub fn mails(&self) -> Vec<Mail> {
        self.state.lock().expect("unpoisoned").mails.clone()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn talk(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    reader.get_mut().write_all(b"220 tests\r\n")?;
    let mut mail = Mail::default();
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 {
        let said = line.trim_end().to_string();
        line.clear();
        let answer = match said.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-tests\r\n250 8BITMIME".to_string(),
            "RCPT" => {
                mail.to = said;
                state.lock().expect("unpoisoned").answers.pop_front().unwrap_or_else(|| "250 ok".into())
            }
            "DATA" => {
                reader.get_mut().write_all(b"354 go on\r\n")?;
                while reader.read_line(&mut line)? > 0 && line != ".\r\n" {
                    mail.lines.push(line.trim_end_matches("\r\n").to_string());
                    line.clear();
                }
                line.clear();
                state.lock().expect("unpoisoned").mails.push(std::mem::take(&mut mail));
                "250 ok".into()
            }
            "QUIT" => "221 bye".into(),
            _ => "250 ok".into(),
        };
        reader.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}
