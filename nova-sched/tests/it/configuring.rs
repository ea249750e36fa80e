//! What a configuration says, and what it may not say.

use nova_sched::filters::AllHostsFilter;
use nova_sched::weighers::RAMWeigher;
use nova_sched::{Config, Error, PlacementRequest, Registry, Scheduler};
use serde_json::{Value, json};

use crate::fixtures::{fleet, host, request};

fn config(value: Value) -> Config {
    serde_json::from_value(value).unwrap()
}

fn scheduler(value: Value) -> Result<Scheduler, Error> {
    Registry::nova().scheduler(&config(value))
}

/// The option that is refused, and why.
fn refused(value: Value) -> (String, String) {
    match scheduler(value).unwrap_err() {
        Error::InvalidOption { option, reason } => (option, reason),
        other => panic!("{other}"),
    }
}

#[test]
fn attempts_are_the_host_and_its_alternates_unless_the_request_says_how_many() {
    let fleet = fleet(["a", "b", "c", "d", "e", "f"].map(|name| host(name, 8192)));
    let alternates = |attempts: Option<u32>, request: &PlacementRequest| {
        let file = attempts.map_or(
            json!({}),
            |attempts| json!({"scheduler": {"max_attempts": attempts}}),
        );
        let plan = scheduler(file).unwrap().plan(&fleet, request);
        plan.placements()[0].alternates.len()
    };
    let unsaid = request(1024);
    assert_eq!(unsaid.alternates(), None);
    assert_eq!(alternates(None, &unsaid), 2);
    assert_eq!(alternates(Some(1), &unsaid), 0);
    assert_eq!(alternates(Some(5), &unsaid), 4);
    assert_eq!(alternates(Some(u32::MAX), &unsaid), 5);
    let said = unsaid.clone().with_alternates(3);
    assert_eq!(said.alternates(), Some(3));
    assert_eq!(alternates(Some(1), &said), 3);
    assert_eq!(alternates(Some(5), &unsaid.with_alternates(0)), 0);

    // A scheduler that is put together by hand.
    let built = |builder: nova_sched::SchedulerBuilder| builder.build().max_attempts();
    assert_eq!(built(Scheduler::builder()), 3);
    assert_eq!(built(Scheduler::builder().max_attempts(7)), 7);
    assert_eq!(built(Scheduler::builder().max_attempts(0)), 1);
}

#[test]
fn no_attempt_at_all_is_refused() {
    let (option, reason) = refused(json!({"scheduler": {"max_attempts": 0}}));
    assert_eq!(option, "scheduler.max_attempts");
    assert_eq!(reason, "it is 0: no server would be tried on any host");
}

#[test]
fn requests_say_how_many_alternates_or_nothing_of_them() {
    let unsaid = serde_json::to_value(request(1024)).unwrap();
    assert_eq!(unsaid.get("alternates"), None);
    let said = serde_json::to_value(request(1024).with_alternates(2)).unwrap();
    assert_eq!(said.get("alternates"), Some(&json!(2)));
    for value in [unsaid, said] {
        let read: PlacementRequest = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), value);
    }
}

