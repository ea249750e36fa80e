//! Pages of what is in order already.

use crate::repository::Page;

/// The first `limit` of the items, and the marker for the next page if there are more.
pub(super) fn cut<'a, T, Id>(
    mut items: impl Iterator<Item = &'a T>,
    limit: u32,
    id: impl Fn(&T) -> Id,
) -> Page<T, Id>
where
    T: Clone + 'a,
{
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let page: Vec<T> = items.by_ref().take(wanted).cloned().collect();
    let next = items.next().and_then(|_| page.last().map(id));
    Page { items: page, next }
}
