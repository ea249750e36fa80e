//! Reading lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use super::QmpError;

/// Longer than any answer of QEMU: the description of its whole protocol has some 200 KiB.
pub(super) const MAX_LINE: usize = 1 << 20;

/// The next line without its end; `None` where the stream ends. Not safe to cancel.
pub(super) async fn next(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> Result<Option<Vec<u8>>, QmpError> {
    let mut line = Vec::new();
    loop {
        let buffer = match reader.fill_buf().await {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(QmpError::Closed),
        };
        if buffer.is_empty() {
            return if line.is_empty() {
                Ok(None)
            } else {
                Err(QmpError::Closed)
            };
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if line.len() + part.len() > MAX_LINE {
            return Err(QmpError::Protocol {
                reason: "a line is too long",
            });
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_never_too_long() {
        let mut input: &[u8] = b"one\r\n\ntwo\nrest";
        assert_eq!(next(&mut input).await, Ok(Some(b"one\r".to_vec())));
        assert_eq!(next(&mut input).await, Ok(Some(Vec::new())));
        assert_eq!(next(&mut input).await, Ok(Some(b"two".to_vec())));
        assert_eq!(next(&mut input).await, Err(QmpError::Closed));
        let mut nothing: &[u8] = b"";
        assert_eq!(next(&mut nothing).await, Ok(None));

        let mut most = vec![b'x'; MAX_LINE];
        most.push(b'\n');
        assert_eq!(
            next(&mut most.as_slice()).await.unwrap().unwrap().len(),
            MAX_LINE
        );
        most.insert(0, b'x');
        assert!(matches!(
            next(&mut most.as_slice()).await,
            Err(QmpError::Protocol { .. })
        ));
    }
}
