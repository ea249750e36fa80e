//! Writes headers of images, honest and hostile, without any tool.

/// A qcow2 file of version 3 with clusters of 64 KiB, just whole enough to be one.
#[derive(Debug, Clone)]
pub struct Qcow2Forge {
    bytes: Vec<u8>,
}

impl Qcow2Forge {
    /// A blank disk of this many bytes.
    pub fn new(virtual_size: u64) -> Self {
        const CLUSTER: usize = 1 << 16;
        // Header, reference count table, level 1 table.
        let mut forge = Self {
            bytes: vec![0; 3 * CLUSTER],
        };
        // One level 1 entry is for 512 MiB; the largest disks are more than the table may have.
        let l1_entries = u32::try_from(virtual_size.div_ceil(1 << 29)).unwrap_or(u32::MAX);
        forge.put(0, b"QFI\xfb");
        forge.put(4, &3_u32.to_be_bytes());
        forge.put(20, &16_u32.to_be_bytes());
        forge.put(24, &virtual_size.to_be_bytes());
        forge.put(36, &l1_entries.to_be_bytes());
        forge.put(40, &(2_u64 << 16).to_be_bytes());
        forge.put(48, &(1_u64 << 16).to_be_bytes());
        forge.put(56, &1_u32.to_be_bytes());
        forge.put(96, &4_u32.to_be_bytes());
        forge.put(100, &104_u32.to_be_bytes());
        forge
    }

    /// Sets bytes of the header.
    #[must_use]
    pub fn with(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.put(offset, bytes);
        self
    }

    /// Names a backing file.
    #[must_use]
    pub fn with_backing_file(self, name: &str) -> Self {
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        self.with(8, &512_u64.to_be_bytes())
            .with(16, &length.to_be_bytes())
            .with(512, name.as_bytes())
    }

    /// Sets incompatible feature bits.
    #[must_use]
    pub fn with_features(self, bits: u64) -> Self {
        self.with(72, &bits.to_be_bytes())
    }

    /// The file.
    pub fn build(self) -> Vec<u8> {
        self.bytes
    }

    fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }
}
