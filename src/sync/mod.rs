//! What a phone needs without a network, as a feed. A phone asks with the token of its last answer and gets what has
//! changed since: every thing once, in its present state, in the order of the last change of each (`db::sequencer`);
//! what is settled, ended or out of reach now comes as a tombstone. Without a token, or with one that says nothing here,
//! it gets everything that is within its reach, and replaces what it had.
//!
//! Three facts make it right. The head of the feed and all states are read from one snapshot, and the token says that
//! head: a state may be newer, and then it comes again; it is never older. A writer that commits later gets a later
//! position, however long it had been at work. And a token carries the time and the reach that it was given for (`reach`),
//! so that what came or went without any row of change, by a grant that ended or a day that passed, is found by comparing.
//!
//! A further kind of thing takes a variant of [`Kind`] with its field in `view`, a loader in `present` and a line in `delta`.
//!
//! `token` seals and opens tokens, `reach` says how a reach is carried and compared, `areas` knows the tree of areas, `circle`
//! which inspectors a phone is told of (all four pure); `delta` finds what to look at, `present` loads it, `store` holds the queries, `view` what phones see.

mod areas;
mod circle;
mod delta;
mod present;
mod reach;
mod store;
mod token;
mod view;

pub use store::renew_epoch;
pub use view::{
    Assignment, CalendarDay, CalendarYear, Feed, Kind, ShownPhoto, SyncArea, SyncCalendar, SyncCampaign,
    SyncChange, SyncFacility, SyncFinding, SyncInspection, SyncInspector, SyncVisit, VisitedFacility,
};

use crate::access::keys::SigningKey;
use crate::access::{Places, Scope};
use crate::clock::business_date;
use crate::db::AnyConn;
use crate::fault::Outcome;
use crate::ids::UserId;
use chrono::{DateTime, NaiveDate, Utc};
use token::{Seal, Token};

/// Rows of change that one answer looks at.
pub const PAGE: usize = 2000;

/// Positions behind the head after which a phone that has nothing to fetch is given a new token all the same, so that the
/// next look is short again.
const STALE: i64 = 10_000;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The account.
    pub user: UserId,
    /// Where the permission reaches.
    pub scope: Scope,
    /// They are an inspector: whoever else has the permission names no inspectors and is told of none.
    pub inspects: bool,
    /// Business time.
    pub now: DateTime<Utc>,
}

impl Viewer {
    fn places(&self) -> Places {
        self.scope.places()
    }

    fn on(&self) -> NaiveDate {
        business_date(self.now)
    }
}

/// What has changed for a phone since its last token, or everything.
///
/// # Errors
/// The database's. A token that cannot be used is no error: the answer is everything.
pub fn feed(conn: &mut AnyConn, keys: &[SigningKey], viewer: &Viewer, since: Option<&str>) -> Outcome<Feed> {
    let seal = Seal { keys, epoch: store::epoch(conn)?, user: viewer.user };
    let head = store::head(conn)?;
    let carried = reach::carried(&viewer.scope);
    // A position beyond the head was given out before a restore.
    let before = since.and_then(|text| seal.open(text)).filter(|token| token.position <= head);
    let found = match &before {
        Some(before) => delta::since(conn, viewer, before, &carried, head)?,
        None => None,
    };
    let (reset, more, position, changes) = match found {
        Some(found) => (false, found.more, found.upto, found.changes),
        None => (true, false, head, present::everything(conn, viewer)?),
    };
    let token = Token { position, at: viewer.now, inspects: viewer.inspects, carried };
    let as_before = before.is_some_and(|b| {
        let alike = (b.day(), b.inspects, &b.carried) == (token.day(), token.inspects, &token.carried);
        alike && token.position - b.position <= STALE
    });
    let unchanged = !reset && !more && changes.is_empty() && as_before;
    Ok(Feed { token: seal.close(&token), reset, more, changes, unchanged })
}
