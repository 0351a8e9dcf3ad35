//! The folder of one run, and who clears it away. Everything that a run makes lies under it. A small shell waits for
//! this process to end, however it ends (a panic, `process::exit`, a kill), ends the servers that it was told of by
//! their process ids, and removes the folder: nothing is left behind.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

/// Reads `+pid` and `-pid` lines until this process closes its end, then clears up.
const JANITOR: &str = r#"
pids=" "
while read -r line; do
  case "$line" in
    +*) pids="$pids${line#+} " ;;
    -*) pids="${pids%% "${line#-}" *} ${pids#* "${line#-}" }" ;;
  esac
done
for pid in $pids; do kill -INT "$pid" 2>/dev/null; done
n=0
for pid in $pids; do
  while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
  kill -KILL "$pid" 2>/dev/null
done
[ -n "$1" ] && rm -rf "$1"
"#;

struct Scratch {
    folder: PathBuf,
    janitor: Mutex<Option<(Child, ChildStdin)>>,
}

static SCRATCH: OnceLock<Scratch> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

fn scratch() -> &'static Scratch {
    SCRATCH.get_or_init(|| {
        let folder = make_folder().expect("a temporary folder");
        let keep = std::env::var_os("YIXUN_TEST_KEEP").is_some();
        if keep {
            eprintln!("YIXUN_TEST_KEEP: {} stays", folder.display());
        }
        let removed = if keep { "".as_ref() } else { folder.as_os_str() };
        let mut janitor = Command::new("sh")
            .args(["-c", JANITOR, "yixun-test-janitor"])
            .arg(removed)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // a Ctrl-C at the terminal is not for it
            .spawn()
            .expect("sh is there");
        let line = janitor.stdin.take().expect("its standard input is ours");
        Scratch { folder, janitor: Mutex::new(Some((janitor, line))) }
    })
}

/// A folder that PostgreSQL's own user may pass through. The path of a Unix socket is short, so a long TMPDIR is not
/// used.
fn make_folder() -> std::io::Result<PathBuf> {
    let name = format!("yixun-test-{}-{:08x}", std::process::id(), fastrand::u32(..));
    let mut base = std::env::temp_dir();
    if base.as_os_str().len() > 50 {
        base = "/tmp".into();
    }
    let folder = base.join(name);
    std::fs::create_dir(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o711))?;
    Ok(folder)
}

/// The folder of this run.
pub fn folder() -> &'static Path {
    &scratch().folder
}

/// A new empty folder under it.
pub fn fresh_folder(what: &str) -> PathBuf {
    let folder = folder().join(format!("{what}-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    std::fs::create_dir(&folder).expect("a fresh folder");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    folder
}

/// Whether this process runs as root: what it makes belongs to root.
pub fn is_root() -> bool {
    std::fs::metadata(folder()).is_ok_and(|meta| meta.uid() == 0)
}

fn tell(line: &str) {
    if let Some((_, janitor)) = &mut *scratch().janitor.lock().expect("no panic while telling") {
        writeln!(janitor, "{line}").expect("the janitor listens");
    }
}

/// From now on the process `pid`, which this run started, ends with it.
pub fn ends_with_us(pid: u32) {
    tell(&format!("+{pid}"));
}

/// The process `pid` has ended.
pub fn has_ended(pid: u32) {
    tell(&format!("-{pid}"));
}

/// Sends `signal` (`TERM`, `INT`) to a process that this run started.
pub fn signal(pid: u32, signal: &str) {
    let sent =
        Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &pid.to_string()]).status();
    sent.expect("sh is there");
}

/// Removes everything; nothing may be asked for afterwards.
pub fn clear() {
    let Some(scratch) = SCRATCH.get() else { return };
    if let Some((mut janitor, line)) = scratch.janitor.lock().expect("no panic while telling").take() {
        drop(line);
        janitor.wait().expect("the janitor ends");
    }
}
