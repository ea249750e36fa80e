//! Cases recorded from OpenStack Nova 34.0.0, run through this crate; `README.md` says what they
//! are. The last line is the sum: `N passed, N failed`.
//!
//! It takes the arguments of a test program: words choose the cases whose name contains one of
//! them, and `--list` names them.

#![expect(clippy::print_stdout, reason = "a test program reports there")]

mod adapter;
mod arguments;
mod expected;
mod input;
mod judge;
mod names;
mod options;
mod recorder;
mod source;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use arguments::Arguments;
use expected::{Case, Recording};
use serde::Deserialize;
use serde_json::Value;

/// The cases that are shipped.
const SHIPPED: &[u8] = include_bytes!("scheduler.json.gz");

/// The folder that a relative path may be meant from.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The most differences of one case that are printed, and the most characters of each.
const MAX_DIFFERENCES: usize = 6;
const MAX_CHARS: usize = 400;

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1));
    let recording = match read(std::env::var_os("NOVA_GOLDEN").as_deref()) {
        Ok(recording) => recording,
        Err(problem) => {
            println!("FAILED {problem}");
            return finish(
                &Count {
                    passed: 0,
                    failed: 1,
                },
                0,
            );
        }
    };
    if arguments.list {
        for case in &recording.cases {
            println!("{}: test", name(case).0);
        }
        println!("\n{} tests, 0 benchmarks", recording.cases.len());
        return ExitCode::SUCCESS;
    }
    let mut categories: BTreeMap<String, Count> = BTreeMap::new();
    let mut left_out = 0;
    for case in &recording.cases {
        let (name, category) = name(case);
        if !arguments.choose(&name) {
            left_out += 1;
            continue;
        }
        let differences = differences(&recording, case);
        let count = categories.entry(category).or_default();
        if differences.is_empty() {
            count.passed += 1;
        } else {
            count.failed += 1;
            print_failure(&name, &differences);
        }
    }
    let mut sum = Count::default();
    for (category, count) in &categories {
        println!(
            "{category}: {} passed, {} failed",
            count.passed, count.failed
        );
        sum.passed += count.passed;
        sum.failed += count.failed;
    }
    let general = judge::judge_meta(&recording.meta);
    if arguments.choose("golden::meta") && !general.is_empty() {
        sum.failed += 1;
        print_failure("golden::meta", &general);
    }
    if recording.cases.is_empty() {
        sum.failed += 1;
        println!("FAILED there is no case");
    }
    finish(&sum, left_out)
}

/// The shipped cases, or those of a file.
fn read(file: Option<&OsStr>) -> Result<Recording, String> {
    let (text, source) = match file {
        Some(file) => {
            let (text, place) = source::read_file(Path::new(file), Path::new(WORKSPACE))?;
            (text, place.display().to_string())
        }
        None => {
            let text = source::text(SHIPPED);
            let text = text.map_err(|error| format!("the shipped cases: {error}"))?;
            (text, "the shipped cases".to_owned())
        }
    };
    serde_json::from_str(&text).map_err(|error| format!("{source}: {error}"))
}

/// The name that a case is chosen and printed by, and its category.
fn name(case: &Value) -> (String, String) {
    let text = |field: &str| {
        let value = case.get(field).and_then(Value::as_str);
        value.unwrap_or("?").to_owned()
    };
    let (id, category, description) = (text("id"), text("category"), text("description"));
    (format!("golden::{category}::{id} {description}"), category)
}

fn differences(recording: &Recording, case: &Value) -> Vec<String> {
    match Case::deserialize(case) {
        Ok(case) => judge::judge(&recording.meta, &case),
        Err(error) => vec![format!("not of a shape that is known: {error}")],
    }
}

fn print_failure(name: &str, differences: &[String]) {
    println!("FAILED {name}");
    for difference in differences.iter().take(MAX_DIFFERENCES) {
        let shown: String = difference.chars().take(MAX_CHARS).collect();
        let cut = if shown.len() < difference.len() {
            " …"
        } else {
            ""
        };
        println!("    {shown}{cut}");
    }
    if let more @ 1.. = differences.len().saturating_sub(MAX_DIFFERENCES) {
        println!("    and {more} more");
    }
}

/// The sum, as test programs print it and then as a line by itself.
fn finish(sum: &Count, left_out: usize) -> ExitCode {
    let Count { passed, failed } = sum;
    let result = if *failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {left_out} filtered out"
    );
    println!("{passed} passed, {failed} failed");
    if *failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
