//! Running the program itself, with an environment of its own and never longer than the test.

use super::scratch;
use super::template::FONTS;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a finished command said.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// `yixun` with settings that touch nothing outside `folder`.
pub fn yixun(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yixun"));
    for (name, _) in std::env::vars_os() {
        let name_bytes = name.as_encoded_bytes();
        if name_bytes.starts_with(b"YIXUN_") || name_bytes.starts_with(b"PG") || name_bytes == b"DATABASE_URL"
        {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command.env("YIXUN_DATA_DIR", folder.join("data")).env("YIXUN_FONTS_DIR", FONTS);
    command
}

/// Runs a command to its end, which comes within a minute.
#[track_caller]
pub fn run(command: &mut Command) -> Said {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let pid = child.id();
    scratch::ends_with_us(pid);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let done = told.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
        scratch::signal(pid, "KILL");
        panic!("{command:?} does not end")
    });
    scratch::has_ended(pid);
    let done = done.expect("its output");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { status: done.status, out: text(done.stdout), err: text(done.stderr) }
}

impl Said {
    /// It succeeded; gives what it printed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.out
    }

    /// It was refused with one sentence that holds all of `parts`, and without a panic.
    #[track_caller]
    pub fn refused(self, parts: &[&str]) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        let said = self.err.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(said, "no line with {parts:?} in {self:?}");
    }
}

/// A server that is running.
pub struct Serving {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A port that nobody uses at this moment.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}

/// Starts `yixun serve` and waits until it is alive.
#[track_caller]
pub fn serve(command: &mut Command) -> Serving {
    let address = free_address();
    let child = command.arg("serve").env("YIXUN_LISTEN", address.to_string());
    let log = scratch::fresh_folder("serve").join("stderr");
    let errors = std::fs::File::create(&log).expect("a log");
    let child = child.stdout(Stdio::null()).stderr(errors).spawn().expect("the program starts");
    scratch::ends_with_us(child.id());
    let mut serving = Serving { child, address };
    let patience = Instant::now() + Duration::from_secs(60);
    let agent = super::client::agent();
    while agent.get(format!("http://{address}/livez")).call().is_err() {
        let ended = serving.child.try_wait().expect("its status");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        assert!(ended.is_none() && Instant::now() < patience, "serve is not alive: {ended:?}: {}", said());
        std::thread::sleep(Duration::from_millis(50));
    }
    serving
}

impl Serving {
    /// Asks it by its process id to end, as a service manager does; gives how it ended.
    #[track_caller]
    pub fn end(mut self) -> ExitStatus {
        scratch::signal(self.child.id(), "TERM");
        let patience = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status;
            }
            assert!(Instant::now() < patience, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
        scratch::has_ended(self.child.id());
    }
}
