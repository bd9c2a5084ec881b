//! `/v1`: the API for merchants' frontends and for operators. Each file is a resource: its views, inputs and calls.
//!
//! What a new call rarely needs: a body above 64 KiB is allowed in `http/bodies/kind.rs`; `named_in` of
//! `tests/system/who_may_what.rs` says what `{id}` stands for in a new resource; what schemathesis cannot know is in
//! `tests/contract/hooks.py`. A test compares all calls with `tests/fixtures/openapi-released.json`, which each release
//! rewrites. One that is to be removed says `Deprecated since 2027-01-31` in its doc comment, and its answers then say
//! so in `Deprecation`.

mod admin;
mod answers;
mod api_keys;
mod attention;
mod audit_log;
mod batches;
mod buyers;
mod changes;
mod client_tokens;
mod command;
mod conversation_lines;
mod conversation_view;
mod conversations;
mod credit_purchases;
mod credits;
mod details_page;
pub(crate) mod docs;
mod events;
mod evidence;
mod evidence_words;
mod invoice;
mod link_answers;
mod link_creation;
mod link_form;
mod link_list;
mod link_reminders;
mod link_view;
mod link_void;
mod links;
mod merchant;
mod message_list;
mod message_template;
mod message_templates;
mod message_view;
mod messages;
mod opt_outs;
mod order_archive;
mod order_changes;
mod order_input;
mod order_list;
mod order_sum;
mod order_view;
mod orders;
mod orders_by_number;
mod paid_elsewhere;
mod people;
mod qr;
mod receipt;
mod send;
mod sessions;
mod sms_integration;
mod stripe_integration;
mod summary;
mod webhook_endpoints;
mod webhook_events;
mod whole_order;

pub use changes::changed_resource;
pub use details_page::details_page_of;
pub(crate) use invoice::read_invoice;
pub(crate) use receipt::{ReceiptSubject, has_receipt, render_receipt};

use std::sync::LazyLock;

use poem_openapi::{OpenApi, OpenApiService, Tags};
use serde_json::Value;

use crate::description::{Description, SOMEWHERE};

/// The groups of calls in `/docs`. The module `description` sets their order.
#[derive(Tags)]
enum Group {
    /// Orders and their details page.
    Orders,
    /// Payment links: create, read, void, mark as paid elsewhere.
    #[oai(rename = "Payment links")]
    PaymentLinks,
    /// Texts to buyers: send a link, track its delivery.
    Messages,
    /// Conversations with buyers, and opt-outs.
    Conversations,
    /// The templates of texts.
    Templates,
    /// Many orders at once.
    Batches,
    /// Everything that changes, as it changes.
    #[oai(rename = "Feed and events")]
    Feed,
    /// Everything that changes, sent to your own system.
    Webhooks,
    /// An order on your own pages.
    Embedding,
    /// Matters that need a person, and the figures of a period.
    Attention,
    /// Prepaid credits.
    Credits,
    /// Stripe and carriers, and their webhooks.
    Connections,
    /// The merchant, and the data of its buyers.
    Merchant,
    /// API keys, who is signed in, and who did what.
    #[oai(rename = "Keys and people")]
    Keys,
    /// For the operator.
    Admin,
}

/// The completed description of the API. Built once per process, because that takes longer than the rest of the front's
/// start.
pub(crate) fn description() -> &'static Description {
    static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
        // The framework's output is valid JSON.
        Description::of(service().spec().parse::<Value>().unwrap_or_default())
    });
    &DESCRIPTION
}

/// All calls of `/v1`, which describe themselves.
pub(crate) fn service() -> OpenApiService<impl OpenApi, ()> {
    let merchants = (
        (orders::Orders, order_archive::OrderArchive, orders_by_number::OrdersByNumber),
        (batches::Batches, client_tokens::ClientTokens),
        (links::Links, paid_elsewhere::PaidElsewhereCalls, evidence::EvidenceCalls, receipt::ReceiptCalls),
        qr::QrCodes,
        messages::Messages,
        (conversations::Conversations, conversation_lines::ConversationLines, opt_outs::OptOuts),
        (message_template::MessageTemplate, message_templates::MessageTemplates),
        (credits::Credits, credit_purchases::CreditPurchases),
        (
            events::EventsApi,
            changes::ChangesApi,
            webhook_endpoints::WebhookEndpoints,
            attention::AttentionCalls,
            summary::SummaryCalls,
        ),
        stripe_integration::StripeConnection,
        sms_integration::SmsIntegrations,
        webhook_events::WebhookEvents,
        merchant::Profile,
        (api_keys::ApiKeys, people::People, sessions::Sessions, audit_log::AuditLog, buyers::Buyers),
    );
    let access = (admin::AdminAccess, admin::AdminSessions, admin::AdminAuditLog);
    let operators = (
        (admin::AdminMerchants, admin::AdminCredits),
        access,
        (admin::AdminJobs, admin::AdminJobErrors),
        admin::AdminPauses,
        admin::AdminMessages,
        admin::AdminQueues,
        admin::AdminWhy,
    );
    OpenApiService::new((merchants, operators), "Paylink", env!("CARGO_PKG_VERSION"))
        .description(docs::GUIDE)
        .server(SOMEWHERE)
        .url_prefix("/v1")
}

#[cfg(test)]
mod tests {
    use domain::Reminding;

    use super::*;

    /// The validators of the framework take no constants.
    #[test]
    fn the_limits_of_reminders_are_described_as_they_are_checked() {
        let document: Value = service().spec().parse().unwrap();
        for (field, (least, most)) in [
            ("reminder_after_days", Reminding::AFTER_DAYS),
            ("reminders_at_most", Reminding::AT_MOST),
            ("last_reminder_days", Reminding::LAST_DAYS),
        ] {
            for input in ["ProfileChanges", "PaymentLinkChanges"] {
                let described = &document["components"]["schemas"][input]["properties"][field];
                let limits = (described["minimum"].as_f64(), described["maximum"].as_f64());
                assert_eq!(limits, (Some(least.into()), Some(most.into())), "{field} of {input}: {described}");
            }
        }
    }
}
