//! One store, opened when its first case runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use nova_core::Env;
use nova_core::conformance::Case;
use nova_core::repository::Store;
use tokio::runtime::Runtime;

/// Something to do when the cases are over.
pub(crate) type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A store that is open.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) env: Env,
    /// Removes what the store was kept in, once it is closed.
    pub(crate) ending: Ending,
}

/// What a store is like.
pub(crate) struct Kind {
    /// How its tests are called.
    pub(crate) name: &'static str,
    /// The variable without which it is not there.
    pub(crate) variable: Option<&'static str>,
    /// What its cases run on.
    pub(crate) runtime: fn() -> Runtime,
    /// Opens it.
    pub(crate) open: fn() -> Pin<Box<dyn Future<Output = Opened>>>,
    /// How often each case runs: what one run leaves must not disturb the next.
    pub(crate) times: usize,
}

/// A store to be, and what passed on it.
pub(crate) struct Place {
    kind: Kind,
    opened: Mutex<Option<(Runtime, Opened)>>,
    passed: AtomicUsize,
}

impl Place {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            opened: Mutex::new(None),
            passed: AtomicUsize::new(0),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.kind.name
    }

    /// Whether what it needs was not given.
    pub(crate) fn is_missing(&self) -> bool {
        let variable = self.kind.variable;
        variable.is_some_and(|variable| std::env::var_os(variable).is_none())
    }

    /// Runs a case; those of one store wait for each other.
    pub(crate) fn run(&self, case: Case) {
        if self.is_missing() {
            panic!("it needs a server in {}", self.kind.variable.unwrap());
        }
        // A case that failed before leaves a store that others can use.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (runtime, opened) = opened.get_or_insert_with(|| {
            let runtime = (self.kind.runtime)();
            let opened = runtime.block_on((self.kind.open)());
            (runtime, opened)
        });
        runtime.block_on(async {
            for _ in 0..self.kind.times {
                case.run(&opened.store, &opened.env).await;
            }
        });
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes the store, and says how many cases passed on it, if any.
    pub(crate) fn finish(&self) -> Option<String> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (runtime, opened) = opened.take()?;
        runtime.block_on(async {
            opened.store.close().await;
            opened.ending.await;
        });
        let passed = self.passed.load(Ordering::Relaxed);
        Some(format!("{} {passed} cases", self.kind.name))
    }
}
