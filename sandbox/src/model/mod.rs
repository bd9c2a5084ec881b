//! The state of the sandbox: its rows and tables, and the journal that persists them. Nothing here knows about requests.

pub(crate) mod agenda;
pub(crate) mod delivery;
pub(crate) mod dispute;
pub(crate) mod endpoint;
pub(crate) mod event;
pub(crate) mod exchange;
pub(crate) mod fault;
pub(crate) mod journal;
pub(crate) mod link;
pub(crate) mod message;
pub(crate) mod payment;
pub(crate) mod refund;
pub(crate) mod scope;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod stored_answer;
pub(crate) mod table;
pub(crate) mod tables;
