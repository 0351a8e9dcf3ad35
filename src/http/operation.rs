//! A handler's signature is its specification. Every extractor and every answer knows how to describe itself, so the
//! permission, the parameters, the body and the responses of an operation cannot drift from what the code does.

use super::answer::Described;
use super::problem::{Answer, ProblemDetails};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
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

/// A handler whose signature describes it.
pub trait Operation<Args>: actix_web::Handler<Args> {
    /// Describes the operation.
    fn describe(op: &mut OperationSpec);
}

macro_rules! operation {
    ($($part:ident)+) => {
        impl<Fun, Fut, Ok, $($part),+> Operation<($($part,)+)> for Fun
        where
            Fun: Fn($($part),+) -> Fut + Clone + 'static,
            Fut: Future<Output = Answer<Ok>>,
            Ok: Described + 'static,
            $($part: Part + 'static,)+
        {
            fn describe(op: &mut OperationSpec) {
                $($part::describe(op);)+
                Ok::describe(op);
            }
        }
    };
}

operation!(A);
operation!(A B);
operation!(A B C);
operation!(A B C D);
operation!(A B C D E);
