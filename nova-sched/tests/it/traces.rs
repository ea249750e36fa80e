//! Readers of traces: what they make of good files, and where they say a bad one is bad.

use std::io::{BufReader, Read};
use std::num::NonZeroU32;
use std::time::Duration;

use nova_core::model::{ResourceClass, ServerGroupPolicy};
use nova_sched::replay::{
    AzurePacking, AzureV1, HuaweiNuma, PackingServer, PackingSize, Problem, Trace, TraceError,
    read_csv, sample, write_csv,
};

const FLAVORS: &str = "1,0.75 a\n2,3.5 g\n";
const INTERVALS: &str = "0 0\n300 1\n600 2\n900 2\n1200 2\n";

/// Where a reader found a problem: line and column.
fn place(result: Result<Trace, TraceError>) -> (u64, u64, Problem) {
    match result.unwrap_err() {
        TraceError::Malformed {
            line,
            column,
            problem,
            ..
        } => (line, column, problem),
        other => panic!("{other}"),
    }
}

fn azure(arrivals: &str, durations: &str) -> Result<Trace, TraceError> {
    let format = AzureV1::new(FLAVORS.as_bytes(), INTERVALS.as_bytes())?;
    format.read("test", arrivals.as_bytes(), durations.as_bytes())
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn azure_arrivals_and_durations_are_zipped() {
    let trace = azure(
        "600 a,g,|,a,|\n900 g,|,\n",
        "600 U0,C2,|,U2,|\r\n900 U1,|,\r\n",
    )
    .unwrap();
    let servers = trace.servers();
    let arrives: Vec<u64> = servers.iter().map(|s| s.arrives.as_secs()).collect();
    assert_eq!(arrives, [0, 0, 0, 300]);
    let lifetimes: Vec<_> = servers.iter().map(|s| s.lifetime).collect();
    assert_eq!(
        lifetimes,
        [
            Some(seconds(0)),
            None,
            Some(seconds(900)),
            Some(seconds(300))
        ]
    );
    let batches: Vec<_> = servers.iter().map(|s| s.batch.unwrap()).collect();
    assert_eq!(batches[0], batches[1]);
    assert!(batches[1] < batches[2] && batches[2] < batches[3]);
    let size = &trace.flavor(servers[0].flavor).unwrap().resources;
    assert_eq!(size.get(&ResourceClass::Vcpu), 1);
    assert_eq!(size.get(&ResourceClass::MemoryMb), 768);
}

#[test]
fn azure_without_durations_nobody_leaves() {
    let format = AzureV1::new(FLAVORS.as_bytes(), INTERVALS.as_bytes()).unwrap();
    let trace = format
        .read_arrivals("test", "0 a,g,|\n".as_bytes())
        .unwrap();
    assert_eq!(trace.len(), 2);
    assert!(
        trace
            .servers()
            .iter()
            .all(|server| server.departs().is_none())
    );
}

#[test]
fn azure_files_that_are_wrong_say_where() {
    let unknown = |what, name: &str| Problem::Unknown {
        what,
        name: name.to_owned(),
    };
    assert_eq!(
        place(azure("0 a,|\n300 a,x,|\n", "0 U0,|\n300 U0,U0,|\n")),
        (2, 7, unknown("flavor", "x"))
    );
    assert_eq!(
        place(azure("0 a,a,|\n", "0 U0,U7,|\n")),
        (1, 6, unknown("interval", "7"))
    );
    assert!(matches!(
        place(azure("0 a,|\n", "0 X1,|\n")),
        (1, 3, Problem::Unexpected { .. })
    ));
    assert!(matches!(
        place(azure("zero a,|\n", "0 U1,|\n")),
        (1, 1, Problem::Unexpected { .. })
    ));
    for (arrivals, durations) in [
        ("0 a,a,|\n", "0 U0,|,U0\n"),
        ("0 a,a,|\n", "0 U0\n"),
        ("0 a,|\n", "0 U0,|,U0,|\n"),
        ("0 a,|\n", "300 U0,|\n"),
        ("0 a,|\n", "0 U0,|\n300 U0,|\n"),
    ] {
        let (.., problem) = place(azure(arrivals, durations));
        assert!(
            matches!(problem, Problem::Mismatch(_)),
            "{arrivals} {problem}"
        );
    }
    // A line is missing at the end.
    let ended = place(azure("0 a,|\n300 a,|\n", "0 U0,|\n"));
    assert_eq!((ended.0, ended.1), (2, 1));
    // Time does not go back.
    assert!(azure("300 a,|\n0 a,|\n", "300 U0,|\n0 U0,|\n").is_err());
    for flavors in [
        "1,0.75\n",
        "1 a\n",
        "1,much a\n",
        "1,-1 a\n",
        "1,NaN a\n",
        "1,1 a\n2,2 a\n",
    ] {
        let result = AzureV1::new(flavors.as_bytes(), INTERVALS.as_bytes());
        assert!(
            matches!(result, Err(TraceError::Malformed { .. })),
            "{flavors}"
        );
    }
    assert!(AzureV1::new(FLAVORS.as_bytes(), "0\n".as_bytes()).is_err());
}

#[test]
fn a_failing_reader_is_told_apart_from_a_bad_file() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let begun = BufReader::new("arrives,vcpus,memory_mib\n".as_bytes().chain(Broken));
    let error = read_csv("test", begun).unwrap_err();
    assert!(matches!(error, TraceError::Read { line: 1, .. }), "{error}");
    assert!(read_csv("test", &b"arrives,vcpus,memory_mib\n\xff\n"[..]).is_err());
}

