//! The list of tests. A behaviour test runs twice, as `name::sqlite` and `name::postgres`, each on a fresh database;
//! where no PostgreSQL can be had the second shows as ignored with the reason. What has to do with files runs on each file
//! store too, as `name::sqlite::folder`, `name::sqlite::s3` and so on.

use super::app::TestApp;
use super::{bucket, cluster};
use libtest_mimic::{Completion, Failed, Trial};
use yixun::db::connection::Kind;
use yixun::files::Storage;

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

fn on(kind: Kind, storage: Option<Storage>, body: fn(&TestApp)) -> Result<(), Failed> {
    let app = TestApp::start(kind, storage)?;
    body(&app);
    Ok(())
}

impl Suite {
    /// A test of behaviour, on each database.
    pub fn both(&mut self, name: &str, body: fn(&TestApp)) {
        self.behaviour(shown(name), "", || None, body);
    }

    /// A test of behaviour, on each database with each file store.
    pub fn stores(&mut self, name: &str, body: fn(&TestApp)) {
        self.behaviour(shown(name), "::folder", || None, body);
        self.behaviour(shown(name), "::s3", || Some(bucket::fresh()), body);
    }

    fn behaviour(&mut self, name: &str, store: &str, storage: fn() -> Option<Storage>, body: fn(&TestApp)) {
        let sqlite = move || on(Kind::Sqlite, storage(), body);
        self.trials.push(Trial::test(format!("{name}::sqlite{store}"), sqlite));
        let postgres = move || with_postgres(|| on(Kind::Postgres, storage(), body));
        self.trials.push(Trial::ignorable_test(format!("{name}::postgres{store}"), postgres));
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

/// As [`both`], for tests that run on each file store too.
macro_rules! stores {
    ($suite:ident: $($test:ident),+ $(,)?) => {
        $($suite.stores(concat!(module_path!(), "::", stringify!($test)), $test);)+
    };
}
pub(crate) use stores;

/// As [`both`], for tests that run once.
macro_rules! once {
    ($suite:ident: $($test:ident),+ $(,)?) => {
        $($suite.once(concat!(module_path!(), "::", stringify!($test)), $test);)+
    };
}
pub(crate) use once;
