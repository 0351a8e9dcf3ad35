//! Counts for whoever watches the server, in the form that Prometheus reads. They are of this process and begin at zero
//! with it. Served at an address of their own (`YIXUN_METRICS_LISTEN`), because they need no login.

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::sync::LazyLock;
use std::time::Duration;

struct Metrics {
    registry: Registry,
    uploads: IntCounterVec,
    staged: IntCounter,
    swept: IntCounterVec,
    blobs_missing: IntGauge,
    requests: IntCounterVec,
    seconds: Histogram,
    jobs_failed: IntCounter,
    typeset: IntCounterVec,
}

/// None only where two of the names below were the same, which the unit test excludes.
static METRICS: LazyLock<Option<Metrics>> = LazyLock::new(|| Metrics::new().ok());

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let counters =
            |name: &str, help: &str, label: &str| IntCounterVec::new(Opts::new(name, help), &[label]);
        let buckets = vec![0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
        let seconds = HistogramOpts::new("yixun_http_request_seconds", "Time from head to answer.");
        let metrics = Self {
            registry: Registry::new(),
            uploads: counters("yixun_uploads_total", "Uploads by what became of them.", "outcome")?,
            staged: IntCounter::new("yixun_upload_bytes_total", "Bytes written to staged uploads.")?,
            swept: counters("yixun_swept_total", "What the sweeper removed.", "what")?,
            blobs_missing: IntGauge::new(
                "yixun_blobs_missing",
                "Rows without their blob, at the last sweep.",
            )?,
            requests: counters("yixun_http_requests_total", "Requests by class of status.", "status")?,
            seconds: Histogram::with_opts(seconds.buckets(buckets))?,
            jobs_failed: IntCounter::new("yixun_jobs_failed_total", "Attempts of jobs that failed.")?,
            typeset: counters("yixun_typeset_total", "Compilations by what became of them.", "outcome")?,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.uploads.clone()))?;
        registry.register(Box::new(metrics.staged.clone()))?;
        registry.register(Box::new(metrics.swept.clone()))?;
        registry.register(Box::new(metrics.blobs_missing.clone()))?;
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.jobs_failed.clone()))?;
        registry.register(Box::new(metrics.typeset.clone()))?;
        Ok(metrics)
    }
}

fn with(f: impl FnOnce(&Metrics)) {
    if let Some(metrics) = &*METRICS {
        f(metrics);
    }
}

/// An upload was `begun`, `completed`, `refused`, `terminated` or `expired`.
pub fn upload(outcome: &str) {
    with(|m| m.uploads.with_label_values(&[outcome]).inc());
}

/// So many bytes were written to staged uploads.
pub fn staged(bytes: usize) {
    with(|m| m.staged.inc_by(bytes as u64));
}

/// The sweeper removed so many `stagings`, `photos` or `blobs`.
pub fn swept(what: &str, count: usize) {
    with(|m| m.swept.with_label_values(&[what]).inc_by(count as u64));
}

/// So many rows have lost their blob.
pub fn blobs_missing(count: usize) {
    with(|m| m.blobs_missing.set(i64::try_from(count).unwrap_or(i64::MAX)));
}

/// A request was answered.
pub fn request(status: u16, took: Duration) {
    with(|m| {
        let class = ["1xx", "2xx", "3xx", "4xx", "5xx"][usize::from((status / 100).clamp(1, 5)) - 1];
        m.requests.with_label_values(&[class]).inc();
        m.seconds.observe(took.as_secs_f64());
    });
}

/// An attempt of a job failed.
pub fn job_failed() {
    with(|m| m.jobs_failed.inc());
}

/// A letter or sheet was `made` or `refused`, found no turn (`busy`), or was waited for in vain (`too_slow`).
pub fn typeset(outcome: &str) {
    with(|m| m.typeset.with_label_values(&[outcome]).inc());
}

/// Everything, as Prometheus reads it.
pub fn text() -> String {
    let encoded = METRICS.as_ref().map(|m| TextEncoder::new().encode_to_string(&m.registry.gather()));
    encoded.and_then(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        upload("begun");
        staged(7);
        swept("blobs", 2);
        blobs_missing(3);
        request(204, Duration::from_millis(3));
        job_failed();
        typeset("made");
        let text = text();
        for line in [
            "yixun_uploads_total{outcome=\"begun\"} ",
            "yixun_upload_bytes_total ",
            "yixun_swept_total{what=\"blobs\"} ",
            "yixun_blobs_missing 3",
            "yixun_http_requests_total{status=\"2xx\"} ",
            "yixun_http_request_seconds_count ",
            "yixun_jobs_failed_total ",
            "yixun_typeset_total{outcome=\"made\"} ",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
