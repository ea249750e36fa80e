//! A case on which a law is broken, made small.

use std::sync::Arc;

use serde_json::Value;

use super::broken::{Breach, Broken, Found};
use super::cases::Arranged;
use crate::fleet::{Fleet, HostAggregate, HostState};
use crate::request::PlacementRequest;

/// How many smaller cases are tried at the most.
const TRIES: usize = 600;

/// Says whether a case breaks a law, and how.
pub(super) type Probe<'a> = &'a dyn Fn(&Arranged, &PlacementRequest) -> Option<Found>;

/// A case in parts that can be left out.
#[derive(Clone)]
struct Case {
    hosts: Vec<HostState>,
    aggregates: Vec<HostAggregate>,
    request: Arc<PlacementRequest>,
}

impl Case {
    fn fleet(&self) -> Fleet {
        Fleet::builder()
            .hosts(self.hosts.iter().cloned())
            .aggregates(self.aggregates.iter().cloned())
            .build()
    }
}

struct Shrinker<'a> {
    probe: Probe<'a>,
    case: Case,
    found: Found,
    tries: usize,
}

/// Leaves out of a case what the law is broken without.
pub(super) fn shrink(
    name: &str,
    probe: Probe<'_>,
    fleet: &Fleet,
    request: &PlacementRequest,
    found: Found,
) -> Broken {
    let mut shrinker = Shrinker {
        probe,
        case: Case {
            hosts: fleet.hosts().map(|host| host.to_state()).collect(),
            aggregates: fleet.aggregates().cloned().collect(),
            request: Arc::new(request.clone()),
        },
        found,
        tries: TRIES,
    };
    shrinker.hosts();
    shrinker.aggregates();
    shrinker.request();
    Broken::new(Breach {
        name: name.to_owned(),
        found: shrinker.found,
        request: shrinker.case.request.as_ref().clone(),
        hosts: shrinker.case.hosts,
        aggregates: shrinker.case.aggregates,
    })
}

impl Shrinker<'_> {
    /// Keeps a smaller case if the same law is broken on it.
    fn keep(&mut self, smaller: Case) -> bool {
        if self.tries == 0 {
            return false;
        }
        self.tries -= 1;
        let found = (self.probe)(&Arranged::of(smaller.fleet()), &smaller.request);
        match found.filter(|found| found.law == self.found.law) {
            Some(found) => {
                self.found = found;
                self.case = smaller;
                true
            }
            None => false,
        }
    }

    /// Halves first, then ever smaller parts, down to single hosts.
    fn hosts(&mut self) {
        let mut part = self.case.hosts.len().div_ceil(2);
        while part > 0 {
            let mut from = 0;
            while from < self.case.hosts.len() {
                let mut smaller = self.case.clone();
                let to = (from + part).min(smaller.hosts.len());
                smaller.hosts.drain(from..to);
                if !self.keep(smaller) {
                    from += part;
                }
            }
            part /= 2;
        }
    }

    fn aggregates(&mut self) {
        for place in (0..self.case.aggregates.len()).rev() {
            let mut smaller = self.case.clone();
            smaller.aggregates.remove(place);
            self.keep(smaller);
        }
    }

    /// What a request says beyond its resources can be left out: whole wishes, or else single
    /// entries of lists and maps.
    fn request(&mut self) {
        let Some(Value::Object(whole)) = serde_json::to_value(self.case.request.as_ref()).ok()
        else {
            return;
        };
        let mut kept = whole.clone();
        for (key, value) in whole {
            let without = kept.remove(&key);
            if self.keep_request(&kept) {
                continue;
            }
            kept.extend(without.map(|value| (key.clone(), value)));
            for part in parts(&value) {
                if let Some(Value::Object(map)) = kept.get_mut(&key) {
                    let former = map.remove(&part);
                    if !self.keep_request(&kept)
                        && let Some(Value::Object(map)) = kept.get_mut(&key)
                    {
                        map.extend(former.map(|value| (part, value)));
                    }
                }
            }
        }
    }

    fn keep_request(&mut self, parts: &serde_json::Map<String, Value>) -> bool {
        let Ok(request) = serde_json::from_value(Value::Object(parts.clone())) else {
            return false;
        };
        let smaller = Case {
            request: Arc::new(request),
            ..self.case.clone()
        };
        self.keep(smaller)
    }
}

fn parts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
