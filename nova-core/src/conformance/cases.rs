//! The list of the cases.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::{
    claim_races, claims, faults, flavors, hosts, inventories, server_lists, server_purges, servers,
};
use crate::env::Env;
use crate::repository::Store;

type CaseFn = for<'a> fn(&'a Store, &'a Env) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One case of the suite.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    check: CaseFn,
}

impl Case {
    /// Its module and function, as in `claims::ratio_and_reserve_bound_a_claim`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it.
    ///
    /// # Panics
    /// If the store does not keep the contract.
    pub async fn run(&self, store: &Store, env: &Env) {
        (self.check)(store, env).await;
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs every case, one after another, and returns how many there were.
///
/// # Panics
/// If the store does not keep the contract.
pub async fn run(store: &Store, env: &Env) -> usize {
    for case in all() {
        case.run(store, env).await;
    }
    all().len()
}

/// Every case.
pub fn all() -> &'static [Case] {
    CASES
}

macro_rules! cases {
    ($($module:ident { $($case:ident,)+ })+) => {
        &[$($(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            check: |store, env| Box::pin($module::$case(store, env)),
        },)+)+]
    };
}

const CASES: &[Case] = cases! {
    servers {
        a_created_server_reads_back,
        a_taken_id_is_refused,
        a_missing_server_is_not_found,
        every_state_reads_back,
        any_generation_is_kept,
        an_update_writes_all_but_identity,
        a_stale_update_changes_nothing,
        of_racing_updates_one_wins,
    }
    server_lists {
        filters_let_through_what_matches,
        pages_follow_creation_and_id,
        a_marker_must_exist_but_need_not_match,
        paging_survives_concurrent_writes,
    }
    server_purges {
        only_a_deleted_server_is_purged,
        purging_takes_the_faults,
        the_longest_deleted_go_first,
    }
    flavors {
        a_created_flavor_reads_back,
        a_taken_id_is_refused,
        a_deleted_flavor_is_gone,
        ids_differ_by_case,
        pages_follow_the_id,
    }
    faults {
        a_fault_needs_its_server,
        the_newest_come_first,
        any_text_is_kept,
        only_the_latest_are_kept,
    }
    hosts {
        the_first_report_adds_the_host,
        a_report_leaves_decisions_alone,
        racing_first_reports_make_one_host,
        a_missing_host_is_not_found,
        names_differ_by_case,
        a_decision_is_compare_and_set,
        of_racing_decisions_one_wins,
        only_an_empty_host_is_deleted,
        usages_are_in_order,
    }
    inventories {
        a_report_replaces_the_offer,
        a_shrunk_host_keeps_its_claims,
        a_class_no_longer_offered_stays_held,
        nothing_offered_is_not_the_same_as_not_offered,
        reports_do_not_lose_claims,
    }
    claims {
        a_claim_is_held_and_counted,
        ratio_and_reserve_bound_a_claim,
        a_claim_is_all_or_nothing_over_classes,
        a_claim_is_all_or_nothing_over_hosts,
        the_first_failure_in_order_is_reported,
        an_equal_claim_is_granted_again,
        another_claim_of_the_holder_is_refused,
        an_unknown_host_is_not_found,
        an_empty_claim_is_invalid,
        a_class_that_is_not_offered_has_nothing_left,
        huge_amounts_do_not_overflow,
        release_gives_back_once,
        release_on_one_host_leaves_the_others,
    }
    claim_races {
        racing_claims_fill_a_host_exactly,
        racing_claims_over_two_hosts_stay_whole,
        an_equal_claim_that_races_counts_once,
        different_claims_of_one_consumer_exclude_each_other,
        racing_releases_give_back_once,
        claims_and_releases_leave_nothing_behind,
        a_host_is_not_deleted_under_a_claim,
        a_claim_that_nobody_waits_for_is_whole,
    }
};
