//! One message to a webhook: the name is resolved, every address checked, and the connection made to those addresses and
//! to no others; no redirect is followed, no proxy asked, and of the answer only the status is read.

use super::addresses;
use super::outbox::Sent;
use super::settings::WebhookSettings;
use crate::fault::{Fault, Outcome};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use url::{Host, Url};

/// How names come to addresses.
pub type Names = Arc<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// As the system does it.
pub(super) fn system_names() -> Names {
    Arc::new(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
}

/// Time for a name, for a connection, and for everything together.
const NAMING: Duration = Duration::from_secs(5);
const CONNECTING: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);

/// A message as it is sent.
pub(super) struct Parcel {
    pub url: String,
    pub id: String,
    pub timestamp: i64,
    pub signatures: String,
    pub body: String,
}

/// The way to webhooks.
pub(super) struct Post {
    settings: WebhookSettings,
    ca: Vec<Certificate>,
    names: Names,
}

impl Post {
    /// A way that trusts `ca` (PEM) beside the system's authorities.
    ///
    /// # Errors
    /// No certificates.
    pub fn new(settings: WebhookSettings, ca: Option<&[u8]>, names: Names) -> Outcome<Self> {
        let ca = ca.map(Certificate::from_pem_bundle).transpose().map_err(Fault::internal)?;
        Ok(Self { settings, ca: ca.unwrap_or_default(), names })
    }

    /// Sends a message once.
    pub async fn send(&self, parcel: &Parcel) -> Sent {
        match self.try_send(parcel).await {
            Ok(status @ 200..=299) => Sent::Taken(Some(status)),
            Ok(410) => Sent::Gone,
            Ok(status) => Sent::Failed(Some(status), format!("对方答复 {status}")),
            Err(why) => Sent::Failed(None, why),
        }
    }

    async fn try_send(&self, parcel: &Parcel) -> Result<u16, String> {
        let url = addresses::parse(&parcel.url, &self.settings)?;
        let addresses = self.addresses_of(&url).await?;
        addresses::check(&url, &addresses, &self.settings)?;
        let client = self.client(&url, &addresses).map_err(|e| told(&e))?;
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &parcel.id)
            .header("webhook-timestamp", parcel.timestamp)
            .header("webhook-signature", &parcel.signatures)
            .body(parcel.body.clone());
        let answer = request.send().await.map_err(|e| told(&e))?;
        Ok(answer.status().as_u16())
    }

    async fn addresses_of(&self, url: &Url) -> Result<Vec<SocketAddr>, String> {
        let port = url.port_or_known_default().unwrap_or(443);
        let name = match url.host() {
            Some(Host::Ipv4(address)) => return Ok(vec![SocketAddr::new(address.into(), port)]),
            Some(Host::Ipv6(address)) => return Ok(vec![SocketAddr::new(address.into(), port)]),
            Some(Host::Domain(name)) => name.to_string(),
            None => return Err("网址须有主机名".into()),
        };
        let names = self.names.clone();
        let asked = timeout(NAMING, spawn_blocking(move || names(&name, port))).await;
        match asked {
            Ok(Ok(Ok(addresses))) => Ok(addresses),
            Ok(Ok(Err(why))) => Err(format!("无法解析主机名：{why}")),
            Ok(Err(why)) => Err(format!("无法解析主机名：{why}")),
            Err(_) => Err("解析主机名超时".into()),
        }
    }

    /// A client for this one message, bound to the addresses that were checked.
    fn client(&self, url: &Url, addresses: &[SocketAddr]) -> reqwest::Result<Client> {
        Client::builder()
            .user_agent(concat!("Yixun/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECTING)
            .timeout(WHOLE)
            .pool_max_idle_per_host(0)
            .tls_certs_merge(self.ca.clone())
            .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
            .build()
    }
}

/// Why a request failed, with its causes and without the address, whose query may hold a token.
fn told(error: &reqwest::Error) -> String {
    let mut said = if error.is_timeout() { "超时".to_string() } else { "无法送达".to_string() };
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        said.push_str(&format!("：{why}"));
        cause = why.source();
    }
    said.chars().take(500).collect()
}