#[test]
fn the_sample_is_read() {
    let trace = sample().unwrap();
    assert_eq!((trace.len(), trace.span()), (4755, seconds(23 * 300)));
    assert!(trace.peak().get(&ResourceClass::Vcpu) > 5000);
    let grouped = trace.with_batches_grouped(ServerGroupPolicy::AntiAffinity.into());
    let in_groups = grouped.servers().iter().filter(|s| s.group.is_some());
    assert!(in_groups.count() > 3000);
    assert!(grouped.groups().len() > 300);
    let without = grouped.without_groups();
    assert!(without.groups().is_empty());
    assert!(
        without
            .servers()
            .iter()
            .all(|server| server.group.is_none())
    );
}

#[test]
fn csv_is_read_as_it_is_written() {
    let text = "zone,arrives,vcpus,memory_mib,disk_gib,lifetime,batch,group,policy,max_per_host,fault_domain,flavor,numa_cells\n\
        az1,2.5,4,8192,10,0.25,7,web,anti-affinity,2,,m1.large,2\n\
        ,0,1,512,,,,,,,,,\n\
        ,1,1,512,,,,racks,,,3,,\n";
    let trace = read_csv("test", text.as_bytes()).unwrap();
    assert_eq!(trace.servers()[2].arrives, Duration::from_millis(2500));
    assert_eq!(trace.servers()[1].fault_domain, Some(3));
    let flavor = trace.flavor(trace.servers()[2].flavor).unwrap();
    assert_eq!(flavor.numa_cells, NonZeroU32::new(2));
    let rules = trace
        .group(trace.servers()[2].group.unwrap())
        .unwrap()
        .rules
        .unwrap();
    assert_eq!(rules.max_server_per_host(), NonZeroU32::new(2));

    let mut written = Vec::new();
    write_csv(&trace, &mut written).unwrap();
    let again = read_csv("test", written.as_slice()).unwrap();
    let mut twice = Vec::new();
    write_csv(&again, &mut twice).unwrap();
    assert_eq!(
        String::from_utf8(twice).unwrap(),
        String::from_utf8(written).unwrap()
    );
    assert_eq!(again.len(), trace.len());
}

#[test]
fn csv_that_is_wrong_says_where() {
    let read = |text: &str| place(read_csv("test", text.as_bytes()));
    let header = "arrives,vcpus,memory_mib,group,policy,max_per_host,fault_domain,zone";
    let row = |row: &str| read(&format!("\u{feff}{header}\n\n{row}\n"));
    assert_eq!(
        read("").2,
        Problem::Missing("the line that names the columns")
    );
    assert_eq!(read("arrives,vcpus\n").2, Problem::Missing("memory_mib"));
    assert_eq!(
        read("arrives,colour\n"),
        (1, 9, Problem::UnknownColumn("colour".to_owned()))
    );
    assert_eq!(read("arrives,arrives\n").1, 9);
    assert_eq!(row("0,1").2, Problem::Missing("memory_mib"));
    assert_eq!(row("0,1,1,,,,,,"), (3, 12, Problem::Surplus));
    assert_eq!(row("0,,1,,,,,").2, Problem::Missing("vcpus"));
    for (text, column) in [
        ("-1,1,1,,,,,", 1),
        ("NaN,1,1,,,,,", 1),
        ("1e300,1,1,,,,,", 1),
        ("0, -1,1,,,,,", 4),
        ("0,1,1.5,,,,,", 5),
        ("0,1,1,g,nearby,,,", 9),
        ("0,1,1,g,affinity,2,,", 9),
        ("0,1,1,g,,2,,", 10),
        ("0,1,1,g,anti-affinity,0,,", 23),
        ("0,1,1,,affinity,,,", 8),
        ("0,1,1,,,,7,", 10),
        ("0,1,1,,,,,a\u{7}b", 11),
    ] {
        let (line, found, problem) = row(text);
        assert_eq!((line, found), (3, column), "{text}: {problem}");
    }
    let cells = read("arrives,vcpus,memory_mib,numa_cells\n0,4,1024,4\n0,2,1024,3\n");
    assert!(matches!(cells, (3, 1, Problem::Invalid(_))));
    let (line, column, problem) = row("0,1,1,g,affinity,,,\n0,1,1,g,anti-affinity,,,");
    assert_eq!((line, column), (4, 7));
    assert!(matches!(problem, Problem::Mismatch(_)));
}

