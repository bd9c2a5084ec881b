//! The sandbox's state: tables, their rows, and the journal that keeps them. Nothing here knows about requests; the
//! handlers are in the modules above.

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
