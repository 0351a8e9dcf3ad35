//! The settings of what leaves the house. Mail is off while no host is named.

use super::addresses::Network;
use secrecy::SecretString;
use std::net::IpAddr;
use std::path::PathBuf;

/// Where webhooks may lead beside the public net.
#[derive(Debug, Clone, Default)]
pub struct WebhookSettings {
    /// Networks of one's own, e.g. of an OA in the intranet.
    pub networks: Vec<Network>,
    /// This machine too, and without TLS: for trying things out.
    pub allow_loopback: bool,
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (465).
    Tls,
    /// STARTTLS, and nothing is said without it (587).
    StartTls,
    /// None: only to this machine.
    Plain,
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Its name, as in its certificate.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// Who mails come from.
    pub from: String,
    /// Name and password, where it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// The domains that mail may go to; empty: any.
    pub domains: Vec<String>,
    /// Letters go with the mails that tell of their delivery: to these domains only.
    pub letters: bool,
}

/// What leaves the house.
#[derive(Debug, Clone)]
pub struct NoticeSettings {
    /// The hour of the day (Asia/Shanghai) from which a working day's digests are told.
    pub digest_hour: u32,
    /// Webhooks.
    pub webhooks: WebhookSettings,
    /// Mail; none: off.
    pub mail: Option<MailSettings>,
    /// A PEM file of authorities that are trusted beside the system's, by mail and webhooks.
    pub ca: Option<PathBuf>,
}

/// The settings as people write them.
#[derive(Clone, Default)]
pub struct Written {
    /// `notice_digest_hour`
    pub digest_hour: u32,
    /// `webhook_networks`, separated by commas.
    pub networks: Option<String>,
    /// `webhook_allow_loopback`
    pub allow_loopback: bool,
    /// `outgoing_ca`
    pub ca: Option<PathBuf>,
    /// `mail_host`
    pub mail_host: Option<String>,
    /// `mail_port`
    pub mail_port: Option<u16>,
    /// `mail_security`
    pub mail_security: Option<String>,
    /// `mail_from`
    pub mail_from: Option<String>,
    /// `mail_username`
    pub mail_username: Option<String>,
    /// `mail_password`
    pub mail_password: Option<String>,
    /// `mail_domains`, separated by commas.
    pub mail_domains: Option<String>,
    /// `mail_letters`
    pub mail_letters: bool,
}

fn given(text: Option<String>) -> Option<String> {
    text.map(|t| t.trim().to_string()).filter(|t| !t.is_empty())
}

fn several(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
}

impl NoticeSettings {
    /// Reads what people wrote.
    ///
    /// # Errors
    /// A Chinese sentence with the name of the setting at fault.
    pub fn read(w: Written) -> Result<Self, String> {
        if w.digest_hour > 23 {
            return Err("设置 YIXUN_NOTICE_DIGEST_HOUR：应在 0 到 23 之间".into());
        }
        let networks: Result<Vec<Network>, String> =
            several(w.networks.clone()).iter().map(|text| Network::parse(text)).collect();
        let networks = networks.map_err(|why| format!("设置 YIXUN_WEBHOOK_NETWORKS：{why}"))?;
        if let Some(path) = w.ca.as_deref().filter(|path| !path.is_file()) {
            return Err(format!("设置 YIXUN_OUTGOING_CA：文件 {} 不存在", path.display()));
        }
        Ok(Self {
            digest_hour: w.digest_hour,
            webhooks: WebhookSettings { networks, allow_loopback: w.allow_loopback },
            ca: w.ca.clone(),
            mail: mail(w)?,
        })
    }
}

