//! What concerns persons in the feed: visits that wait for the phone's owner, and the inspectors around them.

use super::super::present::inspectors::circle;
use super::*;
use crate::inspections::rules::{confirm_until, confirmable_since};

/// The visits that the phone may have as waiting and for which the time is over by now: no row of change says so.
pub fn no_longer_waiting(conn: &mut AnyConn, viewer: &Viewer, before: &Token) -> Outcome<Vec<VisitId>> {
    let waited = store::unconfirmed(conn, viewer.user, confirmable_since(before.at))?;
    let over = waited.into_iter().filter(|(_, received)| confirm_until(*received) < viewer.now);
    let ids: Vec<VisitId> = over.map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(ids);
    }
    Ok(store::inspected_by_others(conn, viewer.user, &ids)?.into_iter().collect())
}

impl Look<'_> {
    /// Visits that were joined or confirmed, for which the time is over, or that came into reach or left it.
    pub(super) fn at_visits(&mut self, rows: &[Row], waited: &[VisitId], moved: bool) -> Outcome<()> {
        let changed: BTreeMap<VisitId, i64> = positions(rows, "visit");
        let mut ids: BTreeSet<VisitId> = changed.keys().copied().collect();
        if moved {
            let waiting =
                store::unconfirmed(self.conn, self.viewer.user, confirmable_since(self.viewer.now))?;
            ids.extend(waiting.into_iter().map(|(id, _)| id));
        }
        let ids: Vec<VisitId> = ids.into_iter().collect();
        for id in store::inspected_by_others(self.conn, self.viewer.user, &ids)? {
            self.mark(Kind::Visit, id.0, changed.get(&id).copied().unwrap_or(0), true);
        }
        for id in waited {
            self.mark(Kind::Visit, id.0, 0, true);
        }
        Ok(())
    }

    /// Inspectors come and go with their accounts and grants, with days and with the reach; and one of a single facility with
    /// that.
    pub(super) fn at_inspectors(&mut self, rows: &[Row], before: &Token, moved: bool) -> Outcome<()> {
        let inspects = before.inspects || self.viewer.inspects;
        let touched = rows.iter().any(|row| row.kind == "user" || row.kind == "facility");
        if !inspects || !(touched || moved || before.day() != self.viewer.on()) {
            return Ok(());
        }
        let changed: BTreeMap<UserId, i64> = positions(rows, "user");
        let (then, today) = ((before.inspects, &self.was_places), (self.viewer.inspects, &self.now));
        let was = circle(self.conn, self.tree, self.viewer.user, then, before.day())?;
        let now = circle(self.conn, self.tree, self.viewer.user, today, self.viewer.on())?;
        let user = self.viewer.user;
        for person in store::inspectors(self.conn)?.into_iter().filter(|p| p.id != user) {
            let at = person.grants.iter().filter_map(|g| self.marks.get(&(Kind::Facility, g.facility?.0)));
            let (moves, from_here) = at.fold((None, false), |(last, had), mark| {
                (last.max(Some(mark.position)), had | (mark.had && before.inspects))
            });
            let (had, has) = (was.holds(&person), now.holds(&person));
            match changed.get(&person.id).copied().max(moves) {
                Some(position) => {
                    let had = from_here || was.may_have_held(&person);
                    self.mark(Kind::Inspector, person.id.0, position, had);
                }
                None if had != has => self.mark(Kind::Inspector, person.id.0, 0, had),
                None => {}
            }
        }
        Ok(())
    }
}
