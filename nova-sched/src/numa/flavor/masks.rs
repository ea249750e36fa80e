//! Which processors have one of the host's each.

use nova_core::model::CpuPolicy;

use super::super::CpuSet;
use super::NumaFlavorError;
use super::policies::Policies;
use super::source::{Source, malformed};

const DEDICATED: &str = "hw:cpu_dedicated_mask";
const REALTIME: &str = "hw:cpu_realtime";
const REALTIME_MASK: &str = "hw:cpu_realtime_mask";

/// The dedicated ones of a server's processors.
pub(super) fn dedicated(
    source: &Source<'_>,
    policies: &Policies,
) -> Result<CpuSet, NumaFlavorError> {
    let realtime = realtime(source, policies)?;
    let mask = dedicated_mask(source)?;
    match policies.cpu {
        None | Some(CpuPolicy::Shared) => {
            let needs = |key, needs| Err(NumaFlavorError::Needs { key, needs });
            if policies.threads.is_some() {
                return needs("hw:cpu_thread_policy", "dedicated CPUs");
            }
            if policies.emulator == Some(super::super::EmulatorThreadsPolicy::Isolate) {
                return needs("hw:emulator_threads_policy", "dedicated CPUs");
            }
            if mask.is_some() {
                return needs(DEDICATED, "hw:cpu_policy=mixed");
            }
            if realtime.is_some() {
                return needs(REALTIME, "dedicated CPUs");
            }
            Ok(CpuSet::new())
        }
        Some(CpuPolicy::Dedicated) => match mask {
            Some(_) => Err(NumaFlavorError::Needs {
                key: DEDICATED,
                needs: "hw:cpu_policy=mixed",
            }),
            None => Ok(CpuSet::below(source.vcpus)),
        },
        Some(CpuPolicy::Mixed) => match (mask, realtime) {
            (Some(_), Some(_)) => Err(NumaFlavorError::Exclusive {
                key: DEDICATED,
                other: REALTIME,
            }),
            (Some(cpus), None) | (None, Some(cpus)) => Ok(cpus),
            (None, None) => Err(NumaFlavorError::Needs {
                key: "hw:cpu_policy=mixed",
                needs: "hw:cpu_dedicated_mask or hw:cpu_realtime_mask",
            }),
        },
    }
}

/// Reads a mask. One that begins with an exclusion is taken from all processors.
fn read(source: &Source<'_>, key: &'static str, mask: &str) -> Result<CpuSet, NumaFlavorError> {
    let mask = mask.trim();
    let from_all = match (mask.starts_with('^'), source.vcpus.checked_sub(1)) {
        (true, Some(last)) => format!("0-{last},{mask}"),
        _ => mask.to_owned(),
    };
    let invalid = |_| malformed(key, mask, "is no set of processors");
    from_all.parse().map_err(invalid)
}

fn dedicated_mask(source: &Source<'_>) -> Result<Option<CpuSet>, NumaFlavorError> {
    let Some(mask) = source.spec(DEDICATED) else {
        return Ok(None);
    };
    let cpus = read(source, DEDICATED, mask)?;
    let all = CpuSet::below(source.vcpus);
    match !cpus.is_empty() && cpus.is_subset(&all) && cpus != all {
        true => Ok(Some(cpus)),
        false => Err(malformed(
            DEDICATED,
            mask,
            "is not some of the processors, and not all",
        )),
    }
}

fn realtime(source: &Source<'_>, policies: &Policies) -> Result<Option<CpuSet>, NumaFlavorError> {
    if source.flag(REALTIME) != Some(true) {
        return Ok(None);
    }
    let image = source.image.get("hw_cpu_realtime_mask");
    let image = image.filter(|mask| !mask.is_empty());
    let mask = image.or_else(|| source.spec(REALTIME_MASK));
    let all = CpuSet::below(source.vcpus);
    let cpus = match mask {
        Some(mask) => read(source, REALTIME_MASK, mask)?,
        None => all.clone(),
    };
    if cpus == all && policies.emulator.is_none() {
        return Err(NumaFlavorError::Needs {
            key: REALTIME,
            needs: "hw:cpu_realtime_mask to leave a processor out, or hw:emulator_threads_policy",
        });
    }
    match !cpus.is_empty() && cpus.is_subset(&all) {
        true => Ok(Some(cpus)),
        false => Err(malformed(
            REALTIME_MASK,
            mask.unwrap_or_default(),
            "is not some of the processors",
        )),
    }
}
