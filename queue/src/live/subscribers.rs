//! The subscribers of this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::MerchantId;
use redis::Msg;
use tokio::sync::broadcast;

use super::{channel, entry::Entry};
use crate::redis::listener::MessageReceiver;

/// How many updates are buffered for a slow subscriber before it has to read the stream again.
const WAITING: usize = 256;

/// What subscribers are sent.
#[derive(Debug, Clone)]
pub(super) enum Update {
    /// A live update.
    Entry(Arc<Entry>),
    /// Updates may have been missed.
    LookAgain,
}

/// The subscribers, by merchant.
#[derive(Debug)]
pub(super) struct Subscribers {
    channel: String,
    by_merchant: Mutex<HashMap<String, broadcast::Sender<Update>>>,
}

impl Subscribers {
    pub(super) fn new(prefix: &str) -> Self {
        Self { channel: channel(prefix), by_merchant: Mutex::default() }
    }

    /// Adds a subscriber. Returns `None` if there are already `most`.
    pub(super) fn join(&self, merchant: MerchantId, most: usize) -> Option<broadcast::Receiver<Update>> {
        let mut by_merchant = self.by_merchant();
        by_merchant.retain(|_, updates| updates.receiver_count() > 0);
        let updates =
            by_merchant.entry(merchant.uuid().simple().to_string()).or_insert_with(|| broadcast::Sender::new(WAITING));
        (updates.receiver_count() < most).then(|| updates.subscribe())
    }

    fn by_merchant(&self) -> MutexGuard<'_, HashMap<String, broadcast::Sender<Update>>> {
        self.by_merchant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MessageReceiver for Subscribers {
    fn channel(&self) -> String {
        self.channel.clone()
    }

    fn resume(&self) {
        for updates in self.by_merchant().values() {
            // Fails if the last subscriber has just left.
            let _ = updates.send(Update::LookAgain);
        }
    }

    fn hear(&self, message: &Msg) {
        let Ok(text) = message.get_payload::<String>() else { return };
        let Some((merchant, text)) = text.split_once(' ') else { return };
        let Some(entry) = Entry::heard(text) else { return };
        if let Some(updates) = self.by_merchant().get(merchant) {
            let _ = updates.send(Update::Entry(Arc::new(entry)));
        }
    }
}
