//! Lines and fields that know where they are.

use std::io::BufRead;
use std::str::FromStr;

use super::{Problem, TraceError};

/// The lines of one file. Those without text are left out.
pub(super) struct Lines<R> {
    reader: R,
    file: &'static str,
    number: u64,
    buffer: String,
}

/// One line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    file: &'static str,
    number: u64,
    text: &'a str,
}

/// A part of a line.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    line: Line<'a>,
    column: u64,
    pub(super) text: &'a str,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, file: &'static str) -> Self {
        Self {
            reader,
            file,
            number: 0,
            buffer: String::new(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, TraceError> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_line(&mut self.buffer);
            let (file, line) = (self.file, self.number);
            if read.map_err(|source| TraceError::Read { file, line, source })? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with('\u{feff}') {
                self.buffer.remove(0);
            }
            if !self.buffer.trim().is_empty() {
                break;
            }
        }
        Ok(Some(Line {
            file: self.file,
            number: self.number,
            text: self.buffer.trim_end_matches(['\n', '\r']),
        }))
    }

    /// The file ends where it must not.
    pub(super) fn ended(&self, missing: &'static str) -> TraceError {
        TraceError::Malformed {
            file: self.file,
            line: self.number + 1,
            column: 1,
            problem: Problem::Missing(missing),
        }
    }
}

impl<'a> Line<'a> {
    /// The line as one field.
    pub(super) fn whole(self) -> Field<'a> {
        Field {
            line: self,
            column: 1,
            text: self.text,
        }
    }

    /// Its parts between separators.
    pub(super) fn split(self, separator: char) -> impl Iterator<Item = Field<'a>> {
        self.whole().split(separator)
    }

    /// A problem behind its last byte.
    pub(super) fn end(self, problem: Problem) -> TraceError {
        Field {
            line: self,
            column: column(self.text.len()),
            text: "",
        }
        .error(problem)
    }
}

impl<'a> Field<'a> {
    pub(super) fn split(self, separator: char) -> impl Iterator<Item = Field<'a>> {
        let mut at = 0;
        self.text.split(separator).map(move |text| {
            let field = self.part(at, text);
            at += text.len() + separator.len_utf8();
            field
        })
    }

    /// What is before and behind the first separator.
    pub(super) fn cut(self, separator: char) -> Option<(Field<'a>, Field<'a>)> {
        let (left, right) = self.text.split_once(separator)?;
        let at = self.text.len() - right.len();
        Some((self.part(0, left), self.part(at, right)))
    }

    /// Without the white space around it.
    pub(super) fn trim(self) -> Field<'a> {
        let lead = self.text.len() - self.text.trim_start().len();
        self.part(lead, self.text.trim())
    }

    pub(super) fn parse<T: FromStr>(self, expected: &'static str) -> Result<T, TraceError> {
        self.text.parse().map_err(|_| self.expected(expected))
    }

    /// The same for types that say what is wrong.
    pub(super) fn value<T: FromStr<Err = nova_core::Error>>(self) -> Result<T, TraceError> {
        self.text
            .parse()
            .map_err(|why: nova_core::Error| self.error(Problem::Invalid(why.to_string())))
    }

    /// What a builder says of it, at this place.
    pub(super) fn because(self, error: TraceError) -> TraceError {
        match error {
            TraceError::Numa { source, .. } => self.error(Problem::Invalid(source.to_string())),
            other => other,
        }
    }

    pub(super) fn expected(self, expected: &'static str) -> TraceError {
        self.error(Problem::Unexpected {
            expected,
            found: excerpt(self.text),
        })
    }

    pub(super) fn error(self, problem: Problem) -> TraceError {
        TraceError::Malformed {
            file: self.line.file,
            line: self.line.number,
            column: self.column,
            problem,
        }
    }

    fn part(self, at: usize, text: &'a str) -> Field<'a> {
        Field {
            line: self.line,
            column: self.column.saturating_add(column(at) - 1),
            text,
        }
    }
}

/// Columns are counted from 1.
fn column(offset: usize) -> u64 {
    u64::try_from(offset).unwrap_or(u64::MAX - 1) + 1
}

/// A text that fits into a message: a file of another kind may have one line of a gigabyte.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    if text.chars().nth(MOST).is_none() {
        return text.to_owned();
    }
    let mut excerpt: String = text.chars().take(MOST).collect();
    excerpt.push('…');
    excerpt
}
