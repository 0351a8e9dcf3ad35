//! Access tokens: JWT (RFC 7519, RFC 9068 `at+jwt`), EdDSA and nothing else, 15 minutes of machine time. Expiry is
//! checked here, against machine time, because business time may be simulated. Refresh tokens are 256 random bits,
//! stored as SHA-256 only.

use super::keys::SigningKey;
use crate::db::sequencer::hex;
use crate::fault::{Fault, Outcome};
use crate::ids::{SessionId, UserId};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

/// Life of an access token, in seconds.
pub const ACCESS_SECONDS: i64 = 15 * 60;
/// Tolerated clock difference between nodes, in seconds.
const LEEWAY: i64 = 30;
const ISSUER: &str = "yixun";
const AUDIENCE: &str = "yixun-api";
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    iss: String,
    aud: String,
    /// The account.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// The account's token version; an older one is worthless.
    pub tv: i32,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// A signed access token.
///
/// # Errors
/// [`Fault::Internal`] when signing fails.
pub fn issue(key: &SigningKey, sub: UserId, sid: SessionId, tv: i32, now: DateTime<Utc>) -> Outcome<String> {
    let iat = now.timestamp();
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub,
        sid,
        tv,
        iat,
        nbf: iat,
        exp: iat + ACCESS_SECONDS,
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.into());
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(Fault::internal)
}

/// The claims of a token that one of `keys` signed and that is valid at `now` (machine time).
///
/// # Errors
/// `bad_token`, or `token_expired` when only its time is over.
pub fn verify(keys: &[SigningKey], token: &str, now: DateTime<Utc>) -> Outcome<Claims> {
    let bad = || Fault::Unauthenticated {
        code: "bad_token".into(),
        detail: "登录凭证无效，请重新登录".into(),
    };
    let header = jsonwebtoken::decode_header(token).map_err(|_| bad())?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
        return Err(bad());
    }
    let key = keys.iter().find(|k| Some(&k.kid) == header.kid.as_ref()).ok_or_else(bad)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false; // reads the system's clock; checked below
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).map_err(|_| bad())?.claims;
    let at = now.timestamp();
    if claims.nbf > at + LEEWAY || claims.iat > at + LEEWAY || claims.exp - claims.iat > ACCESS_SECONDS {
        return Err(bad());
    }
    if claims.exp + LEEWAY <= at {
        let detail = "登录凭证已过期，请刷新".into();
        return Err(Fault::Unauthenticated { code: "token_expired".into(), detail });
    }
    Ok(claims)
}

/// A new refresh token.
///
/// # Errors
/// [`Fault::Internal`] when no randomness is to be had.
pub fn new_refresh() -> Outcome<String> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::internal("no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The one successor of a refresh token: the same whenever asked, so that an answer lost on the way can be repeated
/// although only hashes are stored.
pub fn successor(key: &SigningKey, refresh: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&key.refresh, refresh.as_bytes()).as_ref())
}

/// What is stored of a refresh token.
pub fn fingerprint(refresh: &str) -> String {
    hex(digest(&SHA256, refresh.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{TypedId, new_uuid};
    use chrono::Duration;

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn token(key: &SigningKey) -> String {
        let id = new_uuid(at());
        issue(key, UserId::from_uuid(id), SessionId::from_uuid(id), 3, at()).unwrap()
    }

    #[test]
    fn s04_a_token_lives_fifteen_minutes() {
        let keys = [SigningKey::ephemeral().unwrap()];
        let token = token(&keys[0]);
        assert_eq!(verify(&keys, &token, at() + Duration::seconds(899)).unwrap().tv, 3);
        let late = verify(&keys, &token, at() + Duration::seconds(ACCESS_SECONDS + LEEWAY)).unwrap_err();
        assert!(matches!(late, Fault::Unauthenticated { code, .. } if code == "token_expired"));
        assert!(verify(&keys, &token, at() - Duration::minutes(5)).is_err());
    }

    #[test]
    fn s01_s02_only_our_algorithm_and_our_keys() {
        let keys = [SigningKey::ephemeral().unwrap()];
        let other = SigningKey::ephemeral().unwrap();
        assert!(verify(&keys, &token(&other), at()).is_err());
        let good = token(&keys[0]);
        let parts: Vec<&str> = good.split('.').collect();
        for header in
            [r#"{"alg":"none"}"#, r#"{"alg":"HS256","typ":"at+jwt"}"#, r#"{"alg":"nOnE","typ":"at+jwt"}"#]
        {
            let forged = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), parts[1]);
            assert!(verify(&keys, &forged, at()).is_err(), "{header}");
        }
        let mut wrong = Header::new(Algorithm::EdDSA);
        wrong.kid = Some(keys[0].kid.clone()); // typ stays "JWT"
        let claims = verify(&keys, &good, at()).unwrap();
        let untyped = jsonwebtoken::encode(&wrong, &claims, &keys[0].encoding).unwrap();
        assert!(verify(&keys, &untyped, at()).is_err());
    }

    #[test]
    fn s06_two_keys_by_kid() {
        let keys = [SigningKey::ephemeral().unwrap(), SigningKey::ephemeral().unwrap()];
        assert!(verify(&keys, &token(&keys[1]), at()).is_ok());
    }

    #[test]
    fn a_refresh_token_has_one_successor() {
        let key = SigningKey::ephemeral().unwrap();
        let first = new_refresh().unwrap();
        assert_eq!(successor(&key, &first), successor(&key, &first));
        assert_ne!(successor(&key, &first), successor(&SigningKey::ephemeral().unwrap(), &first));
    }
}
