//! Azure's trace of 2017, as arrivals in bins of five minutes.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Duration;

use nova_core::model::{ResourceClass, Resources};

use super::lines::{Field, Line, Lines};
use super::{Problem, TraceError};
use crate::replay::{FlavorId, Trace, TraceBuilder, TraceServer};

const FLAVORS: &str = "the map of flavors";
const INTERVALS: &str = "the map of intervals";
const ARRIVALS: &str = "the arrivals";
const DURATIONS: &str = "the durations";

/// Reads `AzurePublicDatasetV1` (Cortez et al., "Resource Central", SOSP 2017) as processed by
/// Huawei for Bergsma et al., "Generating Complex, Realistic Cloud Workloads using Recurrent
/// Neural Networks", SOSP 2021: <https://github.com/huaweicloud/trace_generation_rnn>.
///
/// * `flav_map.txt`: lines `vcpus,GB letter`;
/// * `v1.interval_map.txt`: lines `second bin`, for every fifth minute;
/// * arrivals (`v1.test.txt`): lines `second a,b,|,c,|`, one letter per server; `|` ends what one
///   tenant asked for together, which becomes a [batch](TraceServer::batch);
/// * durations (`v1.test.c2591400.txt`): the same shape, `U15` for a server whose lifetime is in
///   bin 15, `C46` for one that was still there when the recording ended.
///
/// A lifetime becomes the middle of its bin. Servers hold processors and memory and no disk; the
/// trace begins at its first line, with nothing on the hosts.
///
/// ```
/// use nova_sched::replay::AzureV1;
///
/// let format = AzureV1::new(&b"1,0.75 a\n2,3.5 g\n"[..], &b"0 0\n300 1\n600 2\n900 2\n"[..])?;
/// let trace = format.read("two", &b"300 a,g,|\n"[..], &b"300 U2,C2,|\n"[..])?;
/// assert_eq!(trace.servers()[0].lifetime.map(|life| life.as_secs()), Some(750));
/// assert_eq!(trace.servers()[1].lifetime, None);
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AzureV1 {
    flavors: BTreeMap<String, Resources>,
    lifetimes: BTreeMap<u32, Duration>,
}

impl AzureV1 {
    /// With the map of flavors and the map of intervals.
    ///
    /// # Errors
    /// [`TraceError`] where they are not as said above.
    pub fn new(flavors: impl BufRead, intervals: impl BufRead) -> Result<Self, TraceError> {
        Ok(Self {
            flavors: read_flavors(flavors)?,
            lifetimes: read_intervals(intervals)?,
        })
    }

    /// The trace of arrivals and their durations.
    ///
    /// # Errors
    /// [`TraceError`] where they are not as said above, do not agree with each other, or name
    /// what is not in the maps.
    pub fn read(
        &self,
        name: impl Into<String>,
        arrivals: impl BufRead,
        durations: impl BufRead,
    ) -> Result<Trace, TraceError> {
        self.read_lines(
            name.into(),
            arrivals,
            Some(Lines::new(durations, DURATIONS)),
        )
    }

    /// The trace of arrivals whose durations are not known: no server leaves.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_arrivals(
        &self,
        name: impl Into<String>,
        arrivals: impl BufRead,
    ) -> Result<Trace, TraceError> {
        self.read_lines(name.into(), arrivals, None::<Lines<&[u8]>>)
    }

    fn read_lines<D: BufRead>(
        &self,
        name: String,
        arrivals: impl BufRead,
        mut durations: Option<Lines<D>>,
    ) -> Result<Trace, TraceError> {
        let mut batches = Batches {
            format: self,
            builder: Trace::builder(name),
            flavors: BTreeMap::new(),
            batch: 0,
        };
        for (letter, resources) in &self.flavors {
            let id = batches.builder.flavor(letter, resources.clone(), None)?;
            batches.flavors.insert(letter, id);
        }
        let mut arrivals = Lines::new(arrivals, ARRIVALS);
        let mut begin = None;
        while let Some(line) = arrivals.next()? {
            let (second, servers) = bin_line(line)?;
            let begin = *begin.get_or_insert(second);
            let since = second
                .checked_sub(begin)
                .ok_or_else(|| line.whole().expected("a later time than the first one"))?;
            let arrives = Duration::from_secs(since);
            match &mut durations {
                None => batches.line(arrives, servers, None::<std::iter::Empty<_>>)?,
                Some(durations) => {
                    let Some(line) = durations.next()? else {
                        return Err(durations.ended("the line of these arrivals"));
                    };
                    let (time, lifetimes) = bin_line(line)?;
                    if time != second {
                        return Err(line.whole().error(Problem::Mismatch("the time")));
                    }
                    let mut lifetimes = lifetimes.split(',');
                    batches.line(arrives, servers, Some(lifetimes.by_ref()))?;
                    if let Some(more) = lifetimes.find(|field| !field.text.is_empty()) {
                        return Err(more.error(Problem::Mismatch("there is no such server")));
                    }
                }
            }
        }
        if let Some(durations) = &mut durations
            && let Some(line) = durations.next()?
        {
            let problem = Problem::Mismatch("there is no such line of arrivals");
            return Err(line.whole().error(problem));
        }
        Ok(batches.builder.build())
    }

    fn lifetime(&self, field: Field<'_>) -> Result<Option<Duration>, TraceError> {
        let (running, bin) = if let Some(bin) = field.text.strip_prefix('U') {
            (false, bin)
        } else if let Some(bin) = field.text.strip_prefix('C') {
            (true, bin)
        } else {
            return Err(field.expected("U or C and a number"));
        };
        let bin: u32 = bin
            .parse()
            .map_err(|_| field.expected("U or C and a number"))?;
        if running {
            // Its lifetime is not known, and its bin may be beyond the map.
            return Ok(None);
        }
        let known = self.lifetimes.get(&bin).copied();
        known.map(Some).ok_or_else(|| {
            field.error(Problem::Unknown {
                what: "interval",
                name: bin.to_string(),
            })
        })
    }
}

