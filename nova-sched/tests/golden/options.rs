//! The options of a recording, as a configuration of ours.

use std::collections::BTreeMap;

use nova_sched::Config;
use serde_json::{Map, Value};

/// The options of a recording in the sections of our configuration. Nova's answers of Placement
/// are part of the recording: nothing is filtered by resources.
pub fn config(options: &BTreeMap<&str, &Value>) -> Result<Config, String> {
    let mut sections: Map<String, Value> = Map::new();
    for (name, value) in options {
        if let Some((section, option)) = name.split_once('.') {
            let section = sections
                .entry(section)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(section) = section {
                section.insert(option.to_owned(), (*value).clone());
            }
        }
    }
    let mut config: Config = serde_json::from_value(Value::Object(sections))
        .map_err(|error| format!("options: {error}"))?;
    config.filter_scheduler.placement_filters = false;
    config.compatibility.malformed_fails_request = true;
    config.compatibility.image_address_bits_malformed = true;
    config.compatibility.numa_page_size_leak = true;
    config.compatibility.malformed_settings_ignored = true;
    Ok(config)
}
