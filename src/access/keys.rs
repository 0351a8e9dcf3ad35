//! The signing key of access tokens: Ed25519, PKCS#8. The embedded default makes one at first start in the data folder
//! (mode 0600); production names a file of its own. A key that others can read, or that is not Ed25519, is refused.

use crate::db::sequencer::hex;
use aws_lc_rs::constant_time;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::path::Path;

/// A signing key and what is derived from it.
pub struct SigningKey {
    /// Its name in tokens: the first 16 hex digits of the public key's SHA-256.
    pub kid: String,
    pub(super) encoding: jsonwebtoken::EncodingKey,
    pub(super) decoding: jsonwebtoken::DecodingKey,
    /// Makes the successor of a refresh token, so that a lost answer can be given again.
    pub(super) refresh: hmac::Key,
    /// Closes the tokens of the change feed.
    feed: hmac::Key,
    /// Makes the secrets of webhooks, which therefore are kept nowhere.
    webhooks: hmac::Key,
    /// Makes numbers comparable that are not kept.
    number: hmac::Key,
}

/// Bytes of a feed token's authentication: HMAC-SHA-256, truncated (RFC 2104, section 5).
const FEED_TAG: usize = 16;

impl SigningKey {
    /// A key from its PKCS#8 DER bytes.
    ///
    /// # Errors
    /// A sentence when the bytes are not an Ed25519 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, String> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map_err(|e| format!("不是 Ed25519 PKCS#8 私钥（{e}）"))?;
        let public = pair.public_key().as_ref();
        let derived = |label: &[u8]| {
            hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, &[label, der].concat()).as_ref())
        };
        Ok(Self {
            kid: hex(digest(&SHA256, public).as_ref())[..16].to_string(),
            encoding: jsonwebtoken::EncodingKey::from_ed_der(der),
            decoding: jsonwebtoken::DecodingKey::from_ed_der(public),
            refresh: derived(b"yixun refresh successor"),
            feed: derived(b"yixun feed token"),
            webhooks: derived(b"yixun webhook secret"),
            number: derived(b"yixun certificate number"),
        })
    }

    /// The authentication of a feed token.
    pub fn feed_tag(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.feed, message).as_ref()[..FEED_TAG].to_vec()
    }

    /// Whether a feed token's authentication is ours; takes the same time wherever it differs.
    pub fn feed_tag_is(&self, message: &[u8], tag: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.feed_tag(message), tag).is_ok()
    }

    /// The secret of a webhook that goes by this name: 32 bytes, the same whenever asked.
    pub fn webhook_secret(&self, name: &[u8]) -> Vec<u8> {
        hmac::sign(&self.webhooks, name).as_ref().to_vec()
    }

    /// What a number of a person's certificate is compared by, in place of the number itself: HMAC-SHA-256, hex.
    pub fn number_tag(&self, number: &str) -> String {
        hex(hmac::sign(&self.number, number.as_bytes()).as_ref())
    }

    /// A new key that lives only in memory: for tests.
    ///
    /// # Errors
    /// A sentence when no randomness is to be had.
    pub fn ephemeral() -> Result<Self, String> {
        Self::from_pkcs8(&generate()?)
    }

    /// Reads the key at `path` (PEM); makes one there first when `create` is set and there is none.
    ///
    /// # Errors
    /// A sentence with the path: unreadable, readable by others, or not an Ed25519 key.
    pub fn load(path: &Path, create: bool) -> Result<Self, String> {
        let shown = path.display();
        if create && !path.exists() {
            write_new(path).map_err(|e| format!("无法写入签名密钥 {shown}：{e}"))?;
        }
        refuse_loose_mode(path)?;
        let text = std::fs::read_to_string(path).map_err(|e| format!("无法读取签名密钥 {shown}：{e}"))?;
        let body: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
        let der = STANDARD.decode(body).map_err(|_| format!("签名密钥 {shown} 不是 PEM"))?;
        Self::from_pkcs8(&der).map_err(|why| format!("签名密钥 {shown}：{why}"))
    }
}

fn generate() -> Result<Vec<u8>, String> {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let document = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| "没有随机数".to_string())?;
    Ok(document.as_ref().to_vec())
}

fn write_new(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let der = generate().map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(der))?;
    file.sync_all()
}

#[cfg(unix)]
fn refuse_loose_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = path.display();
    let meta = std::fs::metadata(path).map_err(|e| format!("无法读取签名密钥 {shown}：{e}"))?;
    if meta.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(format!("签名密钥 {shown} 可被其他用户读取，请执行 chmod 600"))
    }
}

#[cfg(not(unix))]
fn refuse_loose_mode(_path: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_private_and_loads_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/signing.pem");
        assert!(SigningKey::load(&path, false).is_err());
        let made = SigningKey::load(&path, true).unwrap();
        assert_eq!(made.kid, SigningKey::load(&path, true).unwrap().kid);
    }

    #[cfg(unix)]
    #[test]
    fn loose_and_foreign_keys_are_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        SigningKey::load(&path, true).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(SigningKey::load(&path, true).err().unwrap().contains("chmod 600"));
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(SigningKey::load(&path, true).err().unwrap().contains("Ed25519"));
    }
}
