//! Which bytes are taken: overlap with any of many spans in logarithmic time.

use crate::model::Span;

/// The union of spans: sorted, apart from each other.
pub(super) struct Cover(Vec<Span>);

impl Cover {
    /// Of spans in any order.
    pub(super) fn new(spans: impl Iterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.collect();
        spans.sort_unstable();
        let mut union: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match union.last_mut().filter(|last| last.overlaps(span)) {
                Some(last) => *last = last.join(span),
                None => union.push(span),
            }
        }
        Self(union)
    }

    /// True where one of the spans shares a byte with `span`.
    pub(super) fn overlaps(&self, span: Span) -> bool {
        // The only one that can is the last that begins before `span` ends.
        let next = self.0.partition_point(|one| one.start < span.end.max(span.start + 1));
        next.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|one| one.overlaps(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_union_overlaps_what_one_of_its_spans_does(
            spans in prop::collection::vec((0usize..60, 1usize..9), 0..12),
            start in 0usize..70,
            length in 1usize..9,
        ) {
            let spans: Vec<Span> = spans.into_iter().map(|(from, by)| Span::new(from, from + by)).collect();
            let span = Span::new(start, start + length);
            let slow = spans.iter().any(|one| one.overlaps(span));
            prop_assert_eq!(Cover::new(spans.iter().copied()).overlaps(span), slow);
        }
    }
}
