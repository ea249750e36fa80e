//! All cases, one after another.

use super::*;
use crate::hypervisor::Hypervisor;

/// Runs every case; returns how many there are.
///
/// # Panics
/// Where the driver breaks a promise.
pub async fn all(driver: &dyn Hypervisor, harness: &Harness) -> usize {
    let mut count = 0;
    macro_rules! run {
        ($($case:ident,)+) => {
            $(
                tracing::info!(driver = driver.driver(), case = stringify!($case), "conformance");
                $case(driver, harness).await;
                harness.assert_nothing_left(stringify!($case));
                count += 1;
            )+
        };
    }
    run![
        inventory_is_sane,
        spawned_guest_runs_and_is_listed,
        spawn_is_idempotent,
        spawn_of_another_guest_with_the_same_id_is_refused,
        spawn_without_start_leaves_it_off,
        destroy_leaves_nothing_and_is_idempotent,
        destroy_ends_a_guest_in_any_state,
        destroyed_id_can_be_spawned_anew,
        list_is_ordered_by_id,
        unknown_guest_is_not_found,
        power_off_and_on_are_idempotent,
        graceful_power_off_powers_off,
        soft_reboot_starts_it_again,
        soft_reboot_needs_a_running_guest,
        hard_reboot_works_from_any_state,
        pause_follows_capability,
        power_off_and_reboot_end_a_pause,
        console_log_follows_capability,
        console_log_has_what_the_guest_wrote,
        console_log_is_bounded,
        hostile_names_do_no_harm,
        bad_specifications_are_refused,
        missing_image_is_refused,
        lying_images_are_refused,
        images_that_refer_elsewhere_are_refused,
        damaged_images_are_refused,
        what_is_no_regular_file_is_refused,
        disk_smaller_than_its_base_is_refused,
        refused_spawn_can_be_put_right,
        many_guests_side_by_side,
        two_spawns_of_one_guest_make_one,
        two_guests_with_one_id_make_one,
        operations_on_one_guest_come_one_after_another,
        dropped_spawn_leaves_nothing_half_made,
        dropped_destroy_can_be_repeated,
        events_tell_what_happened_in_order,
        graceful_power_off_is_told_as_asked_for,
    ];
    count
}
