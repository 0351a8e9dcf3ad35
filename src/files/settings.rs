//! Where the store lies, as people write it: `folder:PATH`, or
//! `s3://bucket[/prefix]?endpoint=https://…&region=…&allow_http=true&presign=true` with the credentials in settings of
//! their own, because a URL ends up in logs and process lists.

use secrecy::SecretString;
use std::path::PathBuf;
use url::Url;

/// Where the store lies.
#[derive(Debug, Clone)]
pub enum Storage {
    /// In a folder on this machine.
    Folder(PathBuf),
    /// In a bucket.
    S3(S3Settings),
}

/// A bucket, and how to reach it.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// What every key begins with; empty, or without a `/` at either end.
    pub prefix: String,
    /// The server; none for Amazon's own. `http://` only where people have allowed it.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether clients fetch originals from the bucket, by a signed address that lives for minutes.
    pub presign: bool,
    /// Access key.
    pub access_key: SecretString,
    /// Secret key.
    pub secret_key: SecretString,
}

/// Access key and secret key, where they are set.
pub type Credentials = (Option<String>, Option<String>);

impl Storage {
    /// Reads what people wrote.
    ///
    /// # Errors
    /// A Chinese sentence with the name of the setting at fault.
    pub fn parse(text: &str, credentials: Credentials) -> Result<Self, String> {
        let read = match text.split_once(':') {
            Some(("folder", path)) if !path.is_empty() => return Ok(Self::Folder(path.into())),
            Some(("s3", _)) => Bucket::parse(text),
            _ => Err("须为 folder:路径 或 s3://桶?endpoint=…&region=…".into()),
        };
        let Bucket { bucket, prefix, endpoint, region, presign } =
            read.map_err(|why| format!("设置 YIXUN_STORAGE：{why}"))?;
        let given = |name: &str, key: Option<String>| {
            let key = key.filter(|key| !key.trim().is_empty());
            key.map(SecretString::from).ok_or_else(|| format!("设置 {name}：使用 S3 存储时须提供"))
        };
        Ok(Self::S3(S3Settings {
            bucket,
            prefix,
            endpoint,
            region,
            presign,
            access_key: given("YIXUN_S3_ACCESS_KEY", credentials.0)?,
            secret_key: given("YIXUN_S3_SECRET_KEY", credentials.1)?,
        }))
    }
}

/// What stands in the URL.
struct Bucket {
    bucket: String,
    prefix: String,
    endpoint: Option<String>,
    region: String,
    presign: bool,
}

impl Bucket {
    fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("不是有效的地址：{e}"))?;
        let bucket = url.host_str().unwrap_or_default().to_string();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(plain) {
            return Err("桶名须为 3 到 63 个小写字母、数字、- 或 .".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("地址中不得含有凭据，请改用 YIXUN_S3_ACCESS_KEY 与 YIXUN_S3_SECRET_KEY".into());
        }
        if url.port().is_some() || url.fragment().is_some() {
            return Err("地址须形如 s3://桶[/前缀]?endpoint=…&region=…；端口写在 endpoint 中".into());
        }
        let (mut endpoint, mut region, mut presign, mut allow_http) = (None, None, None, None);
        for (name, value) in url.query_pairs() {
            let place = match &*name {
                "endpoint" => &mut endpoint,
                "region" => &mut region,
                "presign" => &mut presign,
                "allow_http" => &mut allow_http,
                _ => {
                    return Err(format!(
                        "不认识的参数 {name}；可用：endpoint、region、allow_http、presign（凭据用 YIXUN_S3_ACCESS_KEY、YIXUN_S3_SECRET_KEY）"
                    ));
                }
            };
            if value.is_empty() || place.replace(value.into_owned()).is_some() {
                return Err(format!("参数 {name} 须恰好给出一次且不能为空"));
            }
        }
        let allow_http = is_true("allow_http", allow_http)?;
        let endpoint = endpoint.map(|text| server(&text, allow_http)).transpose()?;
        let region = match (region, &endpoint) {
            (Some(region), _) => region,
            (None, Some(_)) => "us-east-1".into(),
            (None, None) => return Err("须给出 endpoint 或 region".into()),
        };
        let (prefix, presign) = (prefix(url.path())?, is_true("presign", presign)?);
        Ok(Self { bucket, prefix, endpoint, region, presign })
    }
}

fn is_true(name: &str, value: Option<String>) -> Result<bool, String> {
    match value.as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(format!("参数 {name} 须为 true 或 false")),
    }
}