#[test]
fn malformed_weight_settings_are_refused_unless_they_are_to_be_ignored() {
    for (text, problem) in [
        ("abc", "`abc` is not of the form name=number"),
        ("", "`` is not of the form name=number"),
        ("=1.0", "`=1.0` names nothing"),
        ("a==", "`a==`: `=` is no number"),
        ("a=b", "`a=b`: `b` is no number"),
        ("a=", "`a=`: `` is no number"),
        ("a=inf", "`a=inf`: inf is not finite"),
        ("a=nan", "`a=nan`: NaN is not finite"),
        (
            " a = 2",
            "` a = 2`: the white space would be part of the name",
        ),
    ] {
        for (section, option) in [
            ("metrics", "weight_setting"),
            ("filter_scheduler", "image_props_weight_setting"),
        ] {
            // Whether or not anybody reads the option.
            let mut file = json!({
                section: { option: ["fine=1", text] },
            });
            file["filter_scheduler"]["weight_classes"] = json!(["RAMWeigher"]);
            let expected = (format!("{section}.{option}"), problem.to_owned());
            assert_eq!(refused(file.clone()), expected, "{text}");
            let registry = Registry::nova();
            assert!(
                registry
                    .filter("MetricsFilter", &config(file.clone()))
                    .is_err()
            );
            assert!(
                registry
                    .weigher("MetricsWeigher", &config(file.clone()))
                    .is_err()
            );
            file["compatibility"] = json!({"malformed_settings_ignored": true});
            assert!(scheduler(file).is_ok(), "{text}");
        }
    }
    for text in ["a=1", "a= -1_000.5 ", "a.b c=2e3"] {
        assert!(
            scheduler(json!({"metrics": {"weight_setting": [text]}})).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let options: Vec<(String, String)> = serde_json::to_value(Config::default())
        .unwrap()
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(section, options)| {
            let options = options.as_object().unwrap().iter();
            let numbers = options.filter(|(_, value)| value.is_f64());
            numbers.map(|(option, _)| (section.clone(), option.clone()))
        })
        .collect();
    assert_eq!(options.len(), 14, "{options:?}");
    // JSON has no such numbers; serde's own deserialisers have.
    for (section, option) in options {
        for (number, shown) in [
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let config = with_number(&section, &option, number);
            let Err(Error::InvalidOption {
                option: refused,
                reason,
            }) = Registry::nova().scheduler(&config)
            else {
                panic!("{section}.{option} = {number} is taken");
            };
            assert_eq!(refused, format!("{section}.{option}"));
            assert_eq!(reason, format!("{shown} is not finite"));
        }
        assert!(
            Registry::nova()
                .scheduler(&with_number(&section, &option, -1e300))
                .is_ok()
        );
    }
}

/// A file with one option, of a format that has such numbers.
fn with_number(section: &str, option: &str, number: f64) -> Config {
    use serde::de::value::{Error as ValueError, MapDeserializer};

    type Options<'a> = std::vec::IntoIter<(&'a str, f64)>;
    let options: MapDeserializer<'_, Options<'_>, ValueError> =
        MapDeserializer::new(vec![(option, number)].into_iter());
    match section {
        "metrics" => {
            let mut config = Config::default();
            config.metrics = serde::Deserialize::deserialize(options).unwrap();
            config
        }
        "filter_scheduler" => {
            let mut config = Config::default();
            config.filter_scheduler = serde::Deserialize::deserialize(options).unwrap();
            config
        }
        other => panic!("{other}"),
    }
}

#[test]
fn no_host_to_choose_from_is_refused() {
    let (option, reason) = refused(json!({"filter_scheduler": {"host_subset_size": 0}}));
    assert_eq!(option, "filter_scheduler.host_subset_size");
    assert_eq!(reason, "it is 0: there would be no host to choose");
}

#[test]
fn nothing_is_named_twice() {
    for (option, names, twice) in [
        (
            "enabled_filters",
            json!(["RetryFilter", "ComputeFilter", "RetryFilter"]),
            "RetryFilter",
        ),
        (
            "enabled_filters",
            json!([
                "ComputeFilter",
                "nova.scheduler.filters.compute_filter.ComputeFilter"
            ]),
            "ComputeFilter",
        ),
        (
            "weight_classes",
            json!(["RAMWeigher", "nova.scheduler.weights.ram.RAMWeigher"]),
            "RAMWeigher",
        ),
        (
            "weight_classes",
            json!(["all_weighers", "RAMWeigher"]),
            "RAMWeigher",
        ),
        (
            "weight_classes",
            json!(["PCIWeigher", "nova.scheduler.weights.all_weighers"]),
            "PCIWeigher",
        ),
        (
            "weight_classes",
            json!(["all_weighers", "all_weighers"]),
            "BuildFailureWeigher",
        ),
    ] {
        let (refused, reason) = refused(json!({"filter_scheduler": {option: names}}));
        assert_eq!(refused, format!("filter_scheduler.{option}"));
        assert_eq!(reason, format!("{twice} is named twice"));
    }
    // What stands for Placement anyway may be named, once.
    let named =
        json!({"filter_scheduler": {"enabled_filters": ["CoreFilter", "AggregateRamFilter"]}});
    assert!(scheduler(named).is_ok());
}

