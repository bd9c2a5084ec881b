//! The Redis side of the queue on a real `redis-server`, which each test has for itself.

mod cost;
mod lease;
mod push;
mod rate_limit;
mod stop;
mod support;
mod trouble;
