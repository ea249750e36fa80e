//! Calls about flavors, and who may use them.

use nova_core::env::Timestamp;
use nova_core::model::Flavor;
use nova_core::repository::{FlavorFilter, PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, flavor_id, json, page, page_request, perhaps, project_id, text, words,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        flavor: u8,
        private: bool,
        size: u32,
    },
    Get {
        flavor: u8,
    },
    Delete {
        flavor: u8,
    },
    List {
        project: Option<u8>,
        public: Option<bool>,
        /// The least processors, memory and disk, if that is chosen.
        least: (u32, u8),
        page: (u32, Option<u8>),
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
        page: (u32, Option<u8>),
    },
    Check {
        flavor: u8,
        project: u8,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let pair = || (few(), few());
    let filter = (
        perhaps(),
        prop::option::of(any::<bool>()),
        (0..3_u32, few()),
    );
    prop_oneof![
        8 => (few(), any::<bool>(), 1..3_u32)
            .prop_map(|(flavor, private, size)| Call::Create { flavor, private, size }),
        2 => few().prop_map(|flavor| Call::Get { flavor }),
        1 => few().prop_map(|flavor| Call::Delete { flavor }),
        4 => (filter, page_request()).prop_map(|((project, public, least), page)| {
            Call::List { project, public, least, page }
        }),
        5 => pair().prop_map(|(flavor, project)| Call::Add { flavor, project }),
        2 => pair().prop_map(|(flavor, project)| Call::Remove { flavor, project }),
        2 => (few(), page_request()).prop_map(|(flavor, page)| Call::Access { flavor, page }),
        2 => pair().prop_map(|(flavor, project)| Call::Check { flavor, project }),
    ]
}

fn flavor(number: u8, private: bool, size: u32) -> Flavor {
    let memory = Mebibytes::new(64 * u64::from(size));
    let disk = Gibibytes::new(u64::from(size));
    let builder = Flavor::builder(flavor_id(number), size, memory, disk);
    let builder = match private {
        true => builder.private().description(words(3)),
        false => builder.extra_spec("key", "\u{1f980}"),
    };
    builder.build().unwrap()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let flavors = store.flavors();
    match call {
        Call::Create {
            flavor: number,
            private,
            size,
        } => {
            let flavor = flavor(*number, *private, *size);
            text(flavors.flavor_create(&flavor).await)
        }
        Call::Get { flavor } => text(flavors.flavor_get(&flavor_id(*flavor)).await),
        Call::Delete { flavor } => text(flavors.flavor_delete(&flavor_id(*flavor)).await),
        Call::List {
            project,
            public,
            least: (least, of),
            page: request,
        } => {
            let mut filter = FlavorFilter {
                project: project.map(project_id),
                public: *public,
                ..FlavorFilter::default()
            };
            match of {
                0 => filter.min_vcpus = *least,
                1 => filter.min_memory = Mebibytes::new(64 * u64::from(*least)),
                2 => filter.min_root_disk = Gibibytes::new(u64::from(*least)),
                _ => {}
            }
            let page = page(request, flavor_id);
            text(flavors.flavor_list(&filter, &page).await)
        }
        Call::Add { flavor, project } => {
            let (id, project) = (flavor_id(*flavor), project_id(*project));
            text(flavors.flavor_access_add(&id, &project).await)
        }
        Call::Remove { flavor, project } => {
            let (id, project) = (flavor_id(*flavor), project_id(*project));
            text(flavors.flavor_access_remove(&id, &project).await)
        }
        Call::Access {
            flavor,
            page: request,
        } => {
            let page = page(request, project_id);
            text(flavors.flavor_access_list(&flavor_id(*flavor), &page).await)
        }
        Call::Check { flavor, project } => {
            let (id, project) = (flavor_id(*flavor), project_id(*project));
            text(flavors.flavor_access_check(&id, &project).await)
        }
    }
}

/// What the store holds of flavors.
pub async fn contents(store: &Store) -> Vec<String> {
    let flavors = store.flavors();
    let (filter, page) = (FlavorFilter::default(), PageRequest::largest());
    let mut all = vec![text(flavors.flavor_list(&filter, &page).await)];
    for number in NUMBERS {
        let id = flavor_id(number);
        all.push(json(flavors.flavor_get(&id).await));
        let page = PageRequest::largest();
        all.push(text(flavors.flavor_access_list(&id, &page).await));
    }
    all
}