fn mail(w: Written) -> Result<Option<MailSettings>, String> {
    let Some(host) = given(w.mail_host) else {
        return match w.mail_letters {
            true => Err("设置 YIXUN_MAIL_LETTERS：须先设置 YIXUN_MAIL_HOST".into()),
            false => Ok(None),
        };
    };
    let security = match given(w.mail_security).as_deref().unwrap_or("starttls") {
        "tls" => Security::Tls,
        "starttls" => Security::StartTls,
        "plain" if is_this_machine(&host) => Security::Plain,
        "plain" => return Err("设置 YIXUN_MAIL_SECURITY：plain 只能用于本机的邮件服务".into()),
        other => {
            return Err(format!("设置 YIXUN_MAIL_SECURITY：应为 tls、starttls 或 plain，而不是“{other}”"));
        }
    };
    let port = w.mail_port.unwrap_or(match security {
        Security::Tls => 465,
        Security::StartTls => 587,
        Security::Plain => 25,
    });
    let from = given(w.mail_from).ok_or("设置 YIXUN_MAIL_FROM：使用邮件时须提供发件地址")?;
    if from.parse::<lettre::message::Mailbox>().is_err() {
        return Err(format!("设置 YIXUN_MAIL_FROM：“{from}”不是邮件地址"));
    }
    let credentials = match (given(w.mail_username), given(w.mail_password)) {
        (Some(name), Some(password)) => Some((name, password.into())),
        (None, None) => None,
        _ => return Err("设置 YIXUN_MAIL_USERNAME、YIXUN_MAIL_PASSWORD：须同时提供".into()),
    };
    if credentials.is_some() && security == Security::Plain {
        return Err("设置 YIXUN_MAIL_SECURITY：plain 时不得使用账号密码".into());
    }
    let domains: Vec<String> = several(w.mail_domains).iter().map(|domain| domain.to_lowercase()).collect();
    if w.mail_letters && domains.is_empty() {
        return Err("设置 YIXUN_MAIL_LETTERS：函件只能发往本单位的邮箱，须同时设置 YIXUN_MAIL_DOMAINS".into());
    }
    let letters = w.mail_letters;
    Ok(Some(MailSettings { host, port, security, from, credentials, domains, letters }))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(host: &str, security: &str) -> Written {
        let text = |t: &str| Some(t.to_string());
        Written {
            mail_host: text(host),
            mail_security: text(security),
            mail_from: text("颐巡 <yixun@example.cn>"),
            ..Written::default()
        }
    }

    #[test]
    fn mail_is_off_until_a_host_is_named() {
        assert!(NoticeSettings::read(Written::default()).unwrap().mail.is_none());
        let mail = NoticeSettings::read(written("mail.example.cn", "tls")).unwrap().mail.unwrap();
        assert_eq!((mail.port, mail.security), (465, Security::Tls));
    }

    #[test]
    fn mail_never_leaves_this_machine_without_tls() {
        assert!(NoticeSettings::read(written("mail.example.cn", "plain")).is_err());
        assert!(NoticeSettings::read(written("127.0.0.1", "plain")).is_ok());
        let with_password = Written {
            mail_username: Some("a".into()),
            mail_password: Some("b".into()),
            ..written("127.0.0.1", "plain")
        };
        assert!(NoticeSettings::read(with_password).is_err());
    }

    #[test]
    fn what_is_missing_or_misspelt_is_named() {
        let told = |w: Written| NoticeSettings::read(w).unwrap_err();
        assert!(told(Written { digest_hour: 24, ..Written::default() }).contains("YIXUN_NOTICE_DIGEST_HOUR"));
        assert!(told(Written { mail_from: None, ..written("m", "tls") }).contains("YIXUN_MAIL_FROM"));
        assert!(
            told(Written { mail_from: Some("x".into()), ..written("m", "tls") }).contains("YIXUN_MAIL_FROM")
        );
        let anywhere = Written { mail_letters: true, ..written("m", "tls") };
        assert!(told(anywhere.clone()).contains("YIXUN_MAIL_DOMAINS"));
        assert!(told(Written { mail_host: None, ..anywhere }).contains("YIXUN_MAIL_HOST"));
        assert!(told(written("m", "ssl")).contains("YIXUN_MAIL_SECURITY"));
        assert!(
            told(Written { mail_username: Some("a".into()), ..written("m", "tls") }).contains("PASSWORD")
        );
        let networks = Written { networks: Some("10.0.0.0/8, x".into()), ..Written::default() };
        assert!(told(networks).contains("YIXUN_WEBHOOK_NETWORKS"));
    }
}
