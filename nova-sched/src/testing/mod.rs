//! For the tests of whoever writes a filter or a weigher: a checker of the laws that both must
//! keep, and hosts and requests in a line each.
//!
//! A filter of one's own in its author's test:
//!
//! ```
//! use nova_sched::testing::{self, Law};
//! use nova_sched::{Filter, HostView, PlacementRequest, Verdict};
//!
//! /// At most so many servers on a host.
//! #[derive(Debug)]
//! struct QuietHosts(u64);
//!
//! impl Filter for QuietHosts {
//!     fn name(&self) -> &str {
//!         "QuietHosts"
//!     }
//!     fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
//!         match host.servers() < self.0 {
//!             true => Verdict::Pass,
//!             false => Verdict::reject(format!("it has {} servers", host.servers())),
//!         }
//!     }
//! }
//!
//! // What it says of a host.
//! let fleet = testing::fleet_of([
//!     testing::host("quiet").servers(3),
//!     testing::host("loud").servers(30),
//! ]);
//! let request = testing::request().vcpus(2).memory_mib(2048).build();
//! let passed = fleet.hosts().filter(|host| QuietHosts(20).check(&request, host).is_pass());
//! assert_eq!(passed.map(|host| host.name().as_str()).collect::<Vec<_>>(), ["quiet"]);
//!
//! // That it keeps the laws, on fleets and requests of every kind.
//! testing::check_filter(&QuietHosts(20))?;
//!
//! // A filter that is wrong is shown with the smallest fleet on which it is.
//! #[derive(Debug)]
//! struct Silent;
//!
//! impl Filter for Silent {
//!     fn name(&self) -> &str {
//!         "Silent"
//!     }
//!     fn check(&self, _request: &PlacementRequest, _host: &HostView<'_>) -> Verdict {
//!         Verdict::reject("")
//!     }
//! }
//! let broken = testing::check_filter(&Silent).expect_err("it gives no reason");
//! assert_eq!(broken.law(), Law::Reasons);
//! assert_eq!(broken.fleet().len(), 1);
//! # Ok::<(), testing::Broken>(())
//! ```

mod broken;
mod cases;
mod dice;
mod filter_laws;
mod generate_hardware;
mod generate_host;
mod generate_request;
mod host_builder;
mod names;
mod request_builder;
mod shrink;
mod weigher_laws;

pub use broken::{Broken, Law};
pub use filter_laws::{FilterLaws, check_filter};
pub use generate_host::fleet;
pub use generate_request::requests;
pub use host_builder::{HostBuilder, fleet_of, host};
pub use names::{aggregate, aggregate_id, image_id, server_id};
pub use request_builder::{RequestBuilder, request};
pub use weigher_laws::{WeigherLaws, check_weigher};
