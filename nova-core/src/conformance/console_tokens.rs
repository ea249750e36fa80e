//! Console tokens.

use super::cases::{Case, cases};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(console_tokens {});
