//! What the letters of a round cost: 18 letters of a dozen findings with their photos, set by two threads in a process that
//! has just begun (goal: a second, 120 MB at the peak), and 400 letters, after which the last must be as quick as the first
//! and the process no larger. Photos are renditions as the server makes them, read from the disk letter by letter.
//!
//! ```sh
//! cargo bench --bench letters
//! ```
//!
//! Beside it a floor of the same run: as many threads decode the same photos, which has to happen whatever sets them.
//! Memory is what the kernel says (`VmRSS`, `VmHWM`). Linux only.

use chrono::NaiveDate;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use uuid::Uuid;
use yixun::directory::FacilityKind;
use yixun::findings::rules::State;
use yixun::letters::compose::compose;
use yixun::letters::facts::{Authority, Facts, KindCount, Line, PhotoRef};
use yixun::letters::kind::LetterKind;
use yixun::letters::letter::Letter;
use yixun::letters::typeset::Typesetter;
use yixun::photos::renditions::rendition;

const LETTERS: usize = 18;
const FINDINGS: usize = 12;
const MANY: usize = 400;
const THREADS: usize = 2;
const ROUNDS: usize = 3;
/// Seconds for a round, and megabytes at its peak.
const GOAL: (f64, f64) = (1.0, 120.0);
const FONTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/fonts");

type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Done<()> {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--child") {
        Some(at) => child(&arguments[at + 1], Path::new(&arguments[at + 2])),
        None => parent(),
    }
}

/// Writes the photos, and measures in children, so that each begins with nothing.
fn parent() -> Done<()> {
    let folder = tempfile::tempdir()?;
    for letter in 0..LETTERS {
        for finding in 0..FINDINGS {
            fs::write(folder.path().join(hash(letter, finding)), photo(letter * FINDINGS + finding)?)?;
        }
    }
    println!("{LETTERS} letters with {FINDINGS} photos each, {THREADS} threads");
    println!(
        "{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "seconds", "floor", "ratio", "idle MB", "peak MB", "PDF MB"
    );
    for _ in 0..ROUNDS {
        print!("{}", measured("round", folder.path())?);
    }
    println!("{MANY} letters, one after the other on {THREADS} threads");
    println!("{:>10}{:>12}{:>10}", "letters", "ms a letter", "MB");
    print!("{}", measured("many", folder.path())?);
    Ok(())
}

fn measured(what: &str, folder: &Path) -> Done<String> {
    let child = Command::new(std::env::current_exe()?).args(["--child", what]).arg(folder).output()?;
    if !child.status.success() {
        return Err(String::from_utf8_lossy(&child.stderr).into_owned().into());
    }
    Ok(String::from_utf8(child.stdout)?)
}

fn child(what: &str, folder: &Path) -> Done<()> {
    let typesetter = Typesetter::new(Path::new(FONTS), None)?;
    let idle = memory("VmRSS:")?;
    match what {
        "round" => round(&typesetter, folder, idle),
        _ => many(&typesetter, folder),
    }
}

fn round(typesetter: &Typesetter, folder: &Path, idle: f64) -> Done<()> {
    let letters: Vec<Letter> = (0..LETTERS).map(letter).collect::<Done<_>>()?;
    let bytes = AtomicUsize::new(0);
    let seconds = at_once(LETTERS, |n| {
        let pdf = typesetter.pdf(&letters[n], &photos(folder, &letters[n])?)?;
        bytes.fetch_add(pdf.len(), SeqCst);
        Ok(())
    })?
    .as_secs_f64();
    let peak = memory("VmHWM:")?;
    let floor = at_once(LETTERS, |n| {
        for jpeg in photos(folder, &letters[n])?.values() {
            image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg)?;
        }
        Ok(())
    })?
    .as_secs_f64();
    let verdict = if seconds <= GOAL.0 && peak <= GOAL.1 { "" } else { "  above the goal" };
    println!(
        "{seconds:>10.3}{floor:>10.3}{:>10.1}{idle:>10.1}{peak:>10.1}{:>10.2}{verdict}",
        seconds / floor,
        bytes.into_inner() as f64 / 1e6
    );
    Ok(())
}

fn many(typesetter: &Typesetter, folder: &Path) -> Done<()> {
    let hundreds = Mutex::new(vec![(Duration::ZERO, 0.0); MANY / 100]);
    let done = AtomicUsize::new(0);
    at_once(MANY, |n| {
        let begin = Instant::now();
        let letter = letter(n)?;
        typesetter.pdf(&letter, &photos(folder, &letter)?)?;
        let mut hundreds = hundreds.lock().map_err(|_| "a thread panicked")?;
        let of = &mut hundreds[n / 100];
        of.0 += begin.elapsed();
        if done.fetch_add(1, SeqCst) % 100 == 99 {
            of.1 = memory("VmRSS:")?;
        }
        Ok(())
    })?;
    for (place, (time, memory)) in hundreds.into_inner()?.into_iter().enumerate() {
        println!("{:>10}{:>12.1}{memory:>10.1}", (place + 1) * 100, time.as_secs_f64() * 10.0);
    }
    println!("peak {:.1} MB", memory("VmHWM:")?);
    Ok(())
}

