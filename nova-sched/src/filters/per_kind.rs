//! What is found out once for all hosts that are alike.

/// What was found out once for each kind of host.
#[derive(Debug)]
pub(crate) struct PerKind<T>(Vec<Option<T>>);

impl<T> Default for PerKind<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> PerKind<T> {
    /// What holds for a kind; it is found out if it is asked for the first time.
    pub(crate) fn of(&mut self, kind: u32, find_out: impl FnOnce() -> T) -> &mut T {
        let place = usize::try_from(kind).unwrap_or(usize::MAX);
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        self.0[place].get_or_insert_with(find_out)
    }
}
