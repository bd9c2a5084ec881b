//! The Redis keys of a queue.

use redis::Cmd;

use super::QueueError;

/// The channel on which scripts publish the names of queues with new jobs.
pub(super) fn wake_channel(prefix: &str) -> String {
    format!("{prefix}:wake")
}

/// Refuses prefixes that would form a hash tag of their own or act as a pattern.
pub(super) fn check_prefix(prefix: &str) -> Result<(), QueueError> {
    if prefix.is_empty() || prefix.contains(['{', '}', '*', '?', '[', ']', '\\']) {
        return Err(QueueError::Prefix(prefix.to_owned()));
    }
    Ok(())
}

/// The keys passed to a queue's scripts, in the order of `common.lua`.
#[derive(Debug)]
pub(super) struct Keys([String; 5]);

impl Keys {
    pub(super) fn new(prefix: &str, queue: &str) -> Self {
        let names = ["jobs", "lanes", "due", "leases", "dead"];
        Self(names.map(|name| format!("{prefix}:{{{queue}}}:{name}")))
    }

    /// Writes the first `count` keys, as many as the script uses.
    pub(super) fn write_to(&self, command: &mut Cmd, count: usize) {
        let keys = &self.0[..count.min(self.0.len())];
        command.arg(keys.len()).arg(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_its_keys_on_one_node_and_below_the_prefix() {
        let Keys(keys) = Keys::new("pay", "send_sms");
        assert!(keys.iter().all(|key| key.starts_with("pay:{send_sms}:")), "{keys:?}");
    }
}
