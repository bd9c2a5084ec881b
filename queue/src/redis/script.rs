//! Lua scripts and how they are called.

use std::sync::LazyLock;

use redis::{Arg, Cmd};

use super::keys::Keys;

/// A script, which Redis caches by its hash.
pub(crate) struct Script {
    source: &'static str,
    hash: String,
    /// How many of the queue's keys it uses. Fewer are cheaper for Redis.
    keys: usize,
}

impl Script {
    fn new(source: &'static str, keys: usize) -> Self {
        let hash = redis::Script::new(source).get_hash().to_owned();
        Self { source, hash, keys }
    }

    /// A self-contained script with a single key, not tied to a queue.
    pub(crate) fn alone(source: &'static str) -> Self {
        Self::new(source, 1)
    }

    /// Starts a call of a self-contained script on its key. Append the arguments.
    pub(crate) fn call_on(&self, key: &str) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.hash).arg(1).arg(key);
        command
    }

    /// Starts a call. Append the script's arguments.
    pub(super) fn call(&self, keys: &Keys) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.hash);
        keys.write_to(&mut command, self.keys);
        command
    }

    /// Repeats the call with the script's source, which Redis then caches. In a cluster it goes to the same node.
    pub(super) fn in_full(&self, call: &Cmd) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.source);
        for argument in call.args_iter().skip(2) {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }
}

/// Builds a script from the common part and its own parts.
macro_rules! script {
    ($keys:literal: $($part:literal),+) => {
        LazyLock::new(|| Script::new(concat!(
            include_str!("lua/common.lua"),
            $("\n", include_str!(concat!("lua/", $part, ".lua"))),+
        ), $keys))
    };
}

pub(super) static PUSH: LazyLock<Script> = script!(3: "push");
pub(super) static TURN: LazyLock<Script> = script!(5: "entry", "ack", "claim", "reclaim", "turn");
pub(super) static RENEW: LazyLock<Script> = script!(4: "renew");
pub(super) static RELEASE: LazyLock<Script> = script!(5: "entry", "release");
pub(super) static DEAD_LETTER: LazyLock<Script> = script!(5: "entry", "dead_letter");
pub(super) static FORGET: LazyLock<Script> = script!(4: "forget");
pub(super) static DEPTH: LazyLock<Script> = script!(5: "depth");
