//! One notice by mail: plain text to one person, a PDF with it where the settings let it go, over TLS, with the same
//! Message-ID whenever it is sent.

use super::outbox::Sent;
use super::settings::{MailSettings, Security};
use crate::fault::{Fault, Outcome};
use crate::ids::DeliveryId;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
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

/// A stored PDF that goes with mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called there.
    pub name: String,
    /// Its hash, by which the storage gives it.
    pub sha256: String,
}

/// A mail to be sent.
pub(super) struct Mail {
    pub to: String,
    pub title: String,
    pub body: String,
    /// The name and the bytes of the PDF that goes with it.
    pub attached: Option<(String, Vec<u8>)>,
}

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
    pub async fn send(&self, id: DeliveryId, mail: Mail) -> Sent {
        let message = match self.message(id, mail) {
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

    fn message(&self, id: DeliveryId, mail: Mail) -> Result<Message, String> {
        let to: Mailbox = mail.to.parse().map_err(|_| "邮件地址无效".to_string())?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.title)
            .message_id(Some(format!("<msg_{}@{}>", id.0.simple(), self.from.email.domain())))
            .header(AutoSubmitted);
        let text = |more: &str| format!("{}{more}\n\n--\n{FOOTER}\n", mail.body);
        let made = match mail.attached {
            None => message.header(ContentType::TEXT_PLAIN).body(text("")),
            Some((name, bytes)) => {
                let plain = SinglePart::plain(text(&format!("\n\n附件：{name}")));
                let pdf = ContentType::parse("application/pdf").map_err(|e| e.to_string())?;
                // Any other encoding may touch line ends, and the file would be another one.
                let bytes = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
                let bytes = bytes.map_err(|_| "附件无法编码".to_string())?;
                let file = lettre::message::Attachment::new(name).body(bytes, pdf);
                message.multipart(MultiPart::mixed().singlepart(plain).singlepart(file))
            }
        };
        made.map_err(|e| e.to_string())
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
