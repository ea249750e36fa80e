//! How much a project may use.

use crate::text_enum::text_enum;

text_enum! {
    /// What a project's use is limited of, by the names of Nova's quotas.
    #[non_exhaustive]
    pub enum QuotaResource: "quota resource" {
        /// Servers.
        Instances = "instances",
        /// Virtual processors of servers.
        Cores = "cores",
        /// Memory of servers in MiB.
        Ram = "ram",
        /// Server groups.
        ServerGroups = "server_groups",
    }
}
