//! The explanation as text for people.

use std::fmt;

use nova_core::id::HostName;

use super::{Decisive, Explanation, FilterStep, RankingTable, Refusal, Round};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        let count = self.request.count();
        let mut table_before = true;
        for round in &self.rounds {
            match &round.chosen {
                Some(host) if round.server > 1 => {
                    let gap = if table_before { "\n" } else { "" };
                    write!(f, "{gap}Server {} of {count}: {host}", round.server)?;
                    for step in round.filters.iter().filter(|step| step.removed > 0) {
                        write!(f, "; {} removed {}", step.filter, Hosts(step.removed))?;
                    }
                    writeln!(f, ".")?;
                    table_before = false;
                }
                _ => {
                    writeln!(f)?;
                    if count > 1 {
                        let hosts = Hosts(round.candidates);
                        writeln!(
                            f,
                            "Server {} of {count}, {hosts} to choose from:",
                            round.server
                        )?;
                    }
                    write!(f, "{round}")?;
                    table_before = true;
                }
            }
        }
        if !self.shortfalls.is_empty() {
            writeln!(f)?;
        }
        for shortfall in &self.shortfalls {
            let (class, wanted) = (&shortfall.class, shortfall.wanted);
            match &shortfall.host {
                Some(host) => writeln!(
                    f,
                    "No host could take {wanted} {class} even if it were empty: the largest, \
                     {host}, offers {}.",
                    shortfall.largest
                )?,
                None => writeln!(f, "No host offers {class} at all.")?,
            }
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "\nSmallest change that would fit: {suggestion}.\n"),
            None => Ok(()),
        }
    }
}

impl Explanation {
    fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = &self.request;
        let count = request.count();
        let plural = if count == 1 { "" } else { "s" };
        let fleet = Fleet {
            hosts: self.hosts,
            generation: self.generation,
        };
        let each = if count == 1 { " of" } else { ", each of" };
        let size = match request.resources().is_empty() {
            true => String::new(),
            false => format!("{each} {}", request.resources()),
        };
        if self.is_placed() {
            let hosts = self.placements.iter().map(|placement| &placement.host);
            if self.fits < count {
                write!(f, "{} of ", self.fits)?;
            }
            writeln!(
                f,
                "{count} server{plural}{size}: {} ({fleet}).",
                Names::of(hosts)
            )?;
            if self.fits < count {
                writeln!(
                    f,
                    "No host was found for the others; as many as fit will do."
                )?;
            }
            let alternates = self
                .placements
                .first()
                .map(|first| first.alternates.as_slice());
            match alternates {
                Some(alternates @ [_, ..]) => {
                    writeln!(f, "Alternates: {}.", Names::of(alternates))
                }
                _ => Ok(()),
            }
        } else {
            writeln!(
                f,
                "No valid host for {count} server{plural}{size} ({fleet})."
            )?;
            if let Some(failure) = &self.failure {
                return writeln!(f, "The request failed: {failure}.");
            }
            match self.fits {
                0 => Ok(()),
                fits => writeln!(
                    f,
                    "Hosts were found for {fits} of them; all or none are placed."
                ),
            }
        }
    }
}

struct Fleet {
    hosts: usize,
    generation: u64,
}

impl fmt::Display for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} considered, fleet generation {}",
            Hosts(self.hosts),
            self.generation
        )
    }
}

struct Hosts(usize);

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} host{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (removed, idle): (Vec<_>, Vec<_>) =
            self.filters.iter().partition(|step| step.removed > 0);
        if !removed.is_empty() {
            let names = removed.iter().map(|step| step.filter.chars().count());
            let width = names.chain(["filter".len()]).max().unwrap_or(0);
            writeln!(f, "  {:<width$}  removed   left", "filter")?;
            for step in removed {
                write!(
                    f,
                    "  {:<width$}  {:>7}  {:>5}",
                    step.filter, step.removed, step.left
                )?;
                step.write_reasons(f, width + 18)?;
            }
        }
        if !idle.is_empty() {
            let names: Vec<&str> = idle.iter().map(|step| step.filter.as_str()).collect();
            writeln!(f, "  removed none: {}", SomeOf(&names))?;
        }
        if !self.not_reached.is_empty() {
            let names: Vec<&str> = self.not_reached.iter().map(String::as_str).collect();
            writeln!(f, "  not reached: {}", SomeOf(&names))?;
        }
        match &self.ranking {
            Some(ranking) => write!(f, "\n{ranking}"),
            None => Ok(()),
        }
    }
}

