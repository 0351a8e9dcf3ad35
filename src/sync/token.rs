//! The token of the feed: the position up to which a phone has seen it, the time and the reach of that answer. Opaque to
//! phones and authenticated, so that nobody can claim to have had a reach: a lost one is answered with the ids of what
//! lay in it. The epoch of the installation and the account go into the authentication alone: a token of another epoch
//! or another person does not open. PURE.

use crate::access::keys::SigningKey;
use crate::clock::business_date;
use crate::ids::UserId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate, Utc};

/// Format of what a token holds; another one does not open.
const FORMAT: u8 = 2;
/// Bytes of the authentication.
const TAG: usize = 16;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Every change up to here has been told.
    pub position: i64,
    /// The business time of the answer, to the microsecond.
    pub at: DateTime<Utc>,
    /// Its owner was an inspector.
    pub inspects: bool,
    /// The reach of the answer, as [`super::reach::carried`] gives it.
    pub carried: Vec<u8>,
}

impl Token {
    /// The business day of the answer.
    pub fn day(&self) -> NaiveDate {
        business_date(self.at)
    }
}

/// Closes and opens tokens of one person on one installation.
pub struct Seal<'a> {
    /// The first closes, all open.
    pub keys: &'a [SigningKey],
    /// The epoch of the installation.
    pub epoch: String,
    /// The person.
    pub user: UserId,
}

impl Seal<'_> {
    /// The text for the phone.
    pub fn close(&self, token: &Token) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend(token.position.to_be_bytes());
        bytes.extend(token.at.timestamp_micros().to_be_bytes());
        bytes.push(token.inspects.into());
        bytes.extend(&token.carried);
        let tag = self.keys.first().map(|key| key.feed_tag(&self.message(&bytes)));
        bytes.extend(tag.unwrap_or_default());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text says, if it was closed by one of our keys for this person in this epoch.
    pub fn open(&self, text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        let message = self.message(said);
        if !self.keys.iter().any(|key| key.feed_tag_is(&message, tag)) {
            return None;
        }
        let (format, rest) = said.split_first()?;
        let (position, rest) = rest.split_first_chunk::<8>()?;
        let (at, rest) = rest.split_first_chunk::<8>()?;
        let (inspects, carried) = rest.split_first()?;
        (*format == FORMAT).then_some(Token {
            position: i64::from_be_bytes(*position),
            at: DateTime::from_timestamp_micros(i64::from_be_bytes(*at))?,
            inspects: *inspects != 0,
            carried: carried.to_vec(),
        })
    }

    /// The epoch has a fixed length, so that nothing can be moved from one part into the next.
    fn message(&self, said: &[u8]) -> Vec<u8> {
        [self.epoch.as_bytes(), self.user.0.as_bytes(), said].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{TypedId, new_uuid};
    use chrono::DateTime;

    fn user(n: i64) -> UserId {
        UserId::from_uuid(new_uuid(DateTime::from_timestamp(n, 0).unwrap()))
    }

    fn token() -> Token {
        let at = DateTime::from_timestamp_micros(1_785_722_400_000_001).unwrap();
        Token { position: 4711, at, inspects: true, carried: vec![1, 2, 3] }
    }

    #[test]
    fn a_token_opens_only_where_it_was_closed() {
        let keys = [SigningKey::ephemeral().unwrap(), SigningKey::ephemeral().unwrap()];
        let (a, b) = (user(1), user(2));
        let seal = |keys, epoch: &str, user| Seal { keys, epoch: epoch.into(), user };
        let text = seal(&keys[..], "e1", a).close(&token());
        assert_eq!(seal(&keys[..], "e1", a).open(&text), Some(token()));
        assert_eq!(seal(&keys[..], "e2", a).open(&text), None, "another epoch");
        assert_eq!(seal(&keys[..], "e1", b).open(&text), None, "another person");
        assert_eq!(seal(&keys[1..], "e1", a).open(&text), None, "a key that was taken away");
        let rotated = seal(&keys[1..], "e1", a).close(&token());
        assert_eq!(seal(&keys[..], "e1", a).open(&rotated), Some(token()), "all keys open");
    }

    #[test]
    fn nothing_in_a_token_can_be_changed() {
        let keys = [SigningKey::ephemeral().unwrap()];
        let seal = Seal { keys: &keys, epoch: "e".into(), user: user(1) };
        let bytes = URL_SAFE_NO_PAD.decode(seal.close(&token())).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1;
            assert_eq!(seal.open(&URL_SAFE_NO_PAD.encode(forged)), None, "byte {place}");
        }
        for length in 0..bytes.len() {
            assert_eq!(seal.open(&URL_SAFE_NO_PAD.encode(&bytes[..length])), None);
        }
        assert_eq!(seal.open("not a token"), None);
    }
}
