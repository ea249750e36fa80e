//! Where recorded cases are read from.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// What a file that is compressed with gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of a file, compressed or not, and the path where it was. A relative path that is not
/// below the working directory (Cargo runs tests in that of their package) is looked for below
/// `root`.
pub fn read_file(file: &Path, root: &Path) -> Result<(String, PathBuf), String> {
    let mut places = vec![file.to_owned()];
    if file.is_relative() {
        places.push(root.join(file));
    }
    for place in &places {
        let read = match fs::read(place) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            read => read.and_then(|bytes| text(&bytes)),
        };
        return match read {
            Ok(text) => Ok((text, place.clone())),
            Err(error) => Err(format!("{}: {error}", place.display())),
        };
    }
    let places: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    Err(format!("there is no file {}", places.join(", nor ")))
}

/// The text that bytes are, or hold compressed.
pub fn text(bytes: &[u8]) -> io::Result<String> {
    let mut text = String::new();
    if bytes.starts_with(&GZIP) {
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text)?;
    } else {
        let mut plain = bytes;
        plain.read_to_string(&mut text)?;
    }
    Ok(text)
}
