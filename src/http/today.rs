//! What waits for oneself today.

use super::answer::{Found, Tagged};
use super::caller::Allowed;
use super::problem::Answer;
use crate::access::permissions::may;
use crate::today::{self, Today};

impl Tagged for Today {}

pub async fn today(caller: Allowed<may::ReadToday>) -> Answer<Found<Today>> {
    let (holder, now) = (caller.holder(), caller.now);
    Ok(Found(caller.read(move |conn| today::today(conn, &holder, now)).await?))
}
