//! Faults injected into real processes: the roles apart, in replicas, on one PostgreSQL, one Redis and one store. After
//! each the auditor checks from outside that everything accepted was done: see [`auditor::audit`].

mod accepted;
mod auditor;
mod balancer;
mod cancellation;
mod clocks;
mod cluster;
mod database;
mod full;
mod keys;
mod many_redis;
mod outbox;
mod poolers;
mod readiness;
mod redis;
mod replica;
mod rolling;
mod schedulers;
mod soak;
mod soak_of_many;
mod standby;
mod traffic;
mod upgrades;
mod watch;
mod workers;
