//! Keys that are examined and made (feature `keys`).

use md5::{Digest as _, Md5};
use secrecy::zeroize::Zeroizing;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding};

use super::{KeyAlgorithm, KeyFingerprints, KeyPair, KeyPairName, PublicKey};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::secret::Secret;

/// The fewest and the most bits of an RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16384;

/// The private half of a key pair, in OpenSSH's PEM format, without a passphrase. It is given to
/// the user once and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey(Secret);

impl PrivateKey {
    /// The text of the key file. Do not log it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text of the key file, still covered.
    pub fn into_secret(self) -> Secret {
        self.0
    }
}

impl PublicKey {
    /// Decodes the key and returns its fingerprints.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the second word is not a key of the algorithm that the first one
    /// names, or an RSA key has fewer than 2048 or more than 16384 bits.
    pub fn examine(&self) -> Result<KeyFingerprints> {
        let refuse = |reason: &str| Error::invalid("public key", reason);
        let key = ssh_key::PublicKey::from_openssh(self.as_str())
            .map_err(|_| refuse("it cannot be decoded"))?;
        if algorithm(&key.algorithm()) != Some(self.algorithm()) {
            return Err(refuse("its two words name different algorithms"));
        }
        if let KeyData::Rsa(rsa) = key.key_data() {
            let modulus = rsa.n.as_positive_bytes().unwrap_or_default();
            if !RSA_BITS.contains(&bits(modulus)) {
                return Err(refuse("an RSA key has 2048 to 16384 bits"));
            }
        }
        let encoded = key
            .to_bytes()
            .map_err(|_| refuse("it cannot be encoded again"))?;
        let md5: Vec<String> = Md5::digest(&encoded)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        KeyFingerprints::new(md5.join(":"), key.fingerprint(HashAlg::Sha256).to_string())
    }
}

impl KeyPair {
    /// A key pair of a public key that the user has already.
    ///
    /// # Errors
    /// [`Error::Invalid`] as for [`PublicKey::new`] and [`PublicKey::examine`].
    pub fn import(env: &Env, user_id: UserId, name: KeyPairName, public_key: &str) -> Result<Self> {
        let public_key = PublicKey::new(public_key)?;
        let fingerprints = public_key.examine()?;
        Ok(Self::new(
            user_id,
            name,
            public_key,
            fingerprints,
            env.now(),
        ))
    }

    /// A new Ed25519 key pair, and its private half, which nothing keeps. With [`Env::system`] it
    /// cannot be foretold; from a seed it repeats and protects nothing.
    ///
    /// ```
    /// use nova_core::{Env, model::KeyPair};
    ///
    /// let env = Env::system();
    /// let (pair, private) = KeyPair::generate(&env, "alice".parse()?, "laptop".parse()?)?;
    /// assert!(pair.public_key.as_str().starts_with("ssh-ed25519 "));
    /// assert!(private.expose().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    /// assert!(!format!("{private:?}").contains("OPENSSH"));
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the key cannot be written, which does not happen.
    pub fn generate(env: &Env, user_id: UserId, name: KeyPairName) -> Result<(Self, PrivateKey)> {
        let mut seed = Zeroizing::new([0; 32]);
        env.fill_random(&mut *seed);
        let pair = ssh_key::private::Ed25519Keypair::from_seed(&seed);
        let mut key = ssh_key::PrivateKey::from(pair);
        key.set_comment(name.as_str());
        let unwritable = |_| Error::invalid("private key", "it cannot be written");
        let text = key.to_openssh(LineEnding::LF).map_err(unwritable)?;
        let public = key.public_key().to_openssh().map_err(unwritable)?;
        let pair = Self::import(env, user_id, name, &public)?;
        Ok((pair, PrivateKey(Secret::new(text.as_str()))))
    }
}

fn algorithm(of: &Algorithm) -> Option<KeyAlgorithm> {
    match of {
        Algorithm::Rsa { .. } => Some(KeyAlgorithm::Rsa),
        Algorithm::Ecdsa { curve } => Some(match curve {
            EcdsaCurve::NistP256 => KeyAlgorithm::EcdsaP256,
            EcdsaCurve::NistP384 => KeyAlgorithm::EcdsaP384,
            EcdsaCurve::NistP521 => KeyAlgorithm::EcdsaP521,
        }),
        Algorithm::Ed25519 => Some(KeyAlgorithm::Ed25519),
        _ => None,
    }
}

