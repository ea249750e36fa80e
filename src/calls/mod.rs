//! What the roles ask of each other: one typed call for each question, by topic.
//!
//! The methods have the names that Nova gives them where Nova has them.

pub mod compute;
pub mod conductor;
pub mod scheduler;

use nova_rpc::Version;

/// The topic of the conductors.
pub const CONDUCTOR: &str = "conductor";
/// The topic under which conductors take what hosts report. It is apart from their work, so that
/// no amount of that makes a host look silent.
pub const REPORTS: &str = "conductor_reports";
/// The topic of the schedulers.
pub const SCHEDULER: &str = "scheduler";
/// The topic of the compute hosts; each listens under its host's name.
pub const COMPUTE: &str = "compute";

/// The version of every call below.
pub const VERSION: Version = Version::new(1, 0);

/// Declares a call: its arguments, its method and what answers it.
macro_rules! call {
    (
        $(#[$meta:meta])*
        $name:ident as $method:literal -> $reply:ty {
            $($(#[$field_meta:meta])* $field:ident : $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl nova_rpc::Call for $name {
            const METHOD: &'static str = $method;
            const VERSION: nova_rpc::Version = $crate::calls::VERSION;
            type Reply = $reply;
        }
    };
}

pub(crate) use call;