#[test]
fn huawei_groups_are_counted_by_strategy() {
    let text = "flavor_vcpus,flavor_ram,numa,strategy,group,domain\n\
        8,16,1,affinity,3,\n8,16,1,anti-affinity,3,\n8,16,2,fault_domain,3,1\n8,16,1,,,\n8,16,1,affinity,3,\n";
    let trace = HuaweiNuma::trace("test", text.as_bytes()).unwrap();
    let groups: Vec<_> = trace.servers().iter().map(|s| s.group).collect();
    assert_eq!(trace.groups().len(), 3);
    assert_eq!(groups[0], groups[4]);
    assert_eq!(
        trace.groups()[0].rules.unwrap().policy(),
        ServerGroupPolicy::Affinity
    );
    assert_eq!(trace.groups()[2].rules, None);
    assert_eq!(trace.flavors().len(), 2);
    assert_eq!(trace.span(), seconds(4));
}

#[test]
fn huawei_files_that_are_wrong_say_where() {
    let header = "flavor_vcpus,flavor_ram,numa,strategy,group,domain";
    for (row, column) in [
        ("8,16,1,,", 9),
        ("8,16,1,,,,", 11),
        ("8,16,0,,,", 6),
        ("8,16,9,,,", 6),
        ("x,16,1,,,", 1),
        ("8,-1,1,,,", 3),
        ("8,16,1,together,1,", 8),
        ("8,16,1,affinity,,", 17),
        ("8,16,1,affinity,1,2", 19),
        ("8,16,1,fault_domain,1,", 23),
        ("8,16,1,,1,", 9),
    ] {
        let text = format!("{header}\n{row}\n");
        let (line, found, problem) = place(HuaweiNuma::trace("test", text.as_bytes()));
        assert_eq!((line, found), (2, column), "{row}: {problem}");
    }
    assert!(HuaweiNuma::trace("test", &b""[..]).is_err());
    assert!(HuaweiNuma::hosts(&b"CPU1,RAM1\n"[..]).is_err());
    assert!(HuaweiNuma::hosts(&b"CPU1,RAM1,CPU2,RAM2\n1,2,3\n"[..]).is_err());
    let racks = HuaweiNuma::racks(&b"host_id,rack_id\nhost-0,0.0\nhost-1,1.0\n"[..]).unwrap();
    assert_eq!(racks, ["0.0", "1.0"]);
}

#[test]
fn packing_rows_become_shares_of_a_machine() {
    let mut small = PackingSize::new(1, 0, 0.031_25, 0.1);
    small.ssd = 0.000_01;
    let other = PackingSize::new(2, 9, 1.0, 1.0);
    let mut rows = AzurePacking::new("test", 0, [small, other]).unwrap();
    rows.server(&PackingServer::new(1, 1.0, Some(1.5))).unwrap();
    rows.server(&PackingServer::new(2, -1.0, None)).unwrap();
    rows.server(&PackingServer::new(1, -1.0, Some(-0.5)))
        .unwrap();
    assert_eq!(rows.left_out(), 1);
    let bad = [
        PackingServer::new(3, 0.0, None),
        PackingServer::new(1, f64::NAN, None),
        PackingServer::new(1, 1.0, Some(0.5)),
        PackingServer::new(1, 0.0, Some(f64::INFINITY)),
    ];
    for row in bad {
        let error = rows.server(&row).unwrap_err();
        assert!(
            matches!(error, TraceError::Row { table: "vm", .. }),
            "{error}"
        );
    }
    let trace = rows.build();
    assert_eq!(trace.len(), 2);
    assert_eq!(trace.servers()[0].departs(), Some(seconds(0)));
    assert_eq!(trace.servers()[1].lifetime, Some(seconds(43_200)));
    let size = &trace.flavors()[0].resources;
    let amounts = [
        ResourceClass::Vcpu,
        ResourceClass::MemoryMb,
        ResourceClass::DiskGb,
    ]
    .map(|class| size.get(&class));
    assert_eq!(amounts, [313, 1000, 1]);

    for share in [-0.1, 1.1, f64::NAN] {
        let size = PackingSize::new(1, 0, share, 0.1);
        let error = AzurePacking::new("test", 0, [size]).unwrap_err();
        assert!(
            matches!(
                error,
                TraceError::Row {
                    row: 1,
                    column: "core",
                    ..
                }
            ),
            "{error}"
        );
    }
    assert!(AzurePacking::new("test", 0, [small, small]).is_err());
    assert!(AzurePacking::new("test", 5, [small]).is_err());
}
