//! The suite that every transport passes.

use std::sync::Arc;

use nova_rpc::conformance::{self, Subject};

use super::broker::Site;

macro_rules! conformance {
    ($($check:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
            async fn $check() {
                let site = Site::new().await;
                conformance::$check(&Subject::new(site.shared(), site.env.clone())).await;
                site.amqp.close().await;
            }
        )*
    };
}

conformance! {
    a_call_comes_back failures_are_typed dispatch_follows_the_rules arguments_of_another_type
    the_request_arrives_whole
    nobody_listens a_name_is_one_server a_topic_is_shared fanout_reaches_all
    a_deadline_ends_the_wait expired_work_is_not_begun handlers_in_flight_are_bounded
    a_panic_is_the_callers_alone a_dropped_call_runs_on a_stop_drains a_stop_hands_over
    a_hard_stop_ends_what_runs
    every_group_is_told_once nobody_to_tell_is_no_error given_back_is_told_again
    unacknowledged_goes_to_another a_panic_is_not_repeated notifications_wait_if_durable
}

#[tokio::test]
#[ignore = "needs RabbitMQ in NOVA_TEST_AMQP_URL"]
async fn the_whole_suite_runs_on_one_transport_and_one_thread() {
    let site = Site::new().await;
    let subject = Subject::new(Arc::new(site.amqp.clone()), site.env.clone());
    conformance::all(&subject).await;
    site.amqp.close().await;
}
