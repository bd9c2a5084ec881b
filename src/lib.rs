//! Text-to-pay: an order becomes a payment link, the link an SMS, the payment a tag.
//!
//! Each sub-command has its own file. [`up`] runs all roles in one process with embedded defaults; [`api`], [`worker`]
//! and [`scheduler`] run them separately. Given [`Settings`], each can run in any number of instances, until its
//! [`Stop`] is triggered. Only the command line touches what a process has just one of: standard output, signals,
//! environment variables and the logger.

// A future with all roles is nested more deeply than the default limit allows.
#![recursion_limit = "256"]

// First, for its macro.
#[macro_use]
mod output;

pub mod api;
mod audit_log;
mod backup;
mod cli;
mod clock_witness;
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
pub mod worker;

pub use backup::sealed::SealError;
pub use cli::command_line;
pub use demo::Demo;
pub use error::Error;
pub use logging::logs_to;
pub use settings::Settings;
pub use stop::Stop;
pub use surroundings::Surroundings;
