//! The trace that comes with the crate.

use super::{AzureV1, TraceError};
use crate::replay::Trace;

/// The first two hours of the test split of [`AzureV1`], as a small trace to begin with.
///
/// It is derived from `AzurePublicDatasetV1`, © Microsoft, CC-BY 4.0 (Cortez et al., "Resource
/// Central", SOSP 2017), as processed by Huawei; `data/azure-v1-sample/README.md` in this crate
/// says where it is from and what was changed. Who passes it on names the source as well.
///
/// ```
/// let trace = nova_sched::replay::sample()?;
/// assert_eq!(trace.flavors().len(), 16);
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
///
/// # Errors
/// None that is known: the files are part of the crate, and a test reads them.
pub fn sample() -> Result<Trace, TraceError> {
    let format = AzureV1::new(
        &include_bytes!("../../../data/azure-v1-sample/flav_map.txt")[..],
        &include_bytes!("../../../data/azure-v1-sample/interval_map.txt")[..],
    )?;
    format.read(
        "azure-v1-sample",
        &include_bytes!("../../../data/azure-v1-sample/arrivals.txt")[..],
        &include_bytes!("../../../data/azure-v1-sample/durations.txt")[..],
    )
}
