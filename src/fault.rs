//! What can go wrong inside a capability, without a word about HTTP. `http/problem.rs` turns a [`Fault`] into an
//! RFC 9457 answer; the command line prints it. Use
//! - [`Fault::invalid`] for input that can never be accepted as it is (with the JSON pointer of the culprit),
//! - [`Fault::refused`] for a legal request that the present state forbids,
//! - [`Fault::missing`] for things that are not there *or outside the caller's scope*: the two must look the same.

use std::borrow::Cow;

/// One culprit in the input.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct FieldFault {
    /// JSON pointer (RFC 6901) into the request, `""` for the whole.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What is wrong, in Chinese.
    pub detail: String,
}

impl FieldFault {
    /// A culprit at `pointer`.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// Text that is mostly a literal.
pub type Text = Cow<'static, str>;

/// Why an operation did not happen. Whatever the variant, nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The input is wrong.
    #[error("{detail}")]
    Invalid {
        /// Stable code.
        code: Text,
        /// What is wrong, in Chinese.
        detail: Text,
        /// The culprits.
        errors: Vec<FieldFault>,
    },
    /// The thing is not there, or not within the caller's reach.
    #[error("未找到{0}")]
    Missing(Text),
    /// The caller is not who they say, or says nothing.
    #[error("{detail}")]
    Unauthenticated {
        /// Stable code.
        code: Text,
        /// In Chinese.
        detail: Text,
    },
    /// The caller lacks the permission.
    #[error("{detail}")]
    Forbidden {
        /// Stable code.
        code: Text,
        /// In Chinese.
        detail: Text,
    },
    /// The present state forbids it.
    #[error("{detail}")]
    Refused {
        /// Stable code.
        code: Text,
        /// In Chinese.
        detail: Text,
        /// What differs or stands in the way, by pointer.
        errors: Vec<FieldFault>,
    },
    /// A precondition (`If-Match`) is missing (`false`) or does not hold (`true`).
    #[error("版本不匹配")]
    Precondition {
        /// Whether a version was given.
        given: bool,
    },
    /// The body is larger than allowed.
    #[error("请求体超过上限 {limit} 字节")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The body is of a kind that is not accepted here.
    #[error("{0}")]
    Unsupported(Text),
    /// Too many attempts; try again in so many seconds.
    #[error("尝试次数过多，请在 {seconds} 秒后再试")]
    TooMany {
        /// Seconds to wait.
        seconds: u64,
    },
    /// Temporarily not possible; the same request may succeed later.
    #[error("系统繁忙，请稍后再试")]
    Busy(String),
    /// There is no room left for what was sent; the text is for the log.
    #[error("存储空间已满，请稍后再传并联系管理员")]
    Full(String),
    /// The database said no.
    #[error("数据库错误")]
    Database(#[from] diesel::result::Error),
    /// A defect or a broken environment; the text is for the log only.
    #[error("内部错误")]
    Internal(String),
}

impl Fault {
    /// One culprit in the input.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<Text>) -> Self {
        let detail = detail.into();
        let errors = vec![FieldFault::new(pointer, code, detail.clone())];
        Self::Invalid { code: code.into(), detail, errors }
    }

    /// Several culprits in the input.
    pub fn invalid_many(errors: Vec<FieldFault>) -> Self {
        Self::Invalid {
            code: "invalid_request".into(), detail: "请求内容有误，详见 errors".into(), errors
        }
    }

    /// The thing called `what` (Chinese) is not there.
    pub fn missing(what: &'static str) -> Self {
        Self::Missing(what.into())
    }

    /// The present state forbids it.
    pub fn refused(code: impl Into<Text>, detail: impl Into<Text>) -> Self {
        Self::Refused { code: code.into(), detail: detail.into(), errors: vec![] }
    }

    /// The caller may not.
    pub fn forbidden(code: &'static str, detail: impl Into<Text>) -> Self {
        Self::Forbidden { code: code.into(), detail: detail.into() }
    }

    /// A defect or a broken environment.
    pub fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    /// What happened, with its cause: for logs and the console, never for clients.
    pub fn for_log(&self) -> String {
        match self {
            Self::Busy(why) | Self::Full(why) | Self::Internal(why) => format!("{self}：{why}"),
            Self::Database(error) => format!("{self}：{error}"),
            _ => self.to_string(),
        }
    }

    /// The same, with its pointers below `prefix`: what was judged is a part of what was sent.
    pub fn below(mut self, prefix: &str) -> Self {
        if let Self::Invalid { errors, .. } | Self::Refused { errors, .. } = &mut self {
            errors.iter_mut().for_each(|e| e.pointer.insert_str(0, prefix));
        }
        self
    }

    /// Whether the input was refused with this code.
    pub fn has_code(&self, wanted: &str) -> bool {
        matches!(self, Self::Invalid { code, .. } if code == wanted)
    }

    /// Another fault in place of this one if it says that something is not there. Whatever else went wrong must stay
    /// what it is: the database tries a serialisation failure again.
    pub fn if_missing(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::Missing(_)) { other() } else { self }
    }

    /// Whether this says no to what was asked, rather than that something went wrong.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Invalid { .. } | Self::Refused { .. } | Self::Missing(_) | Self::Forbidden { .. }
        )
    }

    /// Whether this is a uniqueness conflict in the database.
    pub fn is_unique_violation(&self) -> bool {
        use diesel::result::{DatabaseErrorKind::UniqueViolation, Error::DatabaseError};
        matches!(self, Self::Database(DatabaseError(UniqueViolation, _)))
    }
}

/// The result of an operation.
pub type Outcome<T> = Result<T, Fault>;
