//! Logging: one line an event, to standard error; JSON on request.

use tracing_subscriber::EnvFilter;

/// Starts logging. A second call does nothing.
///
/// # Errors
/// A Chinese sentence when the filter cannot be read.
pub fn start(filter: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| format!("设置 YIXUN_LOG：{e}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A logger that is already there (tests) stays.
    let _already = if json { lines.json().try_init() } else { lines.try_init() };
    Ok(())
}
