//! The state behind one lock, and the transactions that change it.

use std::{
    collections::HashSet,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    clock::{self, Moment},
    connections::Connections,
    model::{
        agenda::Chore,
        journal::Journal,
        tables::{RowChange, Tables},
    },
    options::{SmsAccount, StripeKey},
};

/// What does not change while the sandbox runs.
#[derive(Debug)]
pub(crate) struct Config {
    /// How others reach the sandbox, without a trailing slash.
    pub(crate) base: String,
    pub(crate) stripe_keys: Vec<StripeKey>,
    pub(crate) sms_account: Option<SmsAccount>,
}

/// What every request and the courier share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) connections: Connections,
    /// Notified after every transaction: there may be something to deliver.
    pub(crate) notification: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    journal: Option<Journal>,
    /// Idempotency keys of requests that hang. They end with the process, as at Stripe with the server.
    held: HashSet<String>,
}

impl Shared {
    pub(crate) fn new(config: Config, connections: Connections, tables: Tables, journal: Option<Journal>) -> Self {
        let state = Mutex::new(State { tables, journal, held: HashSet::new() });
        Self { config, connections, notification: Notify::new(), state }
    }

    /// Looks at what is known.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&Tables) -> R) -> R {
        look(&self.lock().tables)
    }

    /// Runs `work` as one transaction: nobody sees half of it, and the journal holds all of it or nothing. It is not
    /// undone when `work` refuses, so `work` decides first and changes then.
    pub(crate) fn write<R>(&self, work: impl FnOnce(&mut Txn<'_>) -> R) -> R {
        let mut state = self.lock();
        let State { tables, journal, held } = &mut *state;
        let mut txn = Txn { now: clock::now(), config: &self.config, tables, held, line: Vec::new() };
        let result = work(&mut txn);
        let line = txn.line;
        if let Some(journal) = journal
            && let Err(error) = write_line(journal, line)
        {
            // The memory stays the truth while the process lives; a sandbox that stops answering helps nobody.
            tracing::error!(%error, "the sandbox's journal cannot be written");
        }
        drop(state);
        self.notification.notify_one();
        result
    }

    /// Takes what is due now off the agenda, `most` at most, and returns when the next is due.
    pub(crate) fn take_due(&self, most: usize) -> (Vec<Chore>, Option<Moment>) {
        let agenda = &mut self.lock().tables.agenda;
        (agenda.take_due(clock::now(), most), agenda.next())
    }

    /// Marks an idempotency key as in progress until the guard is dropped.
    pub(crate) fn hold(&self, key: String) -> HeldRequest<'_> {
        self.lock().held.insert(key.clone());
        HeldRequest { shared: self, key }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_line(journal: &mut Journal, mut line: Vec<u8>) -> io::Result<()> {
    if line.is_empty() {
        return Ok(());
    }
    line.extend_from_slice(b"]\n");
    journal.append(&line)
}

/// A request with this idempotency key is in progress for as long as this lives.
#[derive(Debug)]
pub(crate) struct HeldRequest<'a> {
    shared: &'a Shared,
    key: String,
}

impl Drop for HeldRequest<'_> {
    fn drop(&mut self) {
        self.shared.lock().held.remove(&self.key);
    }
}

/// A transaction in the making.
#[derive(Debug)]
pub(crate) struct Txn<'a> {
    /// The moment at which everything in it happens.
    pub(crate) now: Moment,
    pub(crate) config: &'a Config,
    pub(crate) tables: &'a mut Tables,
    held: &'a HashSet<String>,
    line: Vec<u8>,
}

impl Txn<'_> {
    /// Makes a change: visible at once in here, and to others when the transaction ends.
    pub(crate) fn put(&mut self, change: RowChange) {
        let start = self.line.len();
        self.line.push(if start == 0 { b'[' } else { b',' });
        if let Err(error) = serde_json::to_writer(&mut self.line, &change) {
            tracing::error!(%error, "a change cannot be written down");
            self.line.truncate(start);
        }
        self.tables.apply(change);
    }

    /// Whether a request with this idempotency key is in progress.
    pub(crate) fn is_held(&self, key: &str) -> bool {
        self.held.contains(key)
    }
}
