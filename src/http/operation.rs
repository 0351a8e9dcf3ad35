//! A handler's signature is its specification. Every extractor and every answer knows how to describe itself, so the
//! permission, the parameters, the body and the responses of an operation cannot drift from what the code does.

use super::answer::Described;
use super::problem::{Answer, ProblemDetails};
use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, Responder};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use utoipa::ToSchema;

/// An operation while it is being described.
#[derive(Debug, Default)]
pub struct OperationSpec {
    /// The path template.
    pub path: String,
    /// OpenAPI operation object under construction.
    pub body: Map<String, Value>,
    /// Schemas that it refers to.
    pub components: BTreeMap<String, Value>,
    parameters: Vec<Value>,
    responses: BTreeMap<String, Value>,
}

impl OperationSpec {
    /// An empty description of the operation at `path`.
    pub fn new(path: &str) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// A reference to the schema of `T`, which is put among the components with all that it refers to.
    pub fn schema<T: ToSchema + 'static>(&mut self) -> Value {
        let mut nested = vec![];
        T::schemas(&mut nested);
        for (name, schema) in nested {
            self.components.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
        let own = serde_json::to_value(T::schema()).unwrap_or_default();
        if own.get("$ref").is_some() || own.get("type").is_some_and(|t| t != "object" && t != "string") {
            return own;
        }
        self.components.insert(T::name().to_string(), own);
        json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
    }

    /// Adds a parameter object.
    pub fn parameter(&mut self, parameter: Value) {
        self.parameters.push(parameter);
    }

    /// Adds a response.
    pub fn response(&mut self, status: &str, response: Value) {
        self.responses.insert(status.into(), response);
    }

    /// Adds problem responses.
    pub fn problems(&mut self, statuses: &[(&str, &str)]) {
        let schema = self.schema::<ProblemDetails>();
        for (status, description) in statuses {
            let content = json!({"application/problem+json": {"schema": schema}});
            self.response(status, json!({"description": description, "content": content}));
        }
    }

    /// The names in the path template, in order.
    pub fn path_names(&self) -> Vec<String> {
        let after_open = self.path.split('{').skip(1);
        after_open.filter_map(|rest| rest.split('}').next()).map(str::to_string).collect()
    }

    /// The finished OpenAPI operation object.
    pub fn finish(mut self) -> (Map<String, Value>, BTreeMap<String, Value>) {
        if !self.parameters.is_empty() {
            self.body.insert("parameters".into(), Value::Array(self.parameters));
        }
        self.body.insert("responses".into(), json!(self.responses));
        (self.body, self.components)
    }
}

/// A part of a handler's signature.
pub trait Part {
    /// Adds what it stands for to the operation.
    fn describe(op: &mut OperationSpec);
}

/// An operation at work.
pub type Running = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>>>>;

/// A handler whose signature describes it.
pub trait Operation<Args>: Clone + 'static {
    /// Describes the operation.
    fn describe(op: &mut OperationSpec);

    /// Runs it. The parts of the signature are read one after the other, so that whoever may not is told so before
    /// anything else is judged or read; actix itself would poll them all at once.
    fn run(self, request: HttpRequest, payload: Payload) -> Running;
}

macro_rules! operation {
    ($($part:ident)+) => {
        impl<Fun, Fut, Ok, $($part),+> Operation<($($part,)+)> for Fun
        where
            Fun: Fn($($part),+) -> Fut + Clone + 'static,
            Fut: Future<Output = Answer<Ok>> + 'static,
            Ok: Described + Responder + 'static,
            $($part: Part + FromRequest + 'static,)+
        {
            fn describe(op: &mut OperationSpec) {
                $($part::describe(op);)+
                Ok::describe(op);
            }

            #[expect(non_snake_case, reason = "the parts are named after their types")]
            fn run(self, request: HttpRequest, mut payload: Payload) -> Running {
                Box::pin(async move {
                    $(let $part = $part::from_request(&request, &mut payload).await.map_err(Into::into)?;)+
                    let answer = self($($part),+).await?;
                    Result::Ok(answer.respond_to(&request).map_into_boxed_body())
                })
            }
        }
    };
}

operation!(A);
operation!(A B);
operation!(A B C);
operation!(A B C D);
operation!(A B C D E);
