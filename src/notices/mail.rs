//! One notice by mail: plain text to one person, over TLS, with the same Message-ID whenever it is sent.

use super::outbox::Sent;
use super::settings::{MailSettings, Security};
use crate::fault::{Fault, Outcome};
use crate::ids::DeliveryId;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport as _};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// How long a mail server may keep silent.
const PATIENCE: Duration = Duration::from_secs(15);

/// What stands below every mail.
const FOOTER: &str = "本邮件由颐巡自动发送，请勿回复。不再需要时，可登录系统关闭邮件通知。";

/// Answers about ourselves and not about the mail (authentication wanted or failed): somebody will put the settings right.
const OURS: [u16; 4] = [530, 534, 535, 538];

/// The mail server.
pub(super) struct Mailer {
    transport: SmtpTransport,
    from: Mailbox,
}

/// Keeps holiday notices and the like from answering (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

impl Mailer {
    /// The server of the settings; `ca` (PEM) is trusted beside the system's authorities.
    ///
    /// # Errors
    /// No certificates, or a name that no certificate could have.
    pub fn new(settings: &MailSettings, ca: Option<&[u8]>) -> Outcome<Self> {
        let tls = || -> Outcome<TlsParameters> {
            let mut tls = TlsParameters::builder(settings.host.clone());
            if let Some(ca) = ca {
                tls = tls.add_root_certificate(Certificate::from_pem(ca).map_err(Fault::internal)?);
            }
            tls.build().map_err(Fault::internal)
        };
        let security = match settings.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::Plain => Tls::None,
        };
        let mut builder = SmtpTransport::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(security)
            .timeout(Some(PATIENCE));
        if let Some((name, password)) = &settings.credentials {
            let password = password.expose_secret().to_string();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        let from = settings.from.parse().map_err(Fault::internal)?;
        Ok(Self { transport: builder.build(), from })
    }

    /// Sends a notice once.
    pub async fn send(&self, id: DeliveryId, to: &str, title: &str, body: String) -> Sent {
        let message = match self.message(id, to, title, body) {
            Ok(message) => message,
            Err(why) => return Sent::Never(None, why),
        };
        let transport = self.transport.clone();
        match spawn_blocking(move || transport.send(&message)).await {
            Ok(Ok(answer)) => Sent::Taken(Some(answer.code().into())),
            Ok(Err(error)) => {
                let (status, why) = (error.status().map(u16::from), told(&error));
                let never = error.is_permanent() && status.is_none_or(|status| !OURS.contains(&status));
                if never { Sent::Never(status, why) } else { Sent::Failed(status, why) }
            }
            Err(panicked) => Sent::Failed(None, panicked.to_string()),
        }
    }

    fn message(&self, id: DeliveryId, to: &str, title: &str, body: String) -> Result<Message, String> {
        let to: Mailbox = to.parse().map_err(|_| "邮件地址无效".to_string())?;
        Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(title)
            .message_id(Some(format!("<msg_{}@{}>", id.0.simple(), self.from.email.domain())))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(format!("{body}\n\n--\n{FOOTER}\n"))
            .map_err(|e| e.to_string())
    }
}

fn told(error: &lettre::transport::smtp::Error) -> String {
    let mut said = format!("邮件未送出：{error}");
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        said.push_str(&format!("：{why}"));
        cause = why.source();
    }
    said.chars().take(500).collect()
}
