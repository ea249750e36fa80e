//! How many of a set of cells can be had at the same time.

/// The size of the largest matching of rows to columns: for each row the columns that do, as bits,
/// of which those of `taken` are left out.
pub(super) fn largest(rows: &[u64], taken: u64) -> usize {
    let mut owner = [None; 64];
    (0..rows.len())
        .filter(|row| augment(rows, *row, &mut owner, &mut { taken }))
        .count()
}

/// Finds a column for a row, moving others where that makes room.
fn augment(rows: &[u64], row: usize, owner: &mut [Option<usize>; 64], seen: &mut u64) -> bool {
    let wanted = rows.get(row).copied().unwrap_or(0);
    for (column, bit) in (0..64).map(|column| (column, 1_u64 << column)) {
        if wanted & bit == 0 || *seen & bit != 0 {
            continue;
        }
        *seen |= bit;
        let current = owner.get(column).copied().flatten();
        if current.is_none_or(|other| augment(rows, other, owner, seen)) {
            if let Some(slot) = owner.get_mut(column) {
                *slot = Some(row);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_make_room_for_each_other() {
        assert_eq!(largest(&[0b11, 0b01], 0), 2);
        assert_eq!(largest(&[0b01, 0b11, 0b10], 0), 2);
        assert_eq!(largest(&[0b111, 0b001, 0b011], 0), 3);
        assert_eq!(largest(&[0b111, 0b001, 0b011], 0b100), 2);
        assert_eq!(largest(&[], 0), 0);
        assert_eq!(largest(&[1 << 63], 0), 1);
    }
}