impl FilterStep {
    fn write_reasons(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        for (place, refusal) in self.refusals.iter().enumerate() {
            if place == 0 {
                write!(f, "  ")?;
            } else {
                write!(f, "\n{:indent$}  ", "")?;
            }
            write!(f, "{refusal}")?;
        }
        if self.others > 0 && !self.refusals.is_empty() {
            write!(f, "\n{:indent$}  {}× for other reasons", "", self.others)?;
        }
        writeln!(f)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}× ", self.count)?;
        match self.range {
            Some((low, high)) if self.count > 1 => self.reason.write_range(f, low, high)?,
            _ => write!(f, "{}", self.reason)?,
        }
        let more = self.count.saturating_sub(self.examples.len());
        write!(f, " ({}", Names::of(&self.examples))?;
        match more {
            0 => f.write_str(")"),
            more => write!(f, " and {more} more)"),
        }
    }
}

impl fmt::Display for RankingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.weighers.is_empty() {
            return match self.hosts {
                1 => writeln!(f, "  One host was left; it was not weighed."),
                _ => writeln!(
                    f,
                    "  There is no weigher: the first host in the fleet wins."
                ),
            };
        }
        let names = self
            .best
            .iter()
            .map(|ranked| ranked.host.as_str().chars().count());
        let width = names.chain(["weight (raw)".len()]).max().unwrap_or(0);
        let shown: Vec<usize> = (0..self.weighers.len())
            .filter(|weigher| self.adds(*weigher))
            .collect();
        let cells: Vec<Vec<String>> = self
            .best
            .iter()
            .map(|ranked| {
                let parts = shown
                    .iter()
                    .filter_map(|weigher| ranked.parts.get(*weigher));
                parts
                    .map(|part| match part.raw {
                        Some(raw) => format!("{:.3} ({raw})", part.weighted),
                        None => format!("{:.3} (no number)", part.weighted),
                    })
                    .collect()
            })
            .collect();
        let names: Vec<&String> = shown
            .iter()
            .filter_map(|weigher| self.weighers.get(*weigher))
            .collect();
        let widths: Vec<usize> = names
            .iter()
            .enumerate()
            .map(|(column, name)| {
                let cells = cells.iter().filter_map(|row| row.get(column));
                cells
                    .map(|cell| cell.chars().count())
                    .chain([name.chars().count()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        write!(f, "  {:<width$}", "weight (raw)")?;
        for (name, width) in names.iter().zip(&widths) {
            write!(f, "  {name:>width$}")?;
        }
        writeln!(f, "  {:>7}", "sum")?;
        for (ranked, cells) in self.best.iter().zip(&cells) {
            write!(f, "  {:<width$}", ranked.host.as_str())?;
            for (cell, width) in cells.iter().zip(&widths) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f, "  {:>7.3}", ranked.total)?;
        }
        if let Some(more) = self
            .hosts
            .checked_sub(self.best.len())
            .filter(|more| *more > 0)
        {
            writeln!(f, "  and {more} more")?;
        }
        match self.weighers.len().saturating_sub(shown.len()) {
            0 => {}
            1 => writeln!(f, "  The other weigher adds nothing to these.")?,
            others => writeln!(f, "  The other {others} weighers add nothing to these.")?,
        }
        self.write_decision(f)
    }
}

impl RankingTable {
    /// Whether a weigher adds to the weight of any of the hosts that are shown.
    fn adds(&self, weigher: usize) -> bool {
        let mut parts = self.best.iter().filter_map(|host| host.parts.get(weigher));
        parts.any(|part| part.weighted != 0.0)
    }

    fn write_decision(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tied > 1 {
            writeln!(
                f,
                "  {} hosts are equally good; the earlier goes first.",
                self.tied
            )?;
        }
        if self.drawn_from > 1 {
            writeln!(f, "  Drawn by lot from the best {}.", self.drawn_from)?;
        }
        match self.decisive.as_slice() {
            [] if self.tied > 1 => Ok(()),
            [] => writeln!(
                f,
                "  No single weigher decided: without any one the same host is best."
            ),
            decisive => {
                for Decisive { weigher, otherwise } in decisive {
                    writeln!(
                        f,
                        "  {weigher} decided: without it {otherwise} would be best."
                    )?;
                }
                Ok(())
            }
        }
    }
}

/// The first names, and how many more there are.
struct SomeOf<'a>(&'a [&'a str]);

impl fmt::Display for SomeOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// One more is named rather than counted.
        const MOST: usize = 4;
        let named = if self.0.len() > MOST {
            MOST - 1
        } else {
            self.0.len()
        };
        let (names, more) = self.0.split_at(named);
        f.write_str(&names.join(", "))?;
        match more.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Host names, with how often each comes where it comes more than once.
struct Names<'a>(Vec<(&'a HostName, usize)>);

impl<'a> Names<'a> {
    fn of(hosts: impl IntoIterator<Item = &'a HostName>) -> Self {
        let mut names: Vec<(&HostName, usize)> = Vec::new();
        for host in hosts {
            match names.iter_mut().find(|(name, _)| *name == host) {
                Some((_, count)) => *count += 1,
                None => names.push((host, 1)),
            }
        }
        Self(names)
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, count)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
            if *count > 1 {
                write!(f, " ({count}×)")?;
            }
        }
        Ok(())
    }
}