/// How many bits a number without leading zero bytes has.
fn bits(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{ManualClock, Timestamp};

    /// Keys of OpenSSH's `ssh-keygen`, with the fingerprints that it shows of them.
    const KEYS: [(&str, &str, &str); 5] = [
        (
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCnr96yRh97UR6J4kEVCKnDSlY8k+PyZxZ33olc3HPqU8yiwxPS5+NFflY9day14fsEzhGqW8qbntyHKmavz0ELwWjBTD3xGjQ624tw9FqHrsKUUirgdHpAHGD/zknxOXnhXLJbuadPWzR7y0dZG9MbRCtPCKrQBTSsuQAaks6c8BUN0dr9k9Y7aD7raGK7jhC48mQMIK8yG/YJ8MoOgPKHAGMCadTAWb1+j/VZmL5YHmLhQh3p6zIguSIL8xQ5Z9LGW8rq2ra+SXsAtydHOfDe7uWFEQEb1LzxAVzdX9rMTuzQS1CwnMT+Fbx6k4VP4q7KknD9ZtFJT/k6ajTIF1yj me@here",
            "79:3e:d5:8b:7e:31:41:3a:91:6c:8a:77:7b:eb:7e:de",
            "SHA256:V+j9cIcIm0o9cMIAqptH9YOs3P9PBo077rg7e2Z6GeA",
        ),
        (
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJBOv31qHh9kXe9xPOFlfvtKhq8vhTjFzt0ZXxNBZqR3SUI+6MfKS2Mm2r2xjKtj+A7abJcza2PXCVimVEpKZSc= me@here",
            "fb:dd:91:50:4a:6f:9f:ea:79:fe:68:71:ab:fe:94:cd",
            "SHA256:npTZNRQZdiceVuC3OYf5RVDDLGdyFxlwBRWnQDmkxeA",
        ),
        (
            "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBKanGME6CkeQdEKMymn2JZJK5zVyBw8lfiY8gdBErGJA4KioyS3BRcDomQglk18X7q1JO+rXoDUkM8u8eWhyO6Ppk5l1ZASxO222OtC6Ny7fGuSmMEX6+8jrNu6KbON1yw== me@here",
            "d8:2f:dc:38:94:17:a1:42:31:6b:59:52:ed:10:ab:7a",
            "SHA256:N/2A8zHK3V0GltaNIil6hbxbHX0ptqKTcq4hcj9OqhI",
        ),
        (
            "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAAO+1mtXxL7kzZYyuelQQORIOZ7C0XOLv0akiZRqLh26DJ/LjZ60+KSCSt0QKxPF1qLx/K8L56HQh7uI+PezsJ3VgFrpaZcjk8ipR8azAlKe2YK8iT1C9WRgRO6S5WTX9rmPrfCPpLLj67BIR5h/qtz389j/VIdvA817WvUhmyoH+rq2g== me@here",
            "0f:a5:77:40:15:a2:0c:e2:af:82:4f:f5:29:8a:4a:bf",
            "SHA256:3+6XKWzY93/BRoQesU7JIgIqPVndPeKYgO82ZocKR4A",
        ),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICHgPGbQQ7I2Ta3zvki1dayjf7BC/ZhIfvz9M7GTbTmy me@here",
            "d7:31:d7:49:a5:08:35:db:5d:04:a9:f7:57:7c:31:57",
            "SHA256:bAnQrXl6SQCxQp4oaN0wNMP2D7pIgLxNqKJjwZq7iP8",
        ),
    ];

    fn name() -> (UserId, KeyPairName) {
        ("alice".parse().unwrap(), "my key".parse().unwrap())
    }

    #[test]
    fn fingerprints_are_those_of_openssh() {
        let env = Env::with_clock(1, ManualClock::new(Timestamp::EPOCH));
        for (text, md5, sha256) in KEYS {
            let (user, name) = name();
            let pair = KeyPair::import(&env, user, name, &format!("{text}\n")).unwrap();
            assert_eq!(pair.public_key.as_str(), text);
            assert_eq!(pair.fingerprints.md5(), md5);
            assert_eq!(pair.fingerprints.sha256(), sha256);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let weak = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC0Z4LiwhJ6Kz8IUEtC2IEQKjKdXtqlV1fGKcnSCG99u+mMp0Q9HyV7JH3zLcBKcMBujgyvV2LV5RmquCfHgkPlyc3CCuBYJC1mXczkfZ9Zdqr63JNfBB+I5R86P4H8tIDTfEFbFfMmVoysKAoTIBUQxGz8sTKpd3ACqXtpoSk8PQ== me@here";
        let (_, p256) = KEYS[1].0.split_once(' ').unwrap();
        let short = &KEYS[4].0[..KEYS[4].0.len() - 16];
        for bad in [
            weak,
            "ssh-rsa AAAA",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
            &format!("ssh-ed25519 {p256}"),
            &format!("ecdsa-sha2-nistp384 {p256}"),
            short,
        ] {
            let refused = PublicKey::new(bad).and_then(|key| key.examine());
            assert!(
                matches!(refused, Err(Error::Invalid { .. })),
                "{bad}: {refused:?}"
            );
        }
    }

    #[test]
    fn a_generated_pair_belongs_together() {
        let (user, named) = name();
        let (pair, private) = KeyPair::generate(&Env::system(), user, named).unwrap();
        let read = ssh_key::PrivateKey::from_openssh(private.expose()).unwrap();
        let public = read.public_key().to_openssh().unwrap();
        assert_eq!(public, pair.public_key.as_str());
        assert!(public.ends_with(" my key"));
        let stored = serde_json::to_string(&pair).unwrap();
        assert!(!stored.contains("PRIVATE") && !format!("{private:?}").contains("PRIVATE"));
        assert_eq!(pair.public_key.examine().unwrap(), pair.fingerprints);
    }

    #[test]
    fn no_two_pairs_are_the_same_but_from_one_seed() {
        let pair = |env: &Env| {
            let (user, name) = name();
            KeyPair::generate(env, user, name).unwrap()
        };
        let seeded = || Env::with_clock(1, ManualClock::new(Timestamp::EPOCH));
        assert_eq!(pair(&seeded()), pair(&seeded()));
        let env = Env::system();
        assert_ne!(pair(&env).1, pair(&env).1);
    }
}
