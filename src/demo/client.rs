//! A client of the API, as a phone or a console would be one.

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use ureq::Agent;
use ureq::http::Response;

/// The API at an address.
#[derive(Clone)]
pub struct Api {
    agent: Agent,
    base: String,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Session {
    api: Api,
    token: String,
}

/// How often a request is sent while the server answers 503, which means that nothing was stored.
const TRIES: u32 = 6;
/// Bytes of a file at the most.
const LARGEST: u64 = 64 << 20;

impl Api {
    /// The API at `address`.
    pub fn new(address: SocketAddr) -> Self {
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
        Self { agent: config.build().new_agent(), base: format!("http://{address}/api/v1") }
    }

    /// Logs in.
    ///
    /// # Errors
    /// What the server answered.
    pub fn login(&self, username: &str, password: &str) -> Result<Session, String> {
        let body = json!({"username": username, "password": password});
        let url = format!("{}/auth/login", self.base);
        let tokens =
            again(&format!("POST /auth/login（{username}）"), || self.agent.post(&url).send_json(&body))?;
        let token = tokens["access_token"].as_str().ok_or("登录未返回凭证")?.to_string();
        Ok(Session { api: self.clone(), token })
    }
}

type Sent = Result<Response<ureq::Body>, ureq::Error>;

/// Sends until the server is not busy.
fn until_free(what: &str, send: impl Fn() -> Sent) -> Result<Response<ureq::Body>, String> {
    let mut pause = Duration::from_millis(50);
    for left in (0..TRIES).rev() {
        let response = send().map_err(|e| format!("{what}：{e}"))?;
        if response.status() != 503 || left == 0 {
            return Ok(response);
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    Err(format!("{what}：没有发送"))
}

fn again(what: &str, send: impl Fn() -> Sent) -> Result<Value, String> {
    answer(what, until_free(what, send)?)
}

fn answer(what: &str, mut response: Response<ureq::Body>) -> Result<Value, String> {
    let status = response.status();
    let text = response.body_mut().read_to_string().map_err(|e| format!("{what}：{e}"))?;
    if !status.is_success() {
        return Err(format!("{what} → {status}：{text}"));
    }
    if text.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_str(&text).map_err(|e| format!("{what}：{e}"))
    }
}

impl Session {
    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// GET.
    ///
    /// # Errors
    /// What the server answered.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.api.base);
        again(&format!("GET {path}"), || {
            self.api.agent.get(&url).header("Authorization", self.bearer()).call()
        })
    }

    /// All items of a list, page by page.
    ///
    /// # Errors
    /// What the server answered.
    pub fn all(&self, path: &str) -> Result<Vec<Value>, String> {
        let mut items = vec![];
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{joint}limit=100{cursor}"))?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// POST of a JSON body, or of none for null.
    ///
    /// # Errors
    /// What the server answered.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.api.base);
        again(&format!("POST {path}"), || {
            let request = self.api.agent.post(&url).header("Authorization", self.bearer());
            if body.is_null() { request.send_empty() } else { request.send_json(body) }
        })
    }

    /// POST of a file.
    ///
    /// # Errors
    /// What the server answered.
    pub fn post_file(&self, path: &str, content_type: &str, bytes: &[u8]) -> Result<Value, String> {
        let url = format!("{}{path}", self.api.base);
        again(&format!("POST {path}"), || {
            let request = self.api.agent.post(&url).header("Authorization", self.bearer());
            request.header("Content-Type", content_type).send(bytes)
        })
    }

    /// PUT of a JSON body.
    ///
    /// # Errors
    /// What the server answered.
    pub fn put(&self, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.api.base);
        again(&format!("PUT {path}"), || {
            self.api.agent.put(&url).header("Authorization", self.bearer()).send_json(body)
        })
    }

    /// PUT of a photo.
    ///
    /// # Errors
    /// What the server answered.
    pub fn put_photo(&self, id: &str, sha256: &str, bytes: &[u8]) -> Result<Value, String> {
        let url = format!("{}/photos/{id}?sha256={sha256}", self.api.base);
        again("PUT /photos", || {
            let request = self.api.agent.put(&url).header("Authorization", self.bearer());
            request.header("Content-Type", "image/jpeg").send(bytes)
        })
    }

    /// PUT of a PDF.
    ///
    /// # Errors
    /// What the server answered.
    pub fn put_pdf(&self, path: &str, bytes: &[u8]) -> Result<Value, String> {
        let url = format!("{}{path}", self.api.base);
        again(&format!("PUT {path}"), || {
            let request = self.api.agent.put(&url).header("Authorization", self.bearer());
            request.header("Content-Type", "application/pdf").send(bytes)
        })
    }

    /// GET of a file.
    ///
    /// # Errors
    /// What the server answered.
    pub fn download(&self, path: &str) -> Result<Vec<u8>, String> {
        let (what, url) = (format!("GET {path}"), format!("{}{path}", self.api.base));
        let send = || self.api.agent.get(&url).header("Authorization", self.bearer()).call();
        let mut response = until_free(&what, send)?;
        if !response.status().is_success() {
            return answer(&what, response).map(|_| vec![]);
        }
        response.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(|e| format!("{what}：{e}"))
    }
}