#[test]
fn settings_of_what_nobody_registered_are_refused() {
    let file = config(json!({"custom": {"OwnFilter": {}, "OwnWeigher": {}}}));
    let mut registry = Registry::nova();
    let refused = |registry: &Registry| match registry.scheduler(&file) {
        Err(Error::InvalidOption { option, reason }) => {
            assert_eq!(
                reason,
                "no filter and no weigher of this name is registered"
            );
            option
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&registry), "custom.OwnFilter");
    registry.register_filter("OwnFilter", |_| Ok(AllHostsFilter));
    assert_eq!(refused(&registry), "custom.OwnWeigher");
    registry.register_weigher("OwnWeigher", |_| Ok(RAMWeigher::default()));
    assert!(registry.scheduler(&file).is_ok());
    let own = registry.weigher("OwnWeigher", &file).unwrap();
    assert_eq!(own[0].name(), "RAMWeigher");
}

#[test]
fn options_of_nova_that_there_are_not_are_refused() {
    for file in [
        json!({"filter_scheduler": {"available_filters": []}}),
        json!({"filter_scheduler": {"track_instance_changes": true}}),
        json!({"scheduler": {"max_placement_results": 1000}}),
        json!({"DEFAULT": {}}),
    ] {
        let refused = serde_json::from_value::<Config>(file.clone()).unwrap_err();
        assert!(
            refused.to_string().contains("unknown field"),
            "{file}: {refused}"
        );
    }
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    most: u32,
    #[serde(default)]
    names: Vec<String>,
}

#[test]
fn settings_of_ones_own_are_read_with_their_types() {
    let limits = |settings: Value| {
        let config = config(json!({"custom": {"Limits": settings, "Other": 3}}));
        match config.custom_settings::<Limits>("Limits") {
            Ok(limits) => Ok(limits),
            Err(Error::InvalidOption { option, reason }) => {
                assert_eq!(option, "custom.Limits");
                Err(reason)
            }
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(
        limits(json!({"most": 3, "names": ["a"]})),
        Ok(Limits {
            most: 3,
            names: vec!["a".to_owned()]
        })
    );
    for (settings, problem) in [
        (json!({}), "missing field `most`"),
        (
            json!({"most": -1}),
            "invalid value: integer `-1`, expected u32",
        ),
        (
            json!({"most": 1, "least": 1}),
            "unknown field `least`, expected `most` or `names`",
        ),
        (json!(null), "invalid type: null, expected struct Limits"),
        (
            json!("3"),
            "invalid type: string \"3\", expected struct Limits",
        ),
    ] {
        assert_eq!(limits(settings), Err(problem.to_owned()));
    }
    // A section that is not there is as an empty one.
    let absent = Config::default().custom_settings::<Limits>("Limits");
    assert_eq!(
        absent.unwrap_err().to_string(),
        "invalid option custom.Limits: missing field `most`"
    );
    let absent =
        Config::default().custom_settings::<std::collections::BTreeMap<String, u32>>("Limits");
    assert_eq!(absent.unwrap(), std::collections::BTreeMap::new());
    assert_eq!(
        config(json!({"custom": {"Other": 3}}))
            .custom_settings::<u8>("Other")
            .unwrap(),
        3
    );
}

#[test]
fn a_configuration_may_be_toml() {
    let file = r#"
        [scheduler]
        max_attempts = 2

        [filter_scheduler]
        enabled_filters = ["ComputeFilter", "NumInstancesFilter"]
        ram_weight_multiplier = -1.5
        shuffle_best_same_weighed_hosts = true

        [metrics]
        weight_setting = ["cpu.percent=-2"]

        [custom.Limits]
        most = 3
        names = ["a", "b"]
    "#;
    let read: Config = toml::from_str(file).unwrap();
    let same = config(json!({
        "scheduler": {"max_attempts": 2},
        "filter_scheduler": {
            "enabled_filters": ["ComputeFilter", "NumInstancesFilter"],
            "ram_weight_multiplier": -1.5,
            "shuffle_best_same_weighed_hosts": true,
        },
        "metrics": {"weight_setting": ["cpu.percent=-2"]},
        "custom": {"Limits": {"most": 3, "names": ["a", "b"]}},
    }));
    assert_eq!(read, same);
    assert_eq!(read.custom_settings::<Limits>("Limits").unwrap().most, 3);
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    assert!(toml::from_str::<Config>("[scheduler]\nworkers = 3").is_err());
    let infinite: Config = toml::from_str("[metrics]\nweight_multiplier = inf").unwrap();
    assert_eq!(
        Registry::nova()
            .scheduler(&infinite)
            .unwrap_err()
            .to_string(),
        "invalid option metrics.weight_multiplier: inf is not finite"
    );
}
