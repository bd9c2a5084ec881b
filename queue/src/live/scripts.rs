//! The Lua scripts of the updates' streams.

use std::sync::LazyLock;

use crate::redis::script::Script;

pub(super) static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("publish.lua")));
pub(super) static LOOK: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("look.lua")));
