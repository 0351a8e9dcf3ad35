//! How far the demo is: a bar on a terminal; elsewhere a plain line at the start, at most every tenth, and at the end.
//! Both on standard error, so that the table on standard output stays alone.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A stage of the demo; usable from several threads.
#[derive(Debug)]
pub struct Stage {
    label: &'static str,
    total: u64,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(ProgressBar),
    Lines(Tenths),
}

impl Stage {
    /// Begins a stage of `total` steps.
    pub fn start(label: &'static str, total: u64) -> Self {
        let shown = if std::io::stderr().is_terminal() {
            Shown::Bar(bar(label, total))
        } else {
            eprintln!("{label}：共 {total}");
            Shown::Lines(Tenths::default())
        };
        Self { label, total, shown }
    }

    /// `steps` more are done.
    pub fn advance(&self, steps: u64) {
        match &self.shown {
            Shown::Bar(bar) => bar.inc(steps),
            Shown::Lines(tenths) => {
                if let Some(tenth) = tenths.reached(steps, self.total).filter(|tenth| *tenth < 10) {
                    eprintln!("{}：{}%", self.label, tenth * 10);
                }
            }
        }
    }

    /// The stage is over.
    pub fn finish(&self) {
        match &self.shown {
            Shown::Bar(bar) => {
                bar.finish();
                // The bar leaves the cursor behind it.
                eprintln!();
            }
            Shown::Lines(_) => eprintln!("{}：完成", self.label),
        }
    }
}

fn bar(label: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(label);
    match ProgressStyle::with_template("[{elapsed_precise}] {bar:30} {pos}/{len} {msg}") {
        Ok(style) => bar.with_style(style),
        // The template is fixed; a plain bar is better than none.
        Err(_) => bar,
    }
}

/// Counts steps and says when another tenth is full; each is said once, whichever thread fills it.
#[derive(Debug, Default)]
struct Tenths {
    done: AtomicU64,
    said: AtomicU64,
}

impl Tenths {
    fn reached(&self, steps: u64, total: u64) -> Option<u64> {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        let tenth = (done * 10).checked_div(total)?;
        (self.said.fetch_max(tenth, Ordering::Relaxed) < tenth).then_some(tenth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenth_is_said_once() {
        let tenths = Tenths::default();
        let said: Vec<u64> = (0..373).filter_map(|_| tenths.reached(1, 373)).collect();
        assert_eq!(said, (1..=10).collect::<Vec<_>>());
        assert_eq!(Tenths::default().reached(5, 10), Some(5));
        assert_eq!(Tenths::default().reached(1, 0), None);
    }

    #[test]
    fn threads_share_a_stage() {
        let tenths = Tenths::default();
        let said = std::thread::scope(|scope| {
            let count = || (0..250).filter_map(|_| tenths.reached(1, 1000)).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
            threads.into_iter().map(|t| t.join().unwrap_or_default()).sum::<usize>()
        });
        assert!((1..=10).contains(&said), "{said}");
    }
}
