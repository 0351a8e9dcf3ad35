//! Speaking HTTP in tests: [`Api`] sends as somebody, [`Reply`] is what came back, with the assertions that every test
//! needs. A failed assertion shows the request and the whole answer.

use serde_json::Value;
use std::time::Duration;
use ureq::http::{HeaderMap, Method, Request};
use ureq::{Agent, AsSendBody};

/// An agent that never treats a status as an error and never follows a redirect.
pub fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)));
    config.build().new_agent()
}

/// The API as somebody, or as nobody.
#[derive(Clone)]
pub struct Api<'a> {
    agent: &'a Agent,
    base: String,
    token: Option<String>,
}

impl<'a> Api<'a> {
    /// Requests to `base`, with a token where one is given.
    pub fn new(agent: &'a Agent, base: String, token: Option<String>) -> Self {
        Self { agent, base, token }
    }

    /// GET. Paths are below `/api/v1`; one that begins with `//` is the server's own (`//livez`).
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], ())
    }

    /// GET with headers; nothing is decoded, whatever they ask for.
    #[track_caller]
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, ())
    }

    /// DELETE.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, &[], ())
    }

    /// POST of JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::POST, path, &[], body)
    }

    /// PUT of JSON.
    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.json(Method::PUT, path, &[], body)
    }

    /// PATCH of JSON with `If-Match`; a revision of `None` leaves the header out.
    #[track_caller]
    pub fn patch(&self, path: &str, revision: Option<i64>, body: &Value) -> Reply {
        let tag = revision.map(|r| format!("\"{r}\""));
        let headers: Vec<(&str, &str)> = tag.iter().map(|tag| ("If-Match", tag.as_str())).collect();
        self.json(Method::PATCH, path, &headers, body)
    }

    /// Any method with JSON and headers.
    #[track_caller]
    pub fn json(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let mut headers = headers.to_vec();
        headers.push(("Content-Type", "application/json"));
        self.send(method, path, &headers, body.to_string())
    }

    /// Any method with any bytes.
    #[track_caller]
    pub fn bytes(&self, method: Method, path: &str, content_type: &str, body: &[u8]) -> Reply {
        self.send(method, path, &[("Content-Type", content_type)], body)
    }

    /// Any method with headers and any body, also none: `()`.
    #[track_caller]
    pub fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl AsSendBody) -> Reply {
        let asked = format!("{method} {path}");
        let url = match path.strip_prefix("//") {
            Some(own) => format!("{}/{own}", self.base),
            None => format!("{}/api/v1{path}", self.base),
        };
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.body(body).expect("a request");
        let mut response = self.agent.run(request).unwrap_or_else(|e| panic!("{asked}: {e}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let limit = 64 * 1024 * 1024;
        let bytes = response.body_mut().with_config().limit(limit).read_to_vec().expect("a whole answer");
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply { asked, status, headers, bytes, json }
    }

    /// All items of a list, page by page.
    #[track_caller]
    pub fn all(&self, path: &str) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (vec![], String::new());
        loop {
            let page = self.get(&format!("{path}{joint}limit=100{cursor}")).ok();
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
    /// The body as JSON; null where it is none.
    pub json: Value,
}

impl Reply {
    /// A header's text, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// What happened, for messages.
    pub fn told(&self) -> String {
        format!("{} → {} {}", self.asked, self.status, String::from_utf8_lossy(&self.bytes))
    }

    /// Exactly this status; gives the body.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.told());
        self.json.clone()
    }

    /// 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        self.is(200)
    }

    /// 201.
    #[track_caller]
    pub fn created(&self) -> Value {
        self.is(201)
    }

    /// 204 without a body.
    #[track_caller]
    pub fn done(&self) {
        self.is(204);
        assert!(self.bytes.is_empty(), "{}", self.told());
    }

    /// A problem with this status and code, in the one form: RFC 9457, Chinese, not to be stored. Gives the problem.
    #[track_caller]
    pub fn expect(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{}", self.told());
        self.is_problem();
        self.json.clone()
    }

    /// As [`Reply::expect`], and the culprit stands at `pointer` with `fault` as its code.
    #[track_caller]
    pub fn expect_at(&self, status: u16, code: &str, pointer: &str, fault: &str) {
        let problem = self.expect(status, code);
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let named = errors.iter().any(|e| e["pointer"] == pointer && e["code"] == fault);
        assert!(named, "no {fault} at {pointer:?}: {}", self.told());
    }

    /// The one form of everything that is not a success.
    #[track_caller]
    pub fn is_problem(&self) {
        let told = self.told();
        assert_eq!(self.header("content-type"), "application/problem+json", "{told}");
        assert_eq!(self.header("cache-control"), "no-store", "{told}");
        let text = |name: &str| self.json[name].as_str().unwrap_or_default().to_string();
        assert_eq!(self.json["status"], self.status, "{told}");
        assert_eq!(text("type"), format!("urn:yixun:problem:{}", text("code")), "{told}");
        assert!(is_chinese(&text("detail")) && !text("title").is_empty(), "{told}");
        for error in self.json["errors"].as_array().into_iter().flatten() {
            let pointer = error["pointer"].as_str().unwrap_or("?");
            assert!(pointer.is_empty() || pointer.starts_with('/'), "{told}");
            assert!(is_chinese(error["detail"].as_str().unwrap_or_default()), "{told}");
            assert!(error["code"].as_str().is_some_and(|c| !c.is_empty()), "{told}");
        }
    }

    /// The revision in the entity tag.
    #[track_caller]
    pub fn revision(&self) -> i64 {
        let tag = self.header("etag").trim_matches('"');
        tag.parse().unwrap_or_else(|_| panic!("no revision in the entity tag {tag:?} of {}", self.told()))
    }
}

/// Whether a text has a Chinese character.
pub fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
