//! Key pairs: whose public key goes into a new server.

mod fingerprints;
#[cfg(feature = "keys")]
mod generate;
mod name;
mod pair;
mod public_key;

pub use fingerprints::KeyFingerprints;
#[cfg(feature = "keys")]
pub use generate::PrivateKey;
pub use name::KeyPairName;
pub use pair::{KeyPair, KeyPairType};
pub use public_key::{KeyAlgorithm, PublicKey};
