//! Faults, done to real processes: the roles apart, in replicas, on one PostgreSQL, one Redis and one store. After each the
//! auditor looks from outside whether every promise was kept: see [`auditor::audit`].

mod auditor;
mod cancellation;
mod clocks;
mod cluster;
mod database;
mod many_redis;
mod outbox;
mod poolers;
mod promised;
mod redis;
mod replica;
mod rolling;
mod schedulers;
mod soak;
mod standby;
mod traffic;
mod workers;
