//! Host aggregates: zones, racks, and kinds of disk.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::ZONES;
use super::dice::Dice;

#[derive(Debug, Serialize)]
pub struct Aggregate {
    pub id: usize,
    pub uuid: Uuid,
    pub name: String,
    pub hosts: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

/// How many hosts a rack holds.
const RACK: usize = 40;

/// Every aggregate of a fleet of so many hosts, and which of them a host is in.
pub struct Layout {
    pub aggregates: Vec<Aggregate>,
    racks: usize,
}

impl Layout {
    pub fn new(dice: &Dice, hosts: usize) -> Self {
        let racks = hosts.div_ceil(RACK);
        let zones = ZONES.iter().map(|zone| {
            let name = (*zone).to_owned();
            (name.clone(), ("availability_zone", name))
        });
        let racks_named = (0..racks).map(|rack| {
            let name = format!("rack-{rack:04}");
            (name.clone(), ("rack", name))
        });
        let disks = ["true", "false"].map(|ssd| (format!("ssd-{ssd}"), ("ssd", ssd.to_owned())));
        let aggregates = zones
            .chain(racks_named)
            .chain(disks)
            .enumerate()
            .map(|(place, (name, (key, value)))| Aggregate {
                id: place + 1,
                uuid: dice.uuid(),
                name,
                hosts: Vec::new(),
                metadata: BTreeMap::from([(key.to_owned(), value)]),
            })
            .collect();
        Self { aggregates, racks }
    }

    /// Puts the host of a place into its aggregates. Racks lie across the zones of the fleet in
    /// turn, as neighbours in a list of hosts do not share one.
    pub fn join(&mut self, dice: &Dice, place: usize, host: &str) {
        let disk = ZONES.len() + self.racks + usize::from(!dice.chance(0.4));
        let rack = ZONES.len() + place % self.racks;
        for aggregate in [place % ZONES.len(), rack, disk] {
            self.aggregates[aggregate].hosts.push(host.to_owned());
        }
    }
}
