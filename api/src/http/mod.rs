//! What is true of every request and answer, whatever is asked for: reading, refusing, guarding and serving.

pub(crate) mod access_log;
pub(crate) mod address;
pub(crate) mod bodies;
pub(crate) mod budget;
pub(crate) mod characters;
pub(crate) mod cookie;
pub(crate) mod fields;
pub(crate) mod first_page;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod hex;
pub(crate) mod json_body;
pub(crate) mod language;
pub(crate) mod multipart;
pub(crate) mod paging;
pub(crate) mod pdf_response;
pub(crate) mod picture;
pub(crate) mod problem;
pub(crate) mod readiness;
pub(crate) mod received_picture;
pub(crate) mod same_origin;
pub(crate) mod seldom;
pub(crate) mod server;
pub(crate) mod throttle;
pub(crate) mod turns;
