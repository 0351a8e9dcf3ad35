//! Settings: defaults < `yixun.toml` < environment (`YIXUN_…`, `DATABASE_URL`). An unknown setting is refused at start
//! with its name, because a misspelt one that is silently ignored costs more.

use crate::access::passwords::Policy;
use crate::files::Storage;
use crate::fire::rules::DutyRule;
use crate::notices::settings::{self as notices, NoticeSettings};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The settings as written by people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    data_dir: PathBuf,
    database_url: Option<String>,
    storage: Option<String>,
    s3_access_key: Option<String>,
    s3_secret_key: Option<String>,
    node: Option<String>,
    metrics_listen: Option<String>,
    listen: String,
    workers: usize,
    fonts_dir: PathBuf,
    fonts: Option<PathBuf>,
    /// The name that `fonts` had before.
    official_fonts_dir: Option<PathBuf>,
    signing_keys: Vec<PathBuf>,
    password_policy: Policy,
    log: String,
    log_json: bool,
    authority_name: String,
    authority_word: String,
    authority_contact: String,
    notice_digest_hour: u32,
    webhook_networks: Option<String>,
    webhook_allow_loopback: bool,
    outgoing_ca: Option<PathBuf>,
    mail_host: Option<String>,
    mail_port: Option<u16>,
    mail_security: Option<String>,
    mail_from: Option<String>,
    mail_username: Option<String>,
    mail_password: Option<String>,
    mail_domains: Option<String>,
    mail_letters: bool,
    letter_export_dir: Option<PathBuf>,
    fire_duty_red: u32,
    fire_duty_amber: u32,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            database_url: None,
            storage: None,
            s3_access_key: None,
            s3_secret_key: None,
            node: None,
            metrics_listen: None,
            listen: "127.0.0.1:8080".into(),
            workers: 2,
            fonts_dir: "assets/fonts".into(),
            fonts: None,
            official_fonts_dir: None,
            signing_keys: vec![],
            password_policy: Policy::default(),
            log: "info".into(),
            log_json: false,
            authority_name: "示例区民政局".into(),
            authority_word: "演示函".into(),
            authority_contact: "联系人：示例联系人，联系电话：000-00000000".into(),
            notice_digest_hour: 9,
            webhook_networks: None,
            webhook_allow_loopback: false,
            outgoing_ca: None,
            mail_host: None,
            mail_port: None,
            mail_security: None,
            mail_from: None,
            mail_username: None,
            mail_password: None,
            mail_domains: None,
            mail_letters: false,
            letter_export_dir: None,
            fire_duty_red: DutyRule::default().red,
            fire_duty_amber: DutyRule::default().amber,
        }
    }
}

/// Who the letters come from.
#[derive(Debug, Clone)]
pub struct AuthoritySettings {
    /// Name at the head of a letter.
    pub name: String,
    /// 机关代字, the word in the document number.
    pub word: String,
    /// Contact line under the date.
    pub contact: String,
}

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the embedded database, the files and the keys lie.
    pub data_dir: PathBuf,
    /// The database's URL (may hold a password).
    pub database_url: SecretString,
    /// Where photos and documents lie.
    pub storage: Storage,
    /// This node's name in the URLs of uploads; none: one is made in the data folder.
    pub node: Option<String>,
    /// Address and port of the metrics; none: they are not served.
    pub metrics_listen: Option<String>,
    /// Address and port of the API.
    pub listen: String,
    /// HTTP worker threads.
    pub workers: usize,
    /// Fonts of the letters.
    pub fonts_dir: PathBuf,
    /// Official fonts, which win where present.
    pub official_fonts_dir: Option<PathBuf>,
    /// Files of signing keys; the first signs, all verify. Empty: one is made in the data folder.
    pub signing_keys: Vec<PathBuf>,
    /// Password policy.
    pub password_policy: Policy,
    /// `tracing` filter.
    pub log: String,
    /// Log as JSON lines.
    pub log_json: bool,
    /// Who the letters come from.
    pub authority: AuthoritySettings,
    /// What leaves the house, and when streets are told of their day.
    pub notices: NoticeSettings,
    /// Where delivered letters are put for the document system 公文系统; none: they are not.
    pub letter_export_dir: Option<PathBuf>,
    /// Persons with a certificate that a fire control room needs, with two on duty.
    pub fire_duty: DutyRule,
    /// Printed in light grey across every page; set by a demo's data, not by people.
    pub watermark: Option<String>,
}

/// Environment names that belong to the tests.
const NOT_SETTINGS: [&str; 6] =
    ["test_require", "test_keep", "test_cases", "test_s3", "update_golden", "config"];

