//! The arguments that `cargo test` passes on to every test program.

/// What was asked for.
#[derive(Default)]
pub struct Arguments {
    pub list: bool,
    ignored_only: bool,
    exact: bool,
    words: Vec<String>,
    skip: Vec<String>,
}

/// Those that are followed by a value, which is no word to choose by.
const WITH_VALUE: [&str; 6] = [
    "--test-threads",
    "--format",
    "--color",
    "--logfile",
    "--shuffle-seed",
    "-Z",
];

impl Arguments {
    /// What does not concern the choice is passed over.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut parsed = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => parsed.list = true,
                "--ignored" => parsed.ignored_only = true,
                "--exact" => parsed.exact = true,
                "--skip" => parsed.skip.extend(arguments.next()),
                option if WITH_VALUE.contains(&option) => drop(arguments.next()),
                option if option.starts_with('-') => {
                    let word = option.strip_prefix("--skip=");
                    parsed.skip.extend(word.map(str::to_owned));
                }
                _ => parsed.words.push(argument),
            }
        }
        parsed
    }

    /// Whether a case of this name is run.
    pub fn choose(&self, name: &str) -> bool {
        let fits = |word: &String| match self.exact {
            true => name == word,
            false => name.contains(word.as_str()),
        };
        let wanted = self.words.is_empty() || self.words.iter().any(fits);
        wanted && !self.ignored_only && !self.skip.iter().any(fits)
    }
}
