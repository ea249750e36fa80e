//! No dependency's type in a public signature, unless it is re-exported on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

use super::sources::{LIBRARIES, rust_files};

/// Dependencies whose types stay inside. `uuid` (re-exported by the core), `serde`'s traits and
/// `serde_json` (re-exported by the transports) are shown on purpose.
const HIDDEN: [&str; 14] = [
    "futures",
    "jiff",
    "lapin",
    "rand",
    "rand_chacha",
    "rustix",
    "sea_orm",
    "sea_orm_migration",
    "sqlx",
    "tokio",
    "tokio_util",
    "tracing",
    "virt",
    "backon",
];

/// What `use` lines of a file bring in: name → crate.
#[derive(Default)]
struct Imports(BTreeMap<String, String>);

impl Imports {
    fn of(file: &syn::File) -> Self {
        let mut imports = Self::default();
        for item in &file.items {
            if let syn::Item::Use(item) = item {
                imports.add(&item.tree, None);
            }
        }
        imports
    }

    fn add(&mut self, tree: &syn::UseTree, root: Option<&str>) {
        match tree {
            syn::UseTree::Path(path) => {
                let name = path.ident.to_string();
                self.add(&path.tree, Some(root.unwrap_or(&name)));
            }
            syn::UseTree::Name(name) => self.insert(&name.ident, &name.ident, root),
            syn::UseTree::Rename(rename) => self.insert(&rename.rename, &rename.ident, root),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add(tree, root);
                }
            }
            syn::UseTree::Glob(_) => {}
        }
    }

    /// Notes a name, and the crate that it is of: the root, or itself where it is a crate.
    fn insert(&mut self, name: &syn::Ident, of: &syn::Ident, root: Option<&str>) {
        let root = root.map_or_else(|| of.to_string(), str::to_owned);
        self.0.insert(name.to_string(), root);
    }
}

/// Collects the hidden crates that public signatures of a file name.
struct Signatures<'a> {
    imports: &'a Imports,
    /// The names of the file's public types.
    public: BTreeSet<String>,
    found: Vec<String>,
}

impl Signatures<'_> {
    /// Whether this is a public type of the file.
    fn is_public_here(&self, ty: &syn::Type) -> bool {
        match ty {
            syn::Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|segment| self.public.contains(&segment.ident.to_string())),
            _ => false,
        }
    }

    /// Looks at a piece of a signature.
    fn look<'ast>(&mut self, visit: impl FnOnce(&mut Paths<'_>) + 'ast) {
        let mut paths = Paths {
            imports: self.imports,
            found: Vec::new(),
        };
        visit(&mut paths);
        self.found.append(&mut paths.found);
    }

    fn signature(&mut self, signature: &syn::Signature) {
        self.look(|paths| paths.visit_signature(signature));
    }

    fn fields(&mut self, fields: &syn::Fields, all: bool) {
        for field in fields {
            if all || is_public(&field.vis) {
                self.look(|paths| paths.visit_type(&field.ty));
            }
        }
    }
}

/// Collects hidden crates from every path in a piece of syntax.
struct Paths<'a> {
    imports: &'a Imports,
    found: Vec<String>,
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            let name = first.ident.to_string();
            let root = self.imports.0.get(&name).unwrap_or(&name);
            if HIDDEN.contains(&root.as_str()) {
                let path: Vec<String> = path
                    .segments
                    .iter()
                    .map(|segment| segment.ident.to_string())
                    .collect();
                self.found.push(format!("{} (of {root})", path.join("::")));
            }
        }
        visit::visit_path(self, path);
    }

    // Bodies are nobody's business.
    fn visit_block(&mut self, _: &'ast syn::Block) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

impl<'ast> Visit<'ast> for Signatures<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.signature(&item.sig);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        // `impl From<Theirs> for Ours` makes theirs ours, whoever wrote it.
        if let Some((path, _)) = &item.trait_ {
            let converts = path.segments.last().is_some_and(|segment| {
                ["From", "TryFrom", "Into", "TryInto"]
                    .iter()
                    .any(|name| segment.ident == name)
            });
            if converts && self.is_public_here(&item.self_ty) {
                self.look(|paths| paths.visit_path(path));
            }
        }
        for member in &item.items {
            if let syn::ImplItem::Fn(function) = member
                && is_public(&function.vis)
            {
                self.signature(&function.sig);
            }
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if is_public(&item.vis) {
            self.look(|paths| paths.visit_generics(&item.generics));
            for bound in &item.supertraits {
                self.look(|paths| paths.visit_type_param_bound(bound));
            }
            for member in &item.items {
                if let syn::TraitItem::Fn(function) = member {
                    self.signature(&function.sig);
                }
            }
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) {
            self.look(|paths| paths.visit_generics(&item.generics));
            self.fields(&item.fields, false);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if is_public(&item.vis) {
            self.look(|paths| paths.visit_generics(&item.generics));
            for variant in &item.variants {
                self.fields(&variant.fields, true);
            }
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if is_public(&item.vis) {
            self.look(|paths| paths.visit_type(&item.ty));
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if is_public(&item.vis) {
            let mut shown = Imports::default();
            shown.add(&item.tree, None);
            for (name, root) in shown.0 {
                if HIDDEN.contains(&root.as_str()) {
                    self.found.push(format!("{name} (of {root})"));
                }
            }
        }
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.look(|paths| paths.visit_type(&item.ty));
        }
    }
}

fn hidden_types_in(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).unwrap();
    let imports = Imports::of(&file);
    let public = file
        .items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Struct(item) if is_public(&item.vis) => Some(item.ident.to_string()),
            syn::Item::Enum(item) if is_public(&item.vis) => Some(item.ident.to_string()),
            _ => None,
        })
        .collect();
    let mut signatures = Signatures {
        imports: &imports,
        public,
        found: Vec::new(),
    };
    signatures.visit_file(&file);
    signatures.found
}

#[test]
fn no_dependency_shows_in_a_public_signature() {
    let mut found = Vec::new();
    for folder in LIBRARIES {
        for path in rust_files(folder) {
            // The SQL store is private but for its handle; its tables are made of sea-orm's types.
            if path.to_string_lossy().contains("repository/sql/") && !is_sql_surface(&path) {
                continue;
            }
            for name in hidden_types_in(&fs::read_to_string(&path).unwrap()) {
                found.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(
        found.is_empty(),
        "dependencies show in public signatures:\n{}",
        found.join("\n")
    );
}

/// Whether the file holds what the SQL store shows to its users.
fn is_sql_surface(path: &Path) -> bool {
    ["mod.rs", "store.rs", "config.rs", "options.rs"]
        .iter()
        .any(|name| path.ends_with(Path::new("repository/sql").join(name)))
}

#[test]
fn the_check_sees_what_it_should() {
    let seen = hidden_types_in(
        "use tokio::sync::mpsc::Receiver as Inbox; pub fn f(x: Vec<Inbox<u8>>) {} \
         pub struct S { pub a: sea_orm::DbErr, b: sea_orm::DbErr } \
         pub trait T: futures::Stream { fn g(&self) -> Option<lapin::Channel>; } \
         pub fn h<X: rand::Rng>(x: X) {} pub enum E { A(virt::Domain) } \
         impl From<sqlx::Error> for E {} impl From<sqlx::Error> for Hidden {} \
         pub use jiff::Timestamp; pub const C: rustix::fs::Mode = 0; fn private(x: tokio::Y) {}",
    );
    assert_eq!(seen.len(), 9, "{seen:?}");
}
