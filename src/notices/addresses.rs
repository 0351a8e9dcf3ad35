//! Where a webhook may lead. What people enter is only a claim: the name is resolved by us at every delivery, every address
//! that it has is checked here, and the connection goes to those addresses and to no others. Ranges: IANA's special-purpose
//! registries (RFC 6890 and its successors); whatever is not plainly public is refused.

use super::settings::WebhookSettings;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// A range of addresses, e.g. `10.20.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `address/bits`.
    ///
    /// # Errors
    /// A Chinese sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("“{text}”不是网段，应形如 10.20.0.0/16");
        let (first, bits) = text.split_once('/').ok_or_else(bad)?;
        let (first, bits): (IpAddr, u8) =
            (first.trim().parse().map_err(|_| bad())?, bits.trim().parse().map_err(|_| bad())?);
        let network = Self { first, bits };
        if bits == 0 || bits > if first.is_ipv4() { 32 } else { 128 } {
            return Err(bad());
        }
        let never: [IpAddr; 4] = [
            Ipv4Addr::LOCALHOST.into(),
            Ipv6Addr::LOCALHOST.into(),
            Ipv4Addr::new(169, 254, 169, 254).into(),
            Ipv4Addr::new(100, 100, 100, 200).into(),
        ];
        match never.iter().find(|address| network.holds(**address)) {
            Some(address) => Err(format!("网段 {text} 含有 {address}，不能允许")),
            None => Ok(network),
        }
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => shared(a.to_bits().into(), b.to_bits().into(), 32, self.bits),
            (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits(), b.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

/// Whether the first `bits` of two numbers of `width` bits are the same.
fn shared(a: u128, b: u128, width: u8, bits: u8) -> bool {
    let rest = u32::from(width - bits);
    rest >= 128 || a >> rest == b >> rest
}

/// Ranges of IPv4 that are not public: their first address and bits.
const NOT_PUBLIC_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// The one public range of IPv6, and what is special in it: protocols and Teredo, documentation twice, 6to4.
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is plainly public. IPv4 inside IPv6 (mapped, NAT64, 6to4) never is.
pub fn is_public(address: IpAddr) -> bool {
    let within = |first: IpAddr, bits| Network { first, bits }.holds(address);
    match address {
        IpAddr::V4(_) => {
            !NOT_PUBLIC_V4.iter().any(|(first, bits)| within(Ipv4Addr::from(*first).into(), *bits))
        }
        IpAddr::V6(_) => {
            within(PUBLIC_V6.0.into(), PUBLIC_V6.1)
                && !NOT_PUBLIC_V6.iter().any(|(first, bits)| within((*first).into(), *bits))
        }
    }
}

/// Whether the settings allow an address although it is not public.
fn is_allowed(address: IpAddr, settings: &WebhookSettings) -> bool {
    (settings.allow_loopback && address.is_loopback())
        || settings.networks.iter().any(|network| network.holds(address))
}

/// Reads what people enter as a webhook's address.
///
/// # Errors
/// A Chinese sentence.
pub fn parse(text: &str, settings: &WebhookSettings) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "不是有效的网址")?;
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err("网址须有主机名"),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback && settings.allow_loopback => {}
        _ => return Err("网址须以 https:// 开头"),
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("网址不能含有账号、密码或 #");
    }
    if is_ported(&url) && settings.networks.is_empty() && !settings.allow_loopback {
        return Err("网址只能使用 443 端口");
    }
    let literal: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    };
    match literal {
        Some(address) => check(&url, &[SocketAddr::new(address, port(&url))], settings).map(|()| url),
        None => Ok(url),
    }
}

fn port(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(443)
}

fn is_ported(url: &Url) -> bool {
    port(url) != 443
}

