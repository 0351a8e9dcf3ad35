//! Serving. `main`, the demo and the tests start the very same thing.

use super::problem::{Problem, of_status};
use super::routes;
use crate::app::App;
use crate::fault::Fault;
use crate::metrics;
use actix_web::dev::{Server, Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, ErrorHandlerResponse, ErrorHandlers};
use actix_web::{App as Actix, HttpResponse, HttpServer, web};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Largest number of open connections a worker.
const CONNECTIONS: usize = 2_000;

/// A server on `listener`; await it, and stop it by its handle. Signals are left to the process that it is part of.
///
/// # Errors
/// The listener's.
pub fn serve(app: Arc<App>, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let data = web::Data::from(app);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(data.clone())
            .wrap(Compress::default())
            .wrap(ErrorHandlers::new().default_handler(as_problem))
            .wrap(security_headers())
            .wrap_fn(counted)
            .configure(|config| routes::table().register(config))
            .configure(super::system::configure)
            .default_service(
                web::route().to(|| async { Err::<&str, Problem>(Fault::missing("该地址").into()) }),
            )
    })
    .workers(workers)
    .max_connections(CONNECTIONS)
    .client_request_timeout(Duration::from_secs(10))
    .keep_alive(Duration::from_secs(30))
    .shutdown_timeout(30)
    .disable_signals()
    .listen(listener)?;
    Ok(server.run())
}

/// Counts an answer, with the time from head to answer.
fn counted<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, actix_web::Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let begun = Instant::now();
    let answering = service.call(request);
    async move {
        let answer = answering.await?;
        metrics::request(answer.status().as_u16(), begun.elapsed());
        Ok(answer)
    }
}

/// The metrics, at an address of their own.
///
/// # Errors
/// The listener's.
pub fn serve_metrics(listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(|| {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        let page = move || async move { HttpResponse::Ok().content_type(kind).body(metrics::text()) };
        Actix::new().route("/metrics", web::get().to(page))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

fn security_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::REFERRER_POLICY, "no-referrer"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ))
}

/// actix's own refusals (405, bad request line, …) in the one format.
fn as_problem<B: 'static>(response: ServiceResponse<B>) -> actix_web::Result<ErrorHandlerResponse<B>> {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/problem+json"));
    if is_problem {
        return Ok(ErrorHandlerResponse::Response(response.map_into_left_body()));
    }
    let (request, old) = response.into_parts();
    let status = old.status();
    let (code, detail) = match status.as_u16() {
        404 => ("not_found", "未找到该地址"),
        405 => ("method_not_allowed", "该地址不支持此方法"),
        _ => ("bad_request", "请求无法处理"),
    };
    let mut fresh = of_status(status, code, detail);
    if let Some(allow) = old.headers().get(header::ALLOW) {
        fresh.headers_mut().insert(header::ALLOW, allow.clone());
    }
    Ok(ErrorHandlerResponse::Response(ServiceResponse::new(request, fresh).map_into_right_body()))
}
