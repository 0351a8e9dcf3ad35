//! One direction of dependency (docs/ARCHITECTURE.md): `http → capability → rules + store → db`. This reads every path in
//! `src/` that leads to another module or to a crate with a say here, in `use` lines and in the code, and names each
//! breach by file and line. Comments, strings and unit tests do not count.

use super::suite::{Suite, once};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub fn register(suite: &mut Suite) {
    once!(suite: paths_are_read_well, one_direction);
}

/// What everything rests on.
const FOUNDATION: [&str; 6] = ["canonical", "clock", "fault", "ids", "metrics", "tables"];
/// Storage: knows the foundation only.
const STORAGE: [&str; 2] = ["db", "files"];
/// Serve every capability and know none.
const SERVICES: &[&str] = &["access", "audit", "settings"];
/// Capabilities and their heights: each knows only lower ones.
const CAPABILITIES: &[(&str, u8)] = &[
    ("directory", 0),
    ("calendar", 0),
    ("notices", 1),
    ("checklists", 1),
    ("campaigns", 2),
    ("photos", 2),
    ("projects", 2),
    ("findings", 3),
    ("inspections", 4),
    ("officers", 4),
    ("ledger", 4),
    ("fire", 4),
    ("indicators", 5),
    ("uploads", 5),
    ("compliance", 5),
    ("letters", 6),
    ("escalation", 7),
    ("reports", 7),
    ("replies", 7),
    ("opinions", 7),
    ("sync", 7),
    ("handover", 7),
    ("today", 8),
];
/// What puts the parts together; free to know them, but not the web.
const FRAME: [&str; 6] = ["app", "config", "jobs", "reference", "telemetry", "verify"];
/// The entrances, which may know the web too.
const ENTRANCES: [&str; 4] = ["http", "commands", "demo", "main"];
/// Files without input and output: `now` is an argument, and no database, web or clock is known.
const PURE: &[&str] = &[
    "rules.rs",
    "line.rs",
    "side.rs",
    "draw.rs",
    "attribution.rs",
    "news.rs",
    "texts.rs",
    "standing.rs",
    "compose.rs",
    "checks.rs",
    "names.rs",
    "docx.rs",
    "wording.rs",
    "deadlines.rs",
    "permissions.rs",
    "scope.rs",
    "geo.rs",
    "decimal.rs",
    "catalogue.rs",
    "printed.rs",
    "tables.rs",
    "canonical.rs",
];

/// A path in a file: where it stands and where it leads, from the crate's root or from a crate's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Lead {
    line: usize,
    path: Vec<String>,
}

/// A source file of the crate.
struct Source {
    /// Below `src/`, with `/`.
    name: String,
    leads: Vec<Lead>,
}

fn height(module: &str) -> Option<u8> {
    CAPABILITIES.iter().find(|(name, _)| *name == module).map(|(_, height)| *height)
}

impl Source {
    fn module(&self) -> &str {
        self.name.split('/').next().expect("a name").trim_end_matches(".rs")
    }

    fn file(&self) -> &str {
        self.name.rsplit('/').next().expect("a name")
    }

