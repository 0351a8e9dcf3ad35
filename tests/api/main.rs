//! One test binary for everything that is seen from outside. Read `app` (an application for a test), `people` (who asks)
//! and `build` (what they send), then a file per capability. `suite` says how a test comes to run on both databases,
//! `template` and `cluster` where those come from, `bucket` how there is S3, and `scratch` how everything is cleared away.
//!
//! A new file needs its `mod` line and its line in `register`.

mod app;
mod binary;
mod bucket;
mod build;
mod client;
mod cluster;
mod people;
mod relay;
mod scratch;
mod spec;
mod suite;
mod template;

mod access;
mod amendments;
mod areas;
mod audit;
mod bad_input;
mod calendar;
mod campaigns;
mod compliance;
mod db;
mod deputies;
mod devices;
mod direction;
mod dispatch;
mod escalation;
mod faces;
mod facilities;
mod findings;
mod fire;
mod geometry;
mod golden;
mod handover;
mod import;
mod indicators;
mod inspections;
mod issuers;
mod late;
mod ledgers;
mod letter_files;
mod letter_kinds;
mod letters;
mod notices;
mod offline;
mod openapi;
mod parity;
mod permissions;
mod photos;
mod replies;
mod start;
mod storage;
mod sync;
mod tokens;
mod uploads;

use std::process::ExitCode;
use suite::Suite;

fn register(suite: &mut Suite) {
    access::register(suite);
    tokens::register(suite);
    deputies::register(suite);
    handover::register(suite);
    areas::register(suite);
    facilities::register(suite);
    campaigns::register(suite);
    import::register(suite);
    calendar::register(suite);
    audit::register(suite);
    db::register(suite);
    devices::register(suite);
    offline::register(suite);
    bad_input::register(suite);
    build::register(suite);
    inspections::register(suite);
    late::register(suite);
    amendments::register(suite);
    photos::register(suite);
    uploads::register(suite);
    storage::register(suite);
    faces::register(suite);
    findings::register(suite);
    escalation::register(suite);
    ledgers::register(suite);
    fire::register(suite);
    dispatch::register(suite);
    issuers::register(suite);
    letter_kinds::register(suite);
    letter_files::register(suite);
    indicators::register(suite);
    letters::register(suite);
    replies::register(suite);
    notices::register(suite);
    golden::register(suite);
    geometry::register(suite);
    compliance::register(suite);
    sync::register(suite);
    permissions::register(suite);
    openapi::register(suite);
    parity::register(suite);
    direction::register(suite);
    start::register(suite);
}

fn main() -> ExitCode {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // Most tests wait for sockets and disks rather than compute.
    arguments.test_threads =
        arguments.test_threads.or_else(|| Some(std::thread::available_parallelism().ok()?.get() * 2));
    let mut suite = Suite::default();
    register(&mut suite);
    if cluster::is_required()
        && !arguments.list
        && let Err(why) = cluster::get()
    {
        eprintln!("YIXUN_TEST_REQUIRE=postgres, but no PostgreSQL can be had: {why}");
        scratch::clear();
        return ExitCode::from(2);
    }
    let conclusion = libtest_mimic::run(&arguments, suite.trials);
    template::clear();
    cluster::stop();
    scratch::clear();
    conclusion.exit_code()
}
