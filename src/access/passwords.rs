//! Passwords: Argon2id, and the policy in force. `mlps3` follows GB/T 22239-2019 level 3 (12 characters, three of four
//! classes, 90 days, history of 5); `nist` follows NIST SP 800-63B-4 (15 characters, no composition, no rotation).
//! They contradict each other, so an installation names one.

use crate::db::types::{Coded, coded_json};
use crate::fault::{Fault, Outcome};
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use chrono::{DateTime, Duration, Utc};

/// Which password policy is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// 等保三级.
    #[default]
    Mlps3,
    /// NIST SP 800-63B-4.
    Nist,
}

impl Coded for Policy {
    const ALL: &'static [Self] = &[Self::Mlps3, Self::Nist];
    fn code(self) -> &'static str {
        match self {
            Self::Mlps3 => "mlps3",
            Self::Nist => "nist",
        }
    }
}
coded_json!(Policy);

/// Fragments that make a password guessable here.
const BLOCKED: [&str; 12] = [
    "password", "12345678", "87654321", "qwertyui", "abcd1234", "admin123", "yixun", "minzheng", "haizhu",
    "11111111", "88888888", "iloveyou",
];

/// The longest password, in characters: a bound on hashing work only.
const LONGEST: usize = 256;

impl Policy {
    /// Whether `password` may be chosen by `username`: PURE.
    ///
    /// # Errors
    /// `weak_password` with what to do, at `/new_password`.
    pub fn check(self, username: &str, password: &str) -> Outcome<()> {
        let weak = |why: String| Err(Fault::invalid("/new_password", "weak_password", why));
        let length = password.chars().count();
        let shortest = match self {
            Self::Mlps3 => 12,
            Self::Nist => 15,
        };
        if length < shortest {
            return weak(format!("密码至少 {shortest} 个字符"));
        }
        if length > LONGEST {
            return weak(format!("密码最多 {LONGEST} 个字符"));
        }
        if self == Self::Mlps3 && classes(password) < 3 {
            return weak("密码须含大写字母、小写字母、数字、其他字符中的三类".into());
        }
        let folded = password.to_lowercase();
        let named = !username.is_empty() && folded.contains(&username.to_lowercase());
        if named || BLOCKED.iter().any(|b| folded.contains(b)) {
            return weak("密码过于常见或包含账号名".into());
        }
        Ok(())
    }

    /// Whether a password set at `set_at` must be changed by now.
    pub fn is_stale(self, set_at: DateTime<Utc>, machine_now: DateTime<Utc>) -> bool {
        self == Self::Mlps3 && machine_now - set_at > Duration::days(90)
    }

    /// How many earlier passwords may not come back.
    pub fn history(self) -> i64 {
        match self {
            Self::Mlps3 => 5,
            Self::Nist => 0,
        }
    }
}

fn classes(password: &str) -> usize {
    let tests: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_alphanumeric() || (c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()),
    ];
    tests.iter().filter(|test| password.chars().any(**test)).count()
}

fn hasher() -> Outcome<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(Fault::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The Argon2id hash (19 MiB, 2 passes) of a password, as a PHC string with its own salt.
///
/// # Errors
/// [`Fault::Internal`] when no randomness is to be had.
pub fn hash(password: &str) -> Outcome<String> {
    Ok(hasher()?.hash_password(password.as_bytes()).map_err(Fault::internal)?.to_string())
}

/// Whether `password` belongs to `hash`. An unreadable hash belongs to none.
pub fn verify(password: &str, hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    hasher().is_ok_and(|h| h.verify_password(password.as_bytes(), &parsed).is_ok())
}

/// A password that nobody chose: 20 characters of three classes, printed once.
///
/// # Errors
/// [`Fault::Internal`] when no randomness is to be had.
pub fn generate() -> Outcome<String> {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut bytes = [0_u8; 20];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Fault::internal("no randomness"))?;
    let body: String = bytes.iter().map(|b| char::from(LETTERS[usize::from(*b) % LETTERS.len()])).collect();
    Ok(format!("{}-{}-{}Aa7", &body[..6], &body[6..12], &body[12..17]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_say_what_they_want() {
        for (policy, password, fine) in [
            (Policy::Mlps3, "Short1!", false),
            (Policy::Mlps3, "alllowercaseletters", false),
            (Policy::Mlps3, "Tall-Trees-2026x", true),
            (Policy::Mlps3, "Zhang3-Tall-Trees", false),
            (Policy::Mlps3, "Password-2026-x!", false),
            (Policy::Nist, "alllowercaseletters", true),
            (Policy::Nist, "Tall-Trees-2x!", false),
            (Policy::Mlps3, "春眠不觉晓处处闻啼鸟Ab1", true),
        ] {
            assert_eq!(policy.check("zhang3", password).is_ok(), fine, "{policy:?} {password}");
        }
    }

    #[test]
    fn hashes_are_salted_and_long_passwords_are_not_cut() {
        let long = "x".repeat(80);
        let (a, b) = (hash(&long).unwrap(), hash(&long).unwrap());
        assert_ne!(a, b);
        assert!(a.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&long, &a) && !verify(&"x".repeat(79), &a) && !verify("", "not a hash"));
    }

    #[test]
    fn generated_passwords_pass_the_policy() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_ne!(a, b);
        Policy::Mlps3.check("inspector1", &a).unwrap();
    }
}