    /// Why this file may not take this path.
    fn breach(&self, path: &[&str]) -> Option<&'static str> {
        let to = path[0];
        let second = path.get(1).copied().unwrap_or("");
        let module = self.module();
        match to {
            "actix_web" | "actix_rt" if !ENTRANCES.contains(&module) => return Some("only http knows actix"),
            "diesel" | "diesel_migrations" if module == "http" => return Some("http knows no diesel"),
            "db" if module == "http" && second == "schema" => return Some("http knows no tables"),
            _ => {}
        }
        if PURE.contains(&self.file()) {
            match (to, second) {
                ("diesel" | "diesel_migrations" | "tokio" | "tracing", _) => {
                    return Some("a pure file does no I/O");
                }
                ("clock", other) if !matches!(other, "business_date" | "SHANGHAI") => {
                    return Some("a pure file reads no clock");
                }
                ("std", "fs" | "net" | "env" | "process" | "thread" | "time") => {
                    return Some("a pure file does no I/O");
                }
                ("db", other) if other != "types" => return Some("a pure file knows no database"),
                ("app" | "files" | "jobs", _) if path != ["files", "sha256_of"] => {
                    return Some("a pure file does no I/O");
                }
                _ => {}
            }
        }
        self.against_the_layers(to, path)
    }

    fn against_the_layers(&self, to: &str, path: &[&str]) -> Option<&'static str> {
        let from = self.module();
        let ours = [&FOUNDATION[..], &STORAGE, SERVICES, &FRAME, &ENTRANCES].concat();
        if to == from || !(ours.contains(&to) || height(to).is_some()) || ENTRANCES.contains(&from) {
            return None;
        }
        let foundation = FOUNDATION.contains(&to);
        if FOUNDATION.contains(&from) {
            let helper = matches!(path, ["db", "types", ..] | ["files", "sha256_of"]);
            return (!foundation && !helper).then_some("the foundation knows nothing above it");
        }
        let below = foundation || STORAGE.contains(&to);
        if STORAGE.contains(&from) {
            return (!below).then_some("db and files know the foundation only");
        }
        if SERVICES.contains(&from) {
            return (!below && !SERVICES.contains(&to)).then_some("access and audit know no capability");
        }
        match (height(from), height(to)) {
            (Some(from), Some(to)) => (to >= from).then_some("capabilities know each other only downwards"),
            (Some(_), None) => {
                // Settings are plain facts, jobs are enqueued in the caller's transaction, and what jobs run gets the app.
                let jobs = to == "jobs" && path.len() <= 2;
                let allowed = below || SERVICES.contains(&to) || matches!(to, "config" | "app") || jobs;
                (!allowed).then_some("a capability knows no front door")
            }
            (None, _) => ENTRANCES.contains(&to).then_some("nothing below the web knows it"),
        }
    }
}

/// The code without comments, strings and unit tests; lines stay where they are.
fn bare(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    let keep_lines = |piece: &str| piece.chars().filter(|c| *c == '\n').collect::<String>();
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            'r' if rest.starts_with("r#\"") => rest[3..].find("\"#").map_or(rest.len(), |at| at + 5),
            '"' => string_end(rest),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\") => rest[2..].find('\'').map_or(rest.len(), |at| at + 3),
            _ => 0,
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.push_str(&keep_lines(&rest[..skipped]));
            out.push(' ');
            rest = &rest[skipped..];
        }
    }
    out
}

fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The words and signs of bare code, each with its line.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let (mut found, mut line, mut word) = (vec![], 1, String::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            found.push((line, std::mem::take(&mut word)));
        }
        match c {
            '\n' => line += 1,
            ':' if chars.peek() == Some(&':') => {
                chars.next();
                found.push((line, "::".into()));
            }
            c if !c.is_whitespace() => found.push((line, c.to_string())),
            _ => {}
        }
    }
    found
}

