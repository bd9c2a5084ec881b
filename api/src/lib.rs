//! The HTTP front: it accepts commands, shows resources, receives webhooks and serves the buyer's page.
//!
//! A handler is a paragraph: parse → decide → write → notify. Everything slow or external is left to a job.

mod auth;
mod buyer;
mod console;
mod description;
mod details_pdf;
mod embed;
mod held_keys;
mod http;
mod invitation;
pub mod metrics;
mod quotas;
mod state;
mod v1;
mod webhooks;
pub mod why;

use http::{
    access_log::AccessLog,
    bodies::Bodies,
    headers::Security,
    health,
    methods::{get, post},
};
use poem::{Endpoint, EndpointExt, IntoResponse, PathPattern, Response, Route, endpoint::BoxEndpoint};

pub use http::{
    health::PROXY_HEADER,
    problem::Problem,
    readiness::{Readiness, Usable},
    server::{Patience, Server},
};
pub use quotas::Quotas;
pub use state::{Api, ApiParts, CreditSales};
pub use v1::changed_resource;
pub use v1::details_page_of;

/// Every route; `/metrics` only if it is public.
#[must_use]
pub fn routes(api: Api, metrics: Option<BoxEndpoint<'static>>) -> impl Endpoint {
    let description = v1::description();
    let intake = webhooks::Intake::new(&api);
    let security = Security::new(api.is_behind_tls(), &api.cors_origins).with_tokens_of(api.clone());
    let access = AccessLog::new(api.clock.clone());
    let routes = match metrics {
        Some(metrics) => Route::new().at("/metrics", metrics),
        None => Route::new(),
    };
    routes
        .at("/", get(console::entrance))
        .at("/openapi.json", get(v1::docs::document(api.public_url.clone())))
        .nest("/docs", v1::docs::routes())
        .nest("/v1", v1::service().around(move |endpoint, request| description.recognise(endpoint, request)))
        .at("/webhooks/stripe/:merchant_id", post(webhooks::stripe::receive))
        .at("/webhooks/sms/:merchant_id", post(webhooks::sms::receive).get(webhooks::sms::receive))
        .at("/webhooks/operator/stripe", post(webhooks::operator::receive))
        .at("/p/:token", get(buyer::show))
        .at("/p/:token/invoice.pdf", get(buyer::invoice))
        .at("/p/:token/invoice.png", get(buyer::first_page))
        .at("/p/:token/logo", get(buyer::logo_of))
        .at("/p/:token/pay", post(buyer::pay))
        .at("/p/:token/receipt.pdf", get(buyer::receipt))
        .at("/p/:token/pay-later", post(buyer::pay_later))
        .at("/p/:token/new-link", post(buyer::want_new_link))
        .at("/p/:token/not-paid", post(buyer::not_paid))
        .at("/p/:token/viewed", post(buyer::viewed))
        .at("/p/:token/unrecognised", post(buyer::unrecognised))
        .at("/p/:token/recognised", post(buyer::recognised))
        .at("/invitation/:token", get(invitation::show).post(invitation::accept))
        .at("/assets/invitation.js", get(invitation::script))
        .at("/assets/buyer.css", get(buyer::style))
        .at("/assets/buyer.js", get(buyer::beacon))
        .at("/assets/again.js", get(buyer::again))
        .at("/assets/back.js", get(buyer::back))
        .at("/assets/colour/:name", get(buyer::colour))
        .nest("/console", console::routes())
        .at("/embed.js", get(embed::component()))
        .nest("/embed", embed::words())
        .at("/healthz", get(health::alive))
        .at("/readyz", get(health::ready))
        .data(intake)
        .data(api)
        .catch_all_error(|error: poem::Error| async move { respond(error) })
        .around(http::budget::tell_state)
        .with(Bodies)
        .with(security)
        .with(access)
}

/// The contents of `/openapi.json` at this address.
#[must_use]
pub fn description(public_url: &str) -> String {
    v1::description().text_at(public_url)
}

/// The problem response for an error, with the route where it happened.
fn respond(error: poem::Error) -> Response {
    let route = error.data::<PathPattern>().cloned();
    let mut response = Problem::from_framework(error).into_response();
    if let Some(route) = route {
        response.set_data(route);
    }
    response
}
