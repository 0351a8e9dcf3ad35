//! Servers on one database: with photos in a folder there is one.

use super::super::app::TestApp;
use super::super::binary::{self, free_address, run, yixun};
use super::super::client;
use super::super::suite::{Suite, both};
use super::super::template::settings;
use chrono::TimeDelta;
use diesel::prelude::*;
use std::sync::Arc;
use yixun::app::App;
use yixun::clock::machine_now;
use yixun::db::Ts;
use yixun::db::schema::node;
use yixun::uploads::nodes;

pub fn register(suite: &mut Suite) {
    both!(suite: a_folder_is_for_one_node, serve_is_refused_beside_another_and_leaves);
}

fn node_called(app: &TestApp, name: &str) -> Arc<App> {
    let mut config = settings(app.folder(), app.database_url()).expect("settings");
    config.node = Some(name.into());
    App::build(config, Arc::new(app.clock.clone())).expect("a node")
}

/// Lets all nodes have been seen so long ago.
fn silent_for(app: &TestApp, seconds: i64) {
    app.write(move |tx| {
        let past = Ts::from(machine_now() - TimeDelta::seconds(seconds));
        diesel::update(node::table).set(node::seen_at.eq(past)).execute(tx.conn())?;
        Ok(())
    });
}

fn a_folder_is_for_one_node(app: &TestApp) {
    let (a, b) = (node_called(app, "a"), node_called(app, "b"));
    nodes::enter(&a).expect("the first");
    nodes::enter(&a).expect("itself again, after a crash");
    let refused = |node: &App| {
        let told = nodes::enter(node).expect_err("refused").for_log();
        assert!(told.contains("YIXUN_STORAGE") && told.contains("节点 a"), "{told}");
    };
    refused(&b);
    silent_for(app, 50);
    refused(&b);
    silent_for(app, 70);
    nodes::enter(&b).expect("the first is dead");
    nodes::leave(&b).expect("it leaves");
    nodes::beat(&a).expect("it lives");
    refused(&b);
    nodes::leave(&a).expect("it leaves");
    nodes::enter(&b).expect("nobody else is there");
    // One that keeps its photos where all see them may not start beside it either, nor it beside such a one.
    app.write(|tx| {
        diesel::update(node::table).set((node::name.eq("a"), node::shared.eq(true))).execute(tx.conn())?;
        Ok(())
    });
    refused(&b);
}

fn serve_is_refused_beside_another_and_leaves(app: &TestApp) {
    let command = || {
        let mut command = yixun(app.folder());
        command.env("DATABASE_URL", app.database_url()).env("YIXUN_DATA_DIR", app.folder());
        command.env("YIXUN_NODE", "b");
        command
    };
    let other = node_called(app, "a");
    nodes::enter(&other).expect("the first");
    let mut refused = command();
    refused.arg("serve").env("YIXUN_LISTEN", free_address().to_string());
    run(&mut refused).refused(&["YIXUN_STORAGE", "节点 a"]);
    nodes::leave(&other).expect("it leaves");
    let metrics = free_address();
    let serving = binary::serve(command().env("YIXUN_METRICS_LISTEN", metrics.to_string()));
    let names = |app: &TestApp| {
        app.read(|conn| Ok(node::table.select(node::name).order(node::name).load::<String>(conn)?))
    };
    assert_eq!(names(app), ["b"]);
    let mut page = client::agent().get(format!("http://{metrics}/metrics")).call().expect("an answer");
    let text = page.body_mut().read_to_string().expect("text");
    assert!(text.contains("yixun_http_requests_total{status=\"2xx\"}"), "{text}");
    let own = client::agent().get(format!("http://{}/metrics", serving.address)).call().expect("an answer");
    assert_eq!(own.status(), 404, "not where the API is");
    assert!(serving.end().success());
    assert!(names(app).is_empty());
}