/// All paths of bare code: `a::b::{c, d::e}` gives `a::b::c` and `a::b::d::e`.
fn paths(tokens: &[(usize, String)]) -> Vec<Lead> {
    let mut found = vec![];
    let mut at = 0;
    while at < tokens.len() {
        let starts = is_word(&tokens[at].1) && (at == 0 || tokens[at - 1].1 != "::");
        let joined = tokens.get(at + 1).is_some_and(|t| t.1 == "::");
        if starts && joined {
            at = read_path(tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

/// Reads one path from `at`; gives the place behind it.
fn read_path(tokens: &[(usize, String)], mut at: usize, before: &[String], found: &mut Vec<Lead>) -> usize {
    let mut path = before.to_vec();
    let line = tokens[at].0;
    loop {
        match tokens.get(at).map(|t| t.1.as_str()) {
            Some("{") => {
                at += 1;
                while let Some((_, token)) = tokens.get(at) {
                    match token.as_str() {
                        "}" => return at + 1,
                        word if is_word(word) => at = read_path(tokens, at, &path, found),
                        _ => at += 1,
                    }
                }
                return at;
            }
            Some(word) if is_word(word) => path.push(word.to_string()),
            _ => {} // `*` and generics end a path
        }
        let more =
            tokens.get(at).is_some_and(|t| is_word(&t.1)) && tokens.get(at + 1).is_some_and(|t| t.1 == "::");
        if !more {
            found.push(Lead { line, path });
            return at + 1;
        }
        at += 2;
    }
}

/// A path from the crate's root: `crate`, `self` and `super` resolved.
fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let mut base: Vec<String> = match path[0].as_str() {
        "crate" => vec![],
        "self" | "super" => module.to_vec(),
        _ => return path.to_vec(),
    };
    let mut rest = path;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    base
}

fn module_of(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_string).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        parts.pop();
    }
    parts
}

fn read(name: &str, text: &str) -> Source {
    let module = module_of(name);
    let resolve = |lead: Lead| Lead { path: absolute(&module, &lead.path), ..lead };
    let leads =
        paths(&tokens(&bare(text))).into_iter().map(resolve).filter(|lead| !lead.path.is_empty()).collect();
    Source { name: name.into(), leads }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn breaches(source: &Source) -> Vec<String> {
    let told: BTreeSet<(usize, String)> = source
        .leads
        .iter()
        .filter_map(|lead| {
            let path: Vec<&str> = lead.path.iter().map(String::as_str).collect();
            let why = source.breach(&path)?;
            Some((lead.line, format!("src/{}:{}: {}: {why}", source.name, lead.line, path.join("::"))))
        })
        .collect();
    told.into_iter().map(|(_, text)| text).collect()
}

fn one_direction() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = vec![];
    sources(root, &mut files);
    assert!(files.len() > 40);
    let mut found = vec![];
    for file in files {
        let name = file.strip_prefix(root).expect("below src").to_string_lossy().replace('\\', "/");
        let module = name.split('/').next().expect("a name").trim_end_matches(".rs").to_string();
        let known = [&FOUNDATION[..], &STORAGE, SERVICES, &FRAME, &ENTRANCES, &["lib"]].concat();
        let placed = known.contains(&module.as_str()) || height(&module).is_some();
        assert!(placed, "src/{name}: {module} has no place in tests/api/direction.rs");
        found.extend(breaches(&read(&name, &std::fs::read_to_string(&file).expect("a file"))));
    }
    assert!(found.is_empty(), "breaches of the one direction:\n{}", found.join("\n"));
}

/// The reader itself: it would be worthless if it overlooked things.
fn paths_are_read_well() {
    let all = |name: &str, text: &str| breaches(&read(name, text)).join("\n");
    for (name, text, line) in [
        ("http/x.rs", "//! doc\nuse diesel::prelude::*;\n", Some(2)),
        ("http/x.rs", "use crate::{fault::Fault,\n  db::schema};\n", Some(2)),
        ("http/x.rs", "use crate::db::{\n    AnyConn,\n    schema::{area, facility},\n};\n", Some(3)),
        ("findings/rules.rs", "fn f() {\n  let t = crate::clock::machine_now();\n}\n", Some(2)),
        ("findings/rules.rs", "use crate::clock::{SHANGHAI, business_date};\n", None),
        ("findings/rules.rs", "use std::time::SystemTime;\n", Some(1)),
        ("findings/deadlines.rs", "use super::store::Row;\nuse crate::db::AnyConn;\n", Some(2)),
        ("letters/compose.rs", "use diesel::QueryDsl as _;", Some(1)),
        ("findings/store.rs", "use actix_web::web;", Some(1)),
        ("findings/mod.rs", "use crate::inspections::submit;", Some(1)),
        ("inspections/mod.rs", "use crate::findings::{open_for, OpenFinding};", None),
        ("directory/mod.rs", "fn f() { super::campaigns::list(); }", Some(1)),
        ("campaigns/store.rs", "use super::super::letters::x;", Some(1)),
        ("access/users.rs", "use crate::directory::areas;", Some(1)),
        ("db/write.rs", "use crate::access::Role;", Some(1)),
        ("letters/steps.rs", "use crate::jobs::{RenderLetter, enqueue};", None),
        ("letters/steps.rs", "use crate::jobs::queue::claim;", Some(1)),
        ("letters/steps.rs", "use crate::http::problem::Problem;", Some(1)),
        ("jobs/registry.rs", "use crate::letters::render;\nuse crate::http::server;", Some(2)),
        ("http/x.rs", "// use diesel::x;\n/* use diesel::y; */ const A: &str = \"diesel::z\";", None),
        ("http/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n use diesel::x;\n}", None),
    ] {
        let told = all(name, text);
        match line {
            None => assert_eq!(told, "", "{name}: {text}"),
            Some(line) => {
                assert!(told.starts_with(&format!("src/{name}:{line}: ")), "{name}: {text}: {told:?}")
            }
        }
    }
}
