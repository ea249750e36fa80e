//! Readers of traces. Each takes plain text or rows; whoever has a compressed file or a database
//! opens it.

mod azure_packing;
mod azure_v1;
mod csv;
mod error;
mod huawei_numa;
mod lines;
mod sample;

pub use azure_packing::{AzurePacking, PackingServer, PackingSize};
pub use azure_v1::AzureV1;
pub use csv::{read_csv, write_csv};
pub use error::{Problem, TraceError};
pub use huawei_numa::{HuaweiCell, HuaweiNuma, HuaweiServer};
pub use sample::sample;
