//! Guests that come with the crate, for first steps and for tests: nothing to download.

/// The boot sector that says [`SERIAL_UP`] on the first serial port, halts its processor, and on
/// the ACPI power button says [`SERIAL_DOWN`] and powers itself off. Its source is
/// `guests/serial.asm`.
pub const SERIAL: &[u8; 512] = include_bytes!("../guests/serial.bin");

/// The line that [`SERIAL`] writes once it runs.
pub const SERIAL_UP: &str = "NOVA-GUEST-UP\r\n";

/// The line that [`SERIAL`] writes before it powers itself off.
pub const SERIAL_DOWN: &str = "NOVA-GUEST-DOWN\r\n";

/// A raw disk image of 1 MiB that boots [`SERIAL`]: firmware takes no smaller disk seriously.
/// The guest needs 64 MiB of memory, for the firmware's sake.
///
/// ```
/// let image = nova_virt::guests::serial_disk();
/// assert_eq!(image.len(), 1 << 20);
/// assert_eq!(&image[..512], nova_virt::guests::SERIAL);
/// ```
pub fn serial_disk() -> Vec<u8> {
    let mut image = SERIAL.to_vec();
    image.resize(1 << 20, 0);
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_firmware_takes_it_for_a_boot_sector_and_it_says_what_it_should() {
        assert_eq!(SERIAL[510..], [0x55, 0xaa]);
        for line in [SERIAL_UP, SERIAL_DOWN] {
            assert!(
                SERIAL
                    .windows(line.len())
                    .any(|window| window == line.as_bytes())
            );
        }
    }

    #[test]
    #[ignore = "needs nasm"]
    #[expect(
        clippy::disallowed_methods,
        reason = "the assembler is a tool of this test alone"
    )]
    fn the_bytes_are_what_the_source_assembles_to() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("serial.bin");
        let status = std::process::Command::new("nasm")
            .args(["-f", "bin", "-o"])
            .arg(&out)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/guests/serial.asm"))
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(std::fs::read(out).unwrap(), SERIAL);
    }
}
