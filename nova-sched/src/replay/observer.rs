//! Who watches a replay.

use std::time::Duration;

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many servers have been asked for.
    pub arrived: usize,
    /// How many there are in the trace.
    pub of: usize,
    /// How many of them found no host.
    pub refused: u64,
    /// The time in the trace.
    pub at: Duration,
}

/// Watches a replay, and lends it a clock: this crate reads none.
///
/// ```
/// use std::time::Duration;
///
/// use nova_sched::replay::{Observer, Progress};
///
/// /// Prints dots. A program would read its clock in `clock`; here every look takes a microsecond.
/// #[derive(Default)]
/// struct Dots(u64);
///
/// impl Observer for Dots {
///     fn progress(&mut self, _progress: &Progress) {
///         print!(".");
///     }
///     fn clock(&mut self) -> Option<Duration> {
///         self.0 += 1;
///         Some(Duration::from_micros(self.0))
///     }
/// }
/// # use nova_sched::replay::{Replay, Trace};
/// # let trace = Trace::builder("empty").build();
/// # let replay = Replay::new(&trace, nova_sched::Fleet::default());
/// # replay.run_with("dots", &nova_sched::Scheduler::default(), &mut Dots::default());
/// ```
pub trait Observer {
    /// Called now and then, at the latest after 256 servers, and at the end.
    fn progress(&mut self, _progress: &Progress) {}

    /// The time since some moment, for [`Report::timing`](super::Report::timing). Asked twice a
    /// decision. `None` if nobody wants to know.
    fn clock(&mut self) -> Option<Duration> {
        None
    }
}

/// Nobody watches.
impl Observer for () {}
