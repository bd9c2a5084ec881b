//! Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
//!
//! One sub-command a file. [`up`] composes all roles in one process on embedded defaults; [`api`], [`worker`] and [`scheduler`]
//! run them apart. Each can be run by whoever has [`Settings`], in as many copies as wanted, until its [`Stop`] is told; only what
//! a process has one of is left to the command line: standard output, signals, variables, and where logs go.

// All roles in one future are deeper than the compiler looks by default.
#![recursion_limit = "256"]

pub mod api;
mod audit_log;
mod backup;
mod cli;
mod data_dir;
mod database;
mod demo;
mod doctor;
mod documents;
mod error;
mod events;
mod healthy;
mod jobs;
mod known_settings;
mod listed;
mod listen;
mod logging;
mod manual;
mod merchant;
mod messages;
mod metrics;
mod migrate;
mod moving;
mod named_keys;
mod open_files;
mod operators;
mod otlp;
mod parts;
mod queues;
mod read_pdf;
mod redis_child;
mod restore;
mod role;
pub mod scheduler;
mod secrets;
mod sessions;
mod settings;
mod stop;
mod surroundings;
mod tls;
pub mod up;
mod webhooks;
mod why;
mod witness;
pub mod worker;

pub use backup::sealed::SealError;
pub use cli::command_line;
pub use demo::Demo;
pub use error::Error;
pub use logging::logs_to;
pub use settings::Settings;
pub use stop::Stop;
pub use surroundings::Surroundings;