impl Config {
    /// Reads the settings of this process.
    ///
    /// # Errors
    /// A Chinese sentence with the name of the setting and what to do.
    pub fn load() -> Result<Self, String> {
        let file = std::env::var_os("YIXUN_CONFIG").map(PathBuf::from);
        if let Some(path) = file.as_deref().filter(|p| !p.is_file()) {
            return Err(format!("设置 YIXUN_CONFIG：文件 {} 不存在", path.display()));
        }
        let file = file.unwrap_or_else(|| "yixun.toml".into());
        let environment = Env::prefixed("YIXUN_")
            .filter(|key| !NOT_SETTINGS.iter().any(|name| key.as_str().eq_ignore_ascii_case(name)));
        let figment = Figment::from(Serialized::defaults(Written::default()))
            .merge(Toml::file(file))
            .merge(environment)
            .merge(Env::raw().only(&["DATABASE_URL"]));
        let written: Written = figment.extract().map_err(|e| explain(&e))?;
        Self::from_written(written)
    }

    /// Defaults on a data folder of one's own: the demo and the tests.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn embedded(data_dir: &Path, fonts_dir: &Path) -> Result<Self, String> {
        let (data_dir, fonts_dir) = (data_dir.to_path_buf(), fonts_dir.to_path_buf());
        Self::from_written(Written { data_dir, fonts_dir, ..Written::default() })
    }

    fn from_written(w: Written) -> Result<Self, String> {
        let url = w.database_url.filter(|u| !u.is_empty());
        let url = url.unwrap_or_else(|| format!("sqlite:{}", w.data_dir.join("yixun.db").display()));
        crate::db::connection::kind_of(&url).map_err(|why| format!("设置 DATABASE_URL：{why}"))?;
        let storage = match w.storage.as_deref() {
            None => Storage::Folder(w.data_dir.join("files")),
            Some(text) => Storage::parse(text, (w.s3_access_key, w.s3_secret_key))?,
        };
        if w.workers == 0 || w.workers > 64 {
            return Err("设置 YIXUN_WORKERS：应在 1 到 64 之间".into());
        }
        let fire_duty = DutyRule { red: w.fire_duty_red, amber: w.fire_duty_amber };
        if !(1..=fire_duty.amber).contains(&fire_duty.red) || fire_duty.amber > 100 {
            return Err(
                "设置 YIXUN_FIRE_DUTY_RED、YIXUN_FIRE_DUTY_AMBER：应为 1 到 100，且前者不大于后者".into()
            );
        }
        let metrics_listen = w.metrics_listen.filter(|listen| !listen.is_empty());
        for (name, listen) in [("LISTEN", Some(&w.listen)), ("METRICS_LISTEN", metrics_listen.as_ref())] {
            if let Some(listen) = listen.filter(|l| l.parse::<std::net::SocketAddr>().is_err()) {
                return Err(format!("设置 YIXUN_{name}：“{listen}”不是 地址:端口"));
            }
        }
        let letter_export_dir = w.letter_export_dir.filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = letter_export_dir.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(format!("设置 YIXUN_LETTER_EXPORT_DIR：文件夹 {} 不存在", folder.display()));
        }
        let notices = NoticeSettings::read(notices::Written {
            digest_hour: w.notice_digest_hour,
            networks: w.webhook_networks,
            allow_loopback: w.webhook_allow_loopback,
            ca: w.outgoing_ca,
            mail_host: w.mail_host,
            mail_port: w.mail_port,
            mail_security: w.mail_security,
            mail_from: w.mail_from,
            mail_username: w.mail_username,
            mail_password: w.mail_password,
            mail_domains: w.mail_domains,
            mail_letters: w.mail_letters,
        })?;
        Ok(Self {
            data_dir: w.data_dir,
            database_url: url.into(),
            storage,
            node: w.node.filter(|name| !name.is_empty()),
            metrics_listen,
            listen: w.listen,
            workers: w.workers,
            fonts_dir: w.fonts_dir,
            official_fonts_dir: w.fonts.or(w.official_fonts_dir).filter(|path| !path.as_os_str().is_empty()),
            signing_keys: w.signing_keys,
            password_policy: w.password_policy,
            log: w.log,
            log_json: w.log_json,
            authority: AuthoritySettings {
                name: w.authority_name,
                word: w.authority_word,
                contact: w.authority_contact,
            },
            notices,
            letter_export_dir,
            fire_duty,
            watermark: None,
        })
    }

    /// The same settings for a demo's data: a fictional authority, and 演示样张 across every page of its letters.
    #[must_use]
    pub fn as_demo(mut self) -> Self {
        let w = Written::default();
        self.authority = AuthoritySettings {
            name: w.authority_name,
            word: w.authority_word,
            contact: w.authority_contact,
        };
        self.watermark = Some("演示样张".into());
        self
    }

    /// The database's URL, for opening it.
    pub fn database(&self) -> &str {
        self.database_url.expose_secret()
    }
}

fn explain(error: &figment::Error) -> String {
    use figment::error::Kind;
    match &error.kind {
        Kind::UnknownField(name, known) => {
            format!(
                "不认识的设置 {}（环境变量 YIXUN_{}）；可用的设置：{}",
                name,
                name.to_uppercase(),
                known.join("、")
            )
        }
        _ => {
            let name = error.path.join(".");
            format!("设置 {name}（环境变量 YIXUN_{}）不正确：{}", name.to_uppercase(), error.kind)
        }
    }
}
