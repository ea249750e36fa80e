//! Statements of many rows.

/// How many rows one statement writes. Few sizes, so that the databases prepare few statements;
/// the largest stays within every database's number of parameters for rows of 100 columns.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// The rows in pieces of those sizes, in order.
pub(super) fn chunks<T>(rows: Vec<T>) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for size in SIZES {
        while left >= size {
            chunks.push(rows.by_ref().take(size).collect());
            left -= size;
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_piece_and_order() {
        for count in [0, 1, 3, 4, 5, 255, 256, 1000] {
            let pieces = chunks((0..count).collect());
            assert_eq!(pieces.concat(), (0..count).collect::<Vec<_>>());
            assert!(pieces.iter().all(|piece| SIZES.contains(&piece.len())));
        }
    }
}
