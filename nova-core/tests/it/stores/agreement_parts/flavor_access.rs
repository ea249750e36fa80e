//! Calls of the repository of flavors.

use nova_core::id::{FlavorId, ProjectId};
use nova_core::model::Flavor;
use nova_core::repository::{FlavorFilter, PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        flavor: u8,
        private: bool,
        vcpus: u32,
    },
    Delete {
        flavor: u8,
    },
    List {
        project: Option<u8>,
        public: Option<bool>,
        min_vcpus: u32,
        limit: u32,
        marker: Option<u8>,
    },
    Add {
        flavor: u8,
        project: u8,
    },
    Remove {
        flavor: u8,
        project: u8,
    },
    Access {
        flavor: u8,
        limit: u32,
        marker: Option<u8>,
    },
    Check {
        flavor: u8,
        project: u8,
    },
}

pub fn call() -> impl Strategy<Value = Call> {
    let flavor = || 0..5_u8;
    let project = || 0..3_u8;
    let filter = (
        prop::option::of(project()),
        prop::option::of(any::<bool>()),
        0..3_u32,
    );
    prop_oneof![
        4 => (flavor(), any::<bool>(), 1..3_u32)
            .prop_map(|(flavor, private, vcpus)| Call::Create { flavor, private, vcpus }),
        1 => flavor().prop_map(|flavor| Call::Delete { flavor }),
        4 => (filter, 1..4_u32, prop::option::of(flavor())).prop_map(
            |((project, public, min_vcpus), limit, marker)| {
                Call::List { project, public, min_vcpus, limit, marker }
            }
        ),
        5 => (flavor(), project()).prop_map(|(flavor, project)| Call::Add { flavor, project }),
        2 => (flavor(), project()).prop_map(|(flavor, project)| Call::Remove { flavor, project }),
        2 => (flavor(), 1..3_u32, prop::option::of(project()))
            .prop_map(|(flavor, limit, marker)| Call::Access { flavor, limit, marker }),
        2 => (flavor(), project()).prop_map(|(flavor, project)| Call::Check { flavor, project }),
    ]
}

fn id(number: u8) -> FlavorId {
    ["a", "A", "b", "\u{e4}", "-"][usize::from(number)]
        .parse()
        .unwrap()
}

fn project(number: u8) -> ProjectId {
    ["p", "P", "q"][usize::from(number)].parse().unwrap()
}

pub async fn answer(store: &Store, call: &Call) -> String {
    let flavors = store.flavors();
    match call {
        Call::Create {
            flavor,
            private,
            vcpus,
        } => {
            let mut begun =
                Flavor::builder(id(*flavor), *vcpus, Mebibytes::new(64), Gibibytes::new(1));
            if *private {
                begun = begun.private().description("for some\n\"only\"");
            }
            let flavor = begun.build().unwrap();
            format!("{:?}", flavors.flavor_create(&flavor).await)
        }
        Call::Delete { flavor } => format!("{:?}", flavors.flavor_delete(&id(*flavor)).await),
        Call::List {
            project: of,
            public,
            min_vcpus,
            limit,
            marker,
        } => {
            let filter = FlavorFilter {
                project: of.map(project),
                public: *public,
                min_vcpus: *min_vcpus,
                ..FlavorFilter::default()
            };
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(id(*marker));
            }
            format!("{:?}", flavors.flavor_list(&filter, &page).await)
        }
        Call::Add {
            flavor,
            project: of,
        } => format!(
            "{:?}",
            flavors.flavor_access_add(&id(*flavor), &project(*of)).await
        ),
        Call::Remove {
            flavor,
            project: of,
        } => {
            let (id, project) = (id(*flavor), project(*of));
            format!("{:?}", flavors.flavor_access_remove(&id, &project).await)
        }
        Call::Access {
            flavor,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(project(*marker));
            }
            let id = id(*flavor);
            format!("{:?}", flavors.flavor_access_list(&id, &page).await)
        }
        Call::Check {
            flavor,
            project: of,
        } => {
            let (id, project) = (id(*flavor), project(*of));
            format!("{:?}", flavors.flavor_access_check(&id, &project).await)
        }
    }
}
