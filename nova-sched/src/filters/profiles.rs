//! What is asked of a profile has to be asked once for all hosts that share it.

use crate::candidates::Candidates;
use crate::fleet::{Fleet, Profile};

/// Leaves the candidates whose profile passes.
pub(super) fn retain(
    fleet: &Fleet,
    candidates: &mut Candidates,
    passes: impl Fn(&Profile) -> bool,
) {
    let (profiles, numbers) = fleet.profiles();
    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    if profiles.len() <= candidates.len() {
        let answers: Vec<bool> = profiles.iter().map(|profile| passes(profile)).collect();
        candidates.retain_by(numbers, |number| {
            answers.get(place(*number)).copied().unwrap_or(false)
        });
        return;
    }
    candidates.retain(|host| {
        let number = numbers.get(host.get()).copied();
        let profile = number.and_then(|number| profiles.get(place(number)));
        profile.is_some_and(|profile| passes(profile))
    });
}