/// Whether a message may go to all these addresses of a webhook's host.
///
/// # Errors
/// A Chinese sentence.
pub fn check(url: &Url, addresses: &[SocketAddr], settings: &WebhookSettings) -> Result<(), &'static str> {
    if addresses.is_empty() {
        return Err("主机名没有地址");
    }
    for address in addresses.iter().map(SocketAddr::ip) {
        let allowed = is_allowed(address, settings);
        if !allowed && !is_public(address) {
            return Err("主机名指向内部或保留地址，不能发送");
        }
        if !allowed && is_ported(url) {
            return Err("公网地址只能使用 443 端口");
        }
        if url.scheme() != "https" && !(settings.allow_loopback && address.is_loopback()) {
            return Err("不加密的网址只能指向本机");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses that look harmless, or are written so that a careless reader takes them for others (s40).
    const INNER: [&str; 30] = [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://0.0.0.0/",
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/latest/meta-data/",
        "https://100.64.0.1/",
        "https://192.0.0.192/",
        "https://198.18.0.1/",
        "https://203.0.113.9/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
        "https://１２７.0.0.1/",
    ];

    fn strict() -> WebhookSettings {
        WebhookSettings::default()
    }

    #[test]
    fn s40_inner_addresses_are_refused_however_they_are_written() {
        for text in INNER {
            assert!(parse(text, &strict()).is_err(), "{text}");
        }
        for text in ["https://8.8.8.8/", "https://[2400:3200::1]/hook", "https://oa.example.cn/hook?a=1"] {
            assert!(parse(text, &strict()).is_ok(), "{text}");
        }
    }

    #[test]
    fn s40_only_https_without_credentials_on_443() {
        for text in [
            "http://oa.example.cn/",
            "ftp://oa.example.cn/",
            "https://a:b@oa.example.cn/",
            "https://oa.example.cn/#x",
            "https://oa.example.cn:8443/",
            "file:///etc/passwd",
            "https://",
            "不是网址",
        ] {
            assert!(parse(text, &strict()).is_err(), "{text}");
        }
    }

    #[test]
    fn s40_every_address_of_a_name_counts() {
        let url = parse("https://oa.example.cn/", &strict()).unwrap();
        let to = |ips: &[&str]| -> Vec<SocketAddr> {
            ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)).collect()
        };
        assert!(check(&url, &to(&["8.8.8.8", "2400:3200::1"]), &strict()).is_ok());
        assert!(check(&url, &to(&["8.8.8.8", "10.0.0.1"]), &strict()).is_err());
        assert!(check(&url, &[], &strict()).is_err());
        let office = WebhookSettings { networks: vec![Network::parse("10.0.0.0/24").unwrap()], ..strict() };
        assert!(check(&url, &to(&["8.8.8.8", "10.0.0.1"]), &office).is_ok());
        assert!(check(&url, &to(&["10.0.1.1"]), &office).is_err());
        let ported = parse("https://oa.example.cn:8443/", &office).unwrap();
        assert!(check(&ported, &to(&["10.0.0.1"]), &office).is_ok());
        assert!(check(&ported, &to(&["8.8.8.8"]), &office).is_err());
    }

    #[test]
    fn plain_http_stays_on_this_machine_and_only_where_it_is_allowed() {
        let tests = WebhookSettings { allow_loopback: true, ..strict() };
        assert!(parse("http://127.0.0.1:8080/", &strict()).is_err());
        let url = parse("http://127.0.0.1:8080/", &tests).unwrap();
        assert!(check(&url, &["8.8.8.8:8080".parse().unwrap()], &tests).is_err());
        assert!(parse("http://10.0.0.1/", &tests).is_err());
    }

    #[test]
    fn networks_are_read_and_never_hold_this_machine_or_the_clouds_metadata() {
        for text in ["0.0.0.0/0", "127.0.0.0/8", "169.254.0.0/16", "::/1", "10.0.0.0", "10.0.0.0/33", "x/8"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        let ours = Network::parse("10.20.0.0/16").unwrap();
        assert!(ours.holds("10.20.255.1".parse().unwrap()) && !ours.holds("10.21.0.1".parse().unwrap()));
        assert!(Network::parse("fd12::/16").unwrap().holds("fd12::9".parse().unwrap()));
    }
}
