//! What the test of recorded cases reads.

use std::path::Path;

#[path = "../golden/names.rs"]
mod names;
#[path = "../golden/source.rs"]
mod source;

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(file: &str) -> Result<(String, String), String> {
    let (text, place) = source::read_file(Path::new(file), Path::new(WORKSPACE))?;
    Ok((text, place.display().to_string()))
}

#[test]
fn a_relative_file_is_found_in_the_package_and_from_the_root_of_the_workspace() {
    let (here, place) = read("tests/golden/README.md").unwrap();
    assert_eq!(place, "tests/golden/README.md");
    assert!(here.starts_with("# Decisions"), "{here}");
    let (there, place) = read("nova-sched/tests/golden/README.md").unwrap();
    assert_eq!(
        place,
        format!("{WORKSPACE}/nova-sched/tests/golden/README.md")
    );
    assert_eq!(here, there);
}

#[test]
fn a_file_may_be_compressed() {
    let (packed, _) = read("nova-sched/tests/golden/scheduler.json.gz").unwrap();
    assert!(packed.starts_with('{'));
    assert_eq!(
        source::text(br#"{"cases": []}"#).unwrap(),
        r#"{"cases": []}"#
    );
    assert_eq!(source::text(b"").unwrap(), "");
    // Neither what is cut off nor what is no text is read.
    assert!(source::text(&[0x1f, 0x8b]).is_err());
    assert!(source::text(&[0x1f, 0x8b, 8, 0, 0]).is_err());
    assert!(source::text(&[0xff, 0xfe]).is_err());
}

#[test]
fn a_file_that_is_not_there_is_named_with_every_place_that_was_looked_at() {
    assert_eq!(
        read("no-such-cases.json").unwrap_err(),
        format!("there is no file no-such-cases.json, nor {WORKSPACE}/no-such-cases.json")
    );
    assert_eq!(
        read("/no-such-cases.json").unwrap_err(),
        "there is no file /no-such-cases.json"
    );
    assert!(
        read("tests/golden")
            .unwrap_err()
            .starts_with("tests/golden: ")
    );
}

#[test]
fn a_case_that_expects_something_of_a_filter_that_is_not_listed_differs() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let listed = names(&["CoreFilter", "RamFilter"]);
    let expected = names(&["RamFilter", "NoSuchFilter", "CoreFilter", "ramfilter"]);
    assert_eq!(
        names::unlisted(expected.iter(), &listed),
        [
            "NoSuchFilter: expected of, but not among the recording's filters",
            "ramfilter: expected of, but not among the recording's filters",
        ]
    );
    assert!(names::unlisted(listed.iter(), &listed).is_empty());
}
