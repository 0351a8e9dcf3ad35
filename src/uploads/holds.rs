//! One request at a time works on an upload. A phone that lost its connection comes back while the server still waits for
//! the dead one: so whoever comes asks the holder to leave, waits a little, and only then is refused.

use crate::fault::{Fault, Outcome};
use crate::ids::UploadId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, watch};

/// How long the holder has to write down what it has and leave. Completing a photo may take so long too.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct Place {
    turn: Arc<Turn<()>>,
    /// The number of the newest request.
    newest: watch::Sender<u64>,
}

/// Who works on which upload, in this process.
#[derive(Debug, Default)]
pub struct Holds(Mutex<HashMap<UploadId, Weak<Place>>>);

/// The right to work on an upload, until dropped.
#[derive(Debug)]
pub struct Hold {
    number: u64,
    newest: watch::Receiver<u64>,
    _turn: OwnedMutexGuard<()>,
    _place: Arc<Place>,
}

impl Holds {
    fn place(&self, id: UploadId) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&id).and_then(Weak::upgrade) {
            return place;
        }
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::new(Place { turn: Arc::default(), newest: watch::Sender::new(0) });
        places.insert(id, Arc::downgrade(&place));
        place
    }

    /// Takes an upload; its holder is asked to leave.
    ///
    /// # Errors
    /// `upload_locked` when it does not.
    pub async fn take(&self, id: UploadId) -> Outcome<Hold> {
        self.take_within(id, PATIENCE).await
    }

    async fn take_within(&self, id: UploadId, patience: Duration) -> Outcome<Hold> {
        let place = self.place(id);
        let mut number = 0;
        place.newest.send_modify(|newest| {
            *newest += 1;
            number = *newest;
        });
        let newest = place.newest.subscribe();
        let turn = tokio::time::timeout(patience, place.turn.clone().lock_owned()).await;
        turn.map(|turn| Hold { number, newest, _turn: turn, _place: place }).map_err(|_| locked())
    }

    /// Takes an upload that nobody works on.
    pub fn try_take(&self, id: UploadId) -> Option<Hold> {
        let place = self.place(id);
        let turn = place.turn.clone().try_lock_owned().ok()?;
        let newest = place.newest.subscribe();
        let number = *newest.borrow();
        Some(Hold { number, newest, _turn: turn, _place: place })
    }
}

impl Hold {
    /// Waits until a newer request has come.
    pub async fn asked_to_leave(&mut self) {
        let number = self.number;
        // The sender lives as long as we hold the place.
        let _never_closed = self.newest.wait_for(|newest| *newest > number).await;
    }
}

/// Another request works on the upload.
pub fn locked() -> Fault {
    Fault::refused("upload_locked", "该上传正由另一请求处理，请稍后再试")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::machine_now;
    use crate::ids::{TypedId as _, new_uuid};

    fn run(work: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
    }

    #[test]
    fn the_newer_sends_the_older_away() {
        run(async {
            let (holds, id) = (Holds::default(), UploadId::from_uuid(new_uuid(machine_now())));
            let mut first = holds.take(id).await.unwrap();
            let leaves = async move {
                first.asked_to_leave().await;
                drop(first);
            };
            let (second, ()) = tokio::join!(holds.take(id), leaves);
            let other = UploadId::from_uuid(new_uuid(machine_now()));
            assert!(holds.try_take(id).is_none() && holds.try_take(other).is_some());
            drop(second.unwrap());
            assert!(holds.try_take(id).is_some());
        });
    }

    #[test]
    fn who_does_not_leave_keeps_it() {
        run(async {
            let (holds, id) = (Holds::default(), UploadId::from_uuid(new_uuid(machine_now())));
            let _first = holds.take(id).await.unwrap();
            let fault = holds.take_within(id, Duration::ZERO).await.unwrap_err();
            assert!(matches!(fault, Fault::Refused { code, .. } if code == "upload_locked"));
        });
    }

    #[test]
    fn places_that_nobody_holds_are_forgotten() {
        run(async {
            let holds = Holds::default();
            for _ in 0..100 {
                drop(holds.take(UploadId::from_uuid(new_uuid(machine_now()))).await.unwrap());
            }
            assert_eq!(holds.0.lock().unwrap().len(), 1);
        });
    }
}
