//! Pending work by due time, earliest first.

use std::collections::{BTreeSet, HashMap};

use crate::clock::Moment;

/// Something that happens by itself once its time has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Chore {
    /// Try to hand over the delivery with this id.
    Deliver(String),
    /// Move the message with this sid one step on: queued, sent, delivered.
    StepMessage(String),
    /// Expire the checkout session with this id.
    ExpireSession(String),
}

/// Chores by time; each chore stands in it once at most.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    by_time: BTreeSet<(Moment, Chore)>,
    time_of: HashMap<Chore, Moment>,
}

impl Agenda {
    /// Puts `chore` at `due`, or takes it off the agenda with `None`. An earlier entry is replaced.
    pub(crate) fn set(&mut self, chore: Chore, due: Option<Moment>) {
        if let Some(before) = self.time_of.remove(&chore) {
            self.by_time.remove(&(before, chore.clone()));
        }
        if let Some(due) = due {
            self.time_of.insert(chore.clone(), due);
            self.by_time.insert((due, chore));
        }
    }

    /// Takes up to `most` chores that are due at `now` off the agenda.
    pub(crate) fn take_due(&mut self, now: Moment, most: usize) -> Vec<Chore> {
        let mut due = Vec::new();
        while due.len() < most && self.by_time.first().is_some_and(|(time, _)| *time <= now) {
            let Some((_, chore)) = self.by_time.pop_first() else {
                break;
            };
            self.time_of.remove(&chore);
            due.push(chore);
        }
        due
    }

    /// When the next chore is due.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.by_time.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_chore_that_is_put_off_is_due_only_at_its_new_time() {
        let start = Moment::UNIX_EPOCH;
        let later = start + TimeDelta::seconds(5);
        let chore = Chore::Deliver("one".to_owned());
        let mut agenda = Agenda::default();

        agenda.set(chore.clone(), Some(start));
        agenda.set(chore.clone(), Some(later));

        assert_eq!(agenda.take_due(start, 10), []);
        assert_eq!(agenda.next(), Some(later));
        assert_eq!(agenda.take_due(later, 10), [chore]);
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn no_more_is_taken_than_was_asked_for_and_the_earliest_first() {
        let start = Moment::UNIX_EPOCH;
        let mut agenda = Agenda::default();
        for second in (0..3).rev() {
            agenda.set(Chore::StepMessage(second.to_string()), Some(start + TimeDelta::seconds(second)));
        }

        let taken = agenda.take_due(start + TimeDelta::seconds(9), 2);

        assert_eq!(taken, [Chore::StepMessage("0".to_owned()), Chore::StepMessage("1".to_owned())]);
    }
}