/// What has been read so far.
struct Batches<'a> {
    format: &'a AzureV1,
    builder: TraceBuilder,
    flavors: BTreeMap<&'a str, FlavorId>,
    batch: u32,
}

impl Batches<'_> {
    fn line<'d>(
        &mut self,
        arrives: Duration,
        servers: Field<'_>,
        mut lifetimes: Option<impl Iterator<Item = Field<'d>>>,
    ) -> Result<(), TraceError> {
        for field in servers.split(',') {
            let partner = match &mut lifetimes {
                None => None,
                Some(lifetimes) => match lifetimes.next() {
                    // The last separator may be there or not.
                    None if field.text.is_empty() => None,
                    None => return Err(field.error(Problem::Mismatch("it has no duration"))),
                    Some(partner) => Some(partner),
                },
            };
            if field.text == "|" || field.text.is_empty() {
                if let Some(partner) = partner.filter(|partner| partner.text != field.text) {
                    return Err(partner.error(Problem::Mismatch("a batch ends elsewhere")));
                }
                self.next_batch()?;
                continue;
            }
            let flavor = self.flavors.get(field.text).copied().ok_or_else(|| {
                field.error(Problem::Unknown {
                    what: "flavor",
                    name: super::lines::excerpt(field.text),
                })
            })?;
            let mut server = TraceServer::new(arrives, flavor).with_batch(self.batch);
            if let Some(partner) = partner {
                if partner.text == "|" {
                    return Err(partner.error(Problem::Mismatch("a batch ends elsewhere")));
                }
                server.lifetime = self.format.lifetime(partner)?;
            }
            self.builder.server(server)?;
        }
        self.next_batch()
    }

    fn next_batch(&mut self) -> Result<(), TraceError> {
        let next = self.batch.checked_add(1);
        self.batch = next.ok_or(TraceError::TooMany { what: "batches" })?;
        Ok(())
    }
}

fn bin_line(line: Line<'_>) -> Result<(u64, Field<'_>), TraceError> {
    let (second, rest) = line
        .whole()
        .cut(' ')
        .ok_or_else(|| line.end(Problem::Missing("the list behind the time")))?;
    Ok((second.parse("a time in seconds")?, rest.trim()))
}

fn read_flavors(reader: impl BufRead) -> Result<BTreeMap<String, Resources>, TraceError> {
    let mut flavors = BTreeMap::new();
    let mut lines = Lines::new(reader, FLAVORS);
    while let Some(line) = lines.next()? {
        let missing = |what| line.end(Problem::Missing(what));
        let (size, letter) = line
            .whole()
            .cut(' ')
            .ok_or_else(|| missing("the letter of the flavor"))?;
        let (vcpus, memory) = size.cut(',').ok_or_else(|| missing("the memory"))?;
        let resources = Resources::new()
            .with(ResourceClass::Vcpu, vcpus.parse("a number of processors")?)
            .with(ResourceClass::MemoryMb, mebibytes(memory)?);
        let letter = letter.trim();
        if letter.text.is_empty() || letter.text.contains([',', '|']) {
            return Err(letter.expected("the letter of the flavor"));
        }
        if flavors.insert(letter.text.to_owned(), resources).is_some() {
            return Err(letter.error(Problem::Twice {
                what: "flavor",
                name: letter.text.to_owned(),
            }));
        }
    }
    Ok(flavors)
}

/// Gigabytes, with a fraction, as MiB.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range was checked"
)]
fn mebibytes(field: Field<'_>) -> Result<u64, TraceError> {
    let expected = "an amount of memory in GB";
    let gigabytes: f64 = field.parse(expected)?;
    if (0.0..=1e9).contains(&gigabytes) {
        Ok((gigabytes * 1024.0).ceil() as u64)
    } else {
        Err(field.expected(expected))
    }
}

/// The middle of each bin.
fn read_intervals(reader: impl BufRead) -> Result<BTreeMap<u32, Duration>, TraceError> {
    let mut bins: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    let mut lines = Lines::new(reader, INTERVALS);
    while let Some(line) = lines.next()? {
        let (second, bin) = line
            .whole()
            .cut(' ')
            .ok_or_else(|| line.end(Problem::Missing("the bin")))?;
        let second: u64 = second.parse("a time in seconds")?;
        let (first, last) = bins
            .entry(bin.trim().parse("the number of a bin")?)
            .or_insert((second, second));
        *first = second.min(*first);
        *last = second.max(*last);
    }
    let middle = |(first, last): (u64, u64)| {
        Duration::from_secs(first).saturating_add(Duration::from_secs(last - first) / 2)
    };
    Ok(bins
        .into_iter()
        .map(|(bin, ends)| (bin, middle(ends)))
        .collect())
}
