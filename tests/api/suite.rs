//! The list of tests. A behaviour test runs twice, as `name::sqlite` and `name::postgres`, each on a fresh database;
//! where no PostgreSQL can be had the second shows as ignored with the reason.

use super::app::TestApp;
use super::cluster;
use libtest_mimic::{Completion, Failed, Trial};
use yixun::db::connection::Kind;

/// All tests.
#[derive(Default)]
pub struct Suite {
    /// In the order of their registration.
    pub trials: Vec<Trial>,
}

fn shown(name: &str) -> &str {
    name.split_once("::").map_or(name, |(_, rest)| rest)
}

fn with_postgres(body: impl FnOnce() -> Result<(), Failed>) -> Result<Completion, Failed> {
    match cluster::get() {
        Ok(_) => body().map(|()| Completion::Completed),
        Err(why) if cluster::is_required() => Err(why.into()),
        Err(why) => Ok(Completion::ignored_with(why)),
    }
}

fn on(kind: Kind, body: fn(&TestApp)) -> Result<(), Failed> {
    let app = TestApp::start(kind)?;
    body(&app);
    Ok(())
}

impl Suite {
    /// A test of behaviour, on each database.
    pub fn both(&mut self, name: &str, body: fn(&TestApp)) {
        let name = shown(name);
        self.trials.push(Trial::test(format!("{name}::sqlite"), move || on(Kind::Sqlite, body)));
        let postgres = move || with_postgres(|| on(Kind::Postgres, body));
        self.trials.push(Trial::ignorable_test(format!("{name}::postgres"), postgres));
    }

    /// A test that needs no database of ours, or makes its own on SQLite.
    pub fn once(&mut self, name: &str, body: fn()) {
        let run = move || {
            body();
            Ok(())
        };
        self.trials.push(Trial::test(shown(name), run));
    }

    /// A test that compares the two databases.
    pub fn compared(&mut self, name: &str, body: fn()) {
        let run = move || {
            with_postgres(|| {
                body();
                Ok(())
            })
        };
        self.trials.push(Trial::ignorable_test(format!("{}::postgres", shown(name)), run));
    }
}

/// Registers functions by their names: `both!(suite: one, another);`
macro_rules! both {
    ($suite:ident: $($test:ident),+ $(,)?) => {
        $($suite.both(concat!(module_path!(), "::", stringify!($test)), $test);)+
    };
}
pub(crate) use both;

/// As [`both`], for tests that run once.
macro_rules! once {
    ($suite:ident: $($test:ident),+ $(,)?) => {
        $($suite.once(concat!(module_path!(), "::", stringify!($test)), $test);)+
    };
}
pub(crate) use once;