/// Does so many pieces of work on the threads.
fn at_once(count: usize, work: impl Fn(usize) -> Done<()> + Sync) -> Done<Duration> {
    let (next, begin) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        let take = || -> Done<()> {
            loop {
                match next.fetch_add(1, SeqCst) {
                    n if n >= count => return Ok(()),
                    n => work(n)?,
                }
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    Ok(begin.elapsed())
}

/// Megabytes that the kernel tells of this process.
fn memory(line: &str) -> Done<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|l| l.strip_prefix(line)).ok_or("no such line")?;
    Ok(found.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
}

fn hash(letter: usize, finding: usize) -> String {
    format!("{:064x}", (letter % LETTERS) * FINDINGS + finding)
}

fn photos(folder: &Path, letter: &Letter) -> Done<HashMap<String, Vec<u8>>> {
    letter
        .photo_hashes()
        .into_iter()
        .map(|hash| {
            let jpeg = fs::read(folder.join(&hash))?;
            Ok((hash, jpeg))
        })
        .collect()
}

/// A rendition of a photo with edges, gradients and noise, unlike every other.
fn photo(n: usize) -> Done<Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(n as u64);
    let picture = image::RgbImage::from_fn(1600, 1200, |x, y| {
        let edge = if (x / 90 + y / 70 + n as u32).is_multiple_of(3) { 90 } else { 20 };
        let noise = random.u8(..24);
        image::Rgb([
            edge + noise + (x / 16) as u8,
            edge + noise + (y / 12) as u8,
            60 + noise + (n % 100) as u8,
        ])
    });
    let mut bytes = std::io::Cursor::new(vec![]);
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg)?;
    Ok(rendition(bytes.get_ref(), 480)?)
}

fn letter(n: usize) -> Done<Letter> {
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).ok_or("no day");
    let counts = vec![KindCount { kind: FacilityKind::Station, count: 11 }];
    let (issued, due) = (day(10, 8)?, day(9, 20)?);
    let facts = Facts {
        kind: LetterKind::CampaignReminder,
        about: None,
        terms: None,
        operator: None,
        blocks: vec![],
        left_out: vec![],
        authority: Authority {
            name: "示例区民政局".into(),
            doc_word: "演示函".into(),
            contact: "联系人：示例联系人，联系电话：000-00000000".into(),
            watermark: Some("演示样张".into()),
        },
        street_office_name: format!("示例{n}街道办事处"),
        street_name: format!("示例{n}街道"),
        campaign_name: "2026年第三季度居家社区养老服务设施质量检查".into(),
        inspected_from: Some(day(7, 6)?),
        inspected_to: Some(day(9, 18)?),
        planned: counts.clone(),
        inspected: counts,
        sheets_served: 5,
        indicators: vec![],
        lines: (0..FINDINGS).map(|finding| line(n, finding, due)).collect(),
        carried_over: vec![],
        relapse_months: 12,
        cc: vec![],
        as_of: day(9, 30)?,
        reply_due: day(10, 16)?,
        late_reply: false,
        date: day(9, 30)?,
    };
    Ok(compose(&facts)?.issued(&format!("演示函〔2026〕{}号", n + 1), issued))
}

fn line(letter: usize, n: usize, due: NaiveDate) -> Line {
    let (category, description) = [
        ("消防安全", "疏散通道堆放纸箱、轮椅等杂物，净宽不足"),
        ("食品安全", "留样柜未上锁，当日晚餐留样缺1个品种"),
        ("信息公示", "未公示收费标准和投诉电话"),
        ("服务安全", "无障碍卫生间紧急呼叫按钮失灵"),
    ][n % 4];
    Line {
        finding_id: Uuid::from_u128((letter * FINDINGS + n) as u128),
        finding_number: format!("4401{:05}-2026-{n:04}", letter + 1),
        facility_name: format!("示例{}社区颐康服务站（演示）", n % 7 + 1),
        facility_kind: FacilityKind::Station,
        category: category.into(),
        description: description.into(),
        verified_basis: vec!["《中华人民共和国消防法》第十六条第一款第（二）项".into()],
        original_due: Some(due),
        due_provisional: false,
        due_moved: None,
        state: State::Served,
        overdue: n % 5 == 3,
        repeat: n % 6 == 4,
        photo: Some(PhotoRef { sha256: hash(letter, n) }),
    }
}
