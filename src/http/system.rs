//! The server's own pages: health, version, the specification, Swagger UI.

use super::openapi;
use super::problem::Answer;
use crate::app::App;
use crate::clock::machine_now;
use crate::fault::Fault;
use actix_web::{HttpResponse, web};
use serde_json::json;
use std::sync::OnceLock;
use utoipa_swagger_ui::{Config, SwaggerUi};

pub fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(|| async { HttpResponse::Ok().json(json!({"status": "ok"})) }))
        .route("/readyz", web::get().to(readyz))
        .route("/version", web::get().to(version))
        .route("/openapi.json", web::get().to(specification))
        .route("/docs", web::get().to(to_docs))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::new(["/openapi.json"])));
}

async fn readyz(app: web::Data<App>) -> Answer<HttpResponse> {
    let head = app.db.read(|conn| crate::audit::head(conn).map(drop)).await;
    head.map_err(|fault| Fault::Busy(fault.for_log()))?;
    Ok(HttpResponse::Ok().json(json!({"status": "ready"})))
}

async fn version(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "business_time": app.clock.now().with_timezone(&crate::clock::SHANGHAI).to_rfc3339(),
        "machine_time": machine_now().to_rfc3339(),
    }))
}

async fn specification() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    HttpResponse::Ok().content_type("application/json").body(TEXT.get_or_init(openapi::text).as_str())
}

async fn to_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("Location", "/docs/")).finish()
}