/// An origin, without a trailing slash.
fn server(text: &str, allow_http: bool) -> Result<String, String> {
    let url = Url::parse(text).map_err(|e| format!("endpoint 不是有效的地址：{e}"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() || url.host_str().is_none() {
        return Err("endpoint 须形如 https://主机[:端口]，不含路径与凭据".into());
    }
    match (url.scheme(), allow_http) {
        ("https", false) | ("http", true) => Ok(url.as_str().trim_end_matches('/').into()),
        ("http", false) => Err("endpoint 使用 http:// 时内容不加密；确需如此请加上 allow_http=true".into()),
        ("https", true) => Err("endpoint 已是 https://，请去掉 allow_http=true".into()),
        _ => Err("endpoint 须以 https:// 开头".into()),
    }
}

fn prefix(path: &str) -> Result<String, String> {
    let prefix = path.trim_matches('/');
    let good = |part: &str| {
        !matches!(part, "" | "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if prefix.is_empty() || prefix.split('/').all(good) {
        return Ok(prefix.into());
    }
    Err("前缀只能由字母、数字、-、_、. 组成，各段以 / 分隔".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn read(text: &str) -> Result<Storage, String> {
        Storage::parse(text, (Some("key".into()), Some("secret".into())))
    }

    #[test]
    fn good_settings() {
        assert!(matches!(read("folder:/srv/x").unwrap(), Storage::Folder(p) if p.as_os_str() == "/srv/x"));
        let text =
            "s3://photos/a/b/?endpoint=http://127.0.0.1:3900&region=garage&allow_http=true&presign=true";
        let Storage::S3(s3) = read(text).unwrap() else { panic!("a bucket") };
        assert_eq!((&*s3.bucket, &*s3.prefix, &*s3.region), ("photos", "a/b", "garage"));
        assert_eq!(s3.endpoint.as_deref(), Some("http://127.0.0.1:3900"));
        assert!(s3.presign && s3.secret_key.expose_secret() == "secret");
        let Storage::S3(s3) = read("s3://photos?region=cn-north-1").unwrap() else { panic!("a bucket") };
        assert_eq!((s3.endpoint, &*s3.prefix, s3.presign), (None, "", false));
    }

    #[test]
    fn bad_settings_are_refused_by_name() {
        for (text, part) in [
            ("", "folder:"),
            ("folder:", "folder:"),
            ("gs://photos", "s3://"),
            ("s3://", "桶名"),
            ("s3://Photos_?region=x", "桶名"),
            ("s3://key:secret@photos?region=x", "凭据"),
            ("s3://photos", "endpoint 或 region"),
            ("s3://photos?endpoint=http://127.0.0.1:1", "allow_http=true"),
            ("s3://photos?endpoint=https://h&allow_http=true", "去掉"),
            ("s3://photos?endpoint=https://h/path", "不含路径"),
            ("s3://photos?endpoint=https://k:s@h", "凭据"),
            ("s3://photos?endpoint=ftp://h", "https://"),
            ("s3://photos?endpoint=h", "endpoint"),
            ("s3://photos?region=x&presign=yes", "presign"),
            ("s3://photos?region=x&region=y", "region"),
            ("s3://photos?region=", "region"),
            ("s3://photos?region=x&secret_key=y", "YIXUN_S3_SECRET_KEY"),
            ("s3://photos/a//b?region=x", "前缀"),
            ("s3://photos/a%2fb?region=x", "前缀"),
        ] {
            let said = read(text).map(drop).unwrap_err();
            assert!(said.starts_with("设置 YIXUN_STORAGE：") && said.contains(part), "{text}: {said}");
            assert!(!said.contains("secret@"), "{said}");
        }
    }

    #[test]
    fn credentials_are_needed_and_stay_hidden() {
        let text = "s3://photos?region=x";
        let said = Storage::parse(text, (None, Some("s".into()))).map(drop).unwrap_err();
        assert!(said.contains("YIXUN_S3_ACCESS_KEY"), "{said}");
        let said = Storage::parse(text, (Some("k".into()), Some(" ".into()))).map(drop).unwrap_err();
        assert!(said.contains("YIXUN_S3_SECRET_KEY"), "{said}");
        let shown =
            format!("{:?}", Storage::parse(text, (Some("k3y".into()), Some("s3cret".into()))).unwrap());
        assert!(!shown.contains("k3y") && !shown.contains("s3cret"), "{shown}");
    }
}
