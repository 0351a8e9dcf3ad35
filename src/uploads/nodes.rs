//! Which servers are running on this database. Folder storage is for one server alone: another would not find the photos
//! that lie in it, so it is refused at its start. A server says every few seconds that it lives, in machine time.

use crate::app::App;
use crate::clock::machine_now;
use crate::db::connection::each;
use crate::db::schema::node;
use crate::db::{AnyConn, Stamp, Ts, Tx};
use crate::fault::{Fault, Outcome};
use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use std::time::Duration;

/// How often a server says that it lives.
pub const BEAT: Duration = Duration::from_secs(20);
/// A server that has said nothing for so long is dead.
const SILENCE: TimeDelta = TimeDelta::seconds(60);

/// Enters this server among those that are running.
///
/// # Errors
/// `not_beside` with what to do, while another lives and one of the two keeps its photos in a folder.
pub fn enter(app: &App) -> Outcome<()> {
    let (name, shared) = (app.uploads.node().to_string(), app.files.is_shared());
    app.db.write_now(Stamp::system("node", app.clock.now()), "node.enter", move |tx| {
        let others = others_alive(tx.conn(), &name)?;
        if let Some(detail) = conflict(shared, &others) {
            return Err(Fault::refused("not_beside", detail));
        }
        tx.audit("node", &name, json!({ "shared": shared }));
        seen(tx, &name, shared)
    })
}

/// Why a server may not start beside these.
fn conflict(shared: bool, others: &[(String, bool)]) -> Option<String> {
    let (name, _) = others.iter().find(|(_, other_shared)| !shared || !other_shared)?;
    let whose = if shared { "该节点" } else { "本节点" };
    Some(format!(
        "设置 YIXUN_STORAGE：节点 {name} 正在同一数据库上运行，而{whose}把照片存放在自己的文件夹中，其他节点读不到。\
         多个节点须都使用 s3:// 存储；只用一个节点时，请先停止 {name}（异常退出的须等 60 秒）"
    ))
}

/// Says that this server lives.
///
/// # Errors
/// The database's.
pub fn beat(app: &App) -> Outcome<()> {
    let (name, shared) = (app.uploads.node().to_string(), app.files.is_shared());
    app.db.write_now(Stamp::system("node", app.clock.now()), "node.beat", move |tx| {
        tx.housekeeping();
        seen(tx, &name, shared)
    })
}

/// Takes this server out: the next may start at once.
///
/// # Errors
/// The database's.
pub fn leave(app: &App) -> Outcome<()> {
    let name = app.uploads.node().to_string();
    app.db.write_now(Stamp::system("node", app.clock.now()), "node.leave", move |tx| {
        tx.audit("node", &name, json!({}));
        diesel::delete(node::table.find(&name)).execute(tx.conn())?;
        Ok(())
    })
}

fn others_alive(conn: &mut AnyConn, name: &str) -> Outcome<Vec<(String, bool)>> {
    let alive = node::table
        .filter(node::name.ne(name))
        .filter(node::seen_at.gt(Ts::from(machine_now() - SILENCE)))
        .order(node::name)
        .select((node::name, node::shared));
    Ok(alive.load(conn)?)
}

fn seen(tx: &mut Tx<'_>, name: &str, shared: bool) -> Outcome<()> {
    let now = Ts::from(machine_now());
    let row = (node::name.eq(name), node::shared.eq(shared), node::seen_at.eq(now));
    each!(tx.conn(), c => diesel::insert_into(node::table)
        .values(row)
        .on_conflict(node::name)
        .do_update()
        .set((node::shared.eq(shared), node::seen_at.eq(now)))
        .execute(c))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_alone() {
        let other = |shared| [("b".to_string(), shared)];
        assert_eq!(conflict(false, &[]), None);
        assert_eq!(conflict(true, &other(true)), None);
        for (own, others) in [(false, false), (false, true), (true, false)] {
            let told = conflict(own, &other(others)).unwrap();
            assert!(told.contains("YIXUN_STORAGE") && told.contains("节点 b"), "{told}");
        }
    }
}
