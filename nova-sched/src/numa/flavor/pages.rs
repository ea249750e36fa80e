//! Sizes of pages.

use nova_core::model::MemoryPageSize;

use super::super::PageSize;
use super::NumaFlavorError;
use super::source::{Source, malformed};

const KEY: &str = "hw:mem_page_size";

/// The size of pages that is asked for. An image may name one only where the flavor leaves the
/// choice between large ones.
pub(super) fn page_size(source: &Source<'_>) -> Result<Option<PageSize>, NumaFlavorError> {
    let image = source.image.memory_page_size();
    let flavor = match source.spec(KEY) {
        Some(value) => read(value)?,
        None => None,
    };
    match (flavor, image) {
        (_, None) => Ok(flavor),
        (Some(PageSize::Any | PageSize::Large), Some(size)) => Ok(match size {
            MemoryPageSize::Kibibytes(0) => None,
            size => Some(size.into()),
        }),
        _ => Err(NumaFlavorError::ImageForbidden {
            property: "hw_mem_page_size",
        }),
    }
}

/// Reads a size: a name, a number of KiB, or a number with a unit of bits or bytes. Zero is none.
fn read(value: &str) -> Result<Option<PageSize>, NumaFlavorError> {
    let kib = match value {
        "any" => return Ok(Some(PageSize::Any)),
        "large" => return Ok(Some(PageSize::Large)),
        "small" => return Ok(Some(PageSize::Small)),
        _ => number(value),
    };
    match kib {
        Some(0) => Ok(None),
        Some(kib) if kib <= 1 << 40 => Ok(Some(PageSize::Kib(kib))),
        _ => Err(malformed(
            KEY,
            value,
            "is neither `small`, `large`, `any` nor a size as in `2MB`",
        )),
    }
}

/// A number of KiB, as Nova's `string_to_bytes` has it; less than one is none.
fn number(value: &str) -> Option<u64> {
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse().ok();
    }
    let (amount, bits) = match value.strip_suffix('B') {
        Some(amount) => (amount, false),
        None => (value.strip_suffix("bit").or(value.strip_suffix('b'))?, true),
    };
    let amount = amount.strip_suffix('i').unwrap_or(amount);
    let (digits, power) = match amount.char_indices().next_back()? {
        (at, unit @ ('K' | 'M' | 'G' | 'T')) => {
            let power = match unit {
                'K' => 1,
                'M' => 2,
                'G' => 3,
                _ => 4,
            };
            (amount.get(..at)?, power)
        }
        _ => (amount, 0),
    };
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let (whole, part) = match digits.split_once('.') {
        Some((whole, part)) => (whole, part),
        None => ("", digits),
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.is_empty() || digits.len() > 18 {
        return None;
    }
    // 18 digits of 2^40 bytes are no more than 2^100 of the smallest part.
    let places = if digits.contains('.') { part.len() } else { 0 };
    let scale = 10_u128.checked_pow(u32::try_from(places).ok()?)?;
    let amount = format!("{whole}{part}").parse::<u128>().ok()?;
    let bytes = amount.checked_mul(1024_u128.pow(power))?;
    let bytes = bytes.div_ceil(scale * if bits { 8 } else { 1 });
    match u64::try_from(bytes / 1024).ok()? {
        0 if bytes > 0 => None,
        kib => Some(kib),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_nova_reads_them() {
        let kib = |kib| Some(PageSize::Kib(kib));
        for (text, size) in [
            ("small", Some(PageSize::Small)),
            ("large", Some(PageSize::Large)),
            ("any", Some(PageSize::Any)),
            ("2048", kib(2048)),
            ("0", None),
            ("2MB", kib(2048)),
            ("2MiB", kib(2048)),
            ("16Mb", kib(2048)),
            ("16Mbit", kib(2048)),
            ("1GB", kib(1 << 20)),
            ("0.5GB", kib(1 << 19)),
            (".5GB", kib(1 << 19)),
            ("2048B", kib(2)),
            ("+2MB", kib(2048)),
        ] {
            assert_eq!(read(text), Ok(size), "{text}");
        }
        for bad in [
            "", "huge", "2M", "-2MB", "2 MB", "2mb", "1.GB", "1e3KB", "100B", "iB", "MB",
        ] {
            assert!(
                matches!(read(bad), Err(NumaFlavorError::Malformed { .. })),
                "{bad}"
            );
        }
    }
}
