//! The mixed stream, one server at a time, each followed by the floor and by the same with reasons.

use nova_sdk::sched::Detail;

use crate::floor::Floor;
use crate::ours::Ours;
use crate::times::Times;
use crate::workload::Workload;

#[derive(Default)]
pub struct Run {
    /// The decision, and the fleet's update after it.
    pub plain: Times,
    /// The decision alone, with all of its reasons.
    pub explained: Times,
    pub floor: Times,
    pub refused: usize,
}

/// Goes through the stream once, from the fleet as it was given.
pub fn run(workload: &Workload, mut ours: Ours, mut floor: Floor) -> Run {
    let mut run = Run::default();
    for asked in &workload.requests {
        let request = ours.request(asked);
        run.explained.time(|| ours.plan(&request, Detail::Full));
        let wanted = floor.wanted(asked);
        run.floor.time(|| floor.pass(&wanted));
        let plan = run.plain.time(|| {
            let plan = ours.plan(&request, Detail::Off);
            ours.commit(&plan);
            plan
        });
        match plan.placements().first() {
            Some(placement) => {
                let host = ours.fleet.index_of(&placement.host).unwrap();
                floor.claim(host.get(), asked);
            }
            None => run.refused += 1,
        }
    }
    run
}
