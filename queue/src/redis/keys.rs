//! The names of a queue's keys.

use redis::Cmd;

use super::QueueError;

/// What channels are called on which queues say that there is something to look at.
pub(super) fn wake_pattern(prefix: &str) -> String {
    format!("{{{prefix}}}:*:wake")
}

/// The queue that a channel belongs to.
pub(super) fn woken_queue<'a>(prefix: &str, channel: &'a str) -> Option<&'a str> {
    channel.strip_prefix('{')?.strip_prefix(prefix)?.strip_prefix("}:")?.strip_suffix(":wake")
}

/// Refuses a prefix that would not make a hash tag, or not stand for itself in a pattern.
pub(super) fn check_prefix(prefix: &str) -> Result<(), QueueError> {
    if prefix.is_empty() || prefix.contains(['{', '}', '*', '?', '[', ']', '\\']) {
        return Err(QueueError::Prefix(prefix.to_owned()));
    }
    Ok(())
}

/// The keys that are passed to a queue's scripts, in the order of `common.lua`.
#[derive(Debug)]
pub(super) struct Keys([String; 5]);

impl Keys {
    pub(super) fn new(prefix: &str, queue: &str) -> Self {
        let names = ["jobs", "lanes", "due", "leases", "dead"];
        Self(names.map(|name| format!("{{{prefix}}}:{queue}:{name}")))
    }

    /// Writes the first few of them, as many as a script uses.
    pub(super) fn write_to(&self, command: &mut Cmd, count: usize) {
        let keys = &self.0[..count.min(self.0.len())];
        command.arg(keys.len()).arg(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_its_queue() {
        assert_eq!(woken_queue("pay", "{pay}:send_sms:wake"), Some("send_sms"));
        assert_eq!(woken_queue("pay", "{other}:send_sms:wake"), None);
        assert_eq!(woken_queue("pay", "{pay}:send_sms:jobs"), None);
    }
}
