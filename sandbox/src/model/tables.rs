//! All tables. Changes replace whole rows.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{
    agenda::{Agenda, Chore},
    delivery::WebhookDelivery,
    dispute::Dispute,
    endpoint::WebhookEndpoint,
    event::Event,
    exchange::{AnsweredExchange, Exchange},
    link::PaymentLink,
    message::Message,
    payment::Payment,
    refund::Refund,
    session::Session,
    settings::SandboxSettings,
    stored_answer::StoredAnswer,
    table::Table,
};

/// One change, as the journal holds it. Of several with one id the last wins.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "row", rename_all = "snake_case")]
pub(crate) enum RowChange {
    Link(PaymentLink),
    Session(Session),
    Payment(Payment),
    Refund(Refund),
    Dispute(Dispute),
    Endpoint(WebhookEndpoint),
    Event(Event),
    StoredAnswer(StoredAnswer),
    Delivery(WebhookDelivery),
    Message(Message),
    OptOut { number: String, out: bool },
    Request(Exchange),
    Answered(AnsweredExchange),
    Settings(SandboxSettings),
}

/// Everything the sandbox knows.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) links: Table<PaymentLink>,
    pub(crate) sessions: Table<Session>,
    pub(crate) payments: Table<Payment>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) endpoints: Table<WebhookEndpoint>,
    pub(crate) events: Table<Event>,
    pub(crate) stored_answers: Table<StoredAnswer>,
    pub(crate) deliveries: Table<WebhookDelivery>,
    pub(crate) messages: Table<Message>,
    /// Numbers that said STOP.
    pub(crate) opted_out: HashSet<String>,
    /// Every request to the two services, oldest first.
    pub(crate) requests: Vec<Exchange>,
    pub(crate) settings: SandboxSettings,
    /// Follows from the rows; the journal does not hold it.
    pub(crate) agenda: Agenda,
}

impl Tables {
    /// Makes one change.
    pub(crate) fn apply(&mut self, change: RowChange) {
        match change {
            RowChange::Link(row) => self.links.put(row),
            RowChange::Session(row) => {
                self.agenda.set(Chore::ExpireSession(row.id.clone()), row.expires_by_itself_at());
                self.sessions.put(row);
            }
            RowChange::Payment(row) => self.payments.put(row),
            RowChange::Refund(row) => self.refunds.put(row),
            RowChange::Dispute(row) => self.disputes.put(row),
            RowChange::Endpoint(row) => self.endpoints.put(row),
            RowChange::Event(row) => self.events.put(row),
            RowChange::StoredAnswer(row) => self.stored_answers.put(row),
            RowChange::Delivery(row) => {
                self.agenda.set(Chore::Deliver(row.id.clone()), row.next_attempt_at());
                self.deliveries.put(row);
            }
            RowChange::Message(row) => {
                self.agenda.set(Chore::StepMessage(row.sid.clone()), row.next_step_at);
                self.messages.put(row);
            }
            RowChange::OptOut { number, out: true } => {
                self.opted_out.insert(number);
            }
            RowChange::OptOut { number, out: false } => {
                self.opted_out.remove(&number);
            }
            RowChange::Request(row) => self.requests.push(row),
            RowChange::Answered(AnsweredExchange { number, answer }) => {
                if let Some(request) = self.requests.get_mut(number) {
                    request.answer = Some(answer);
                }
            }
            RowChange::Settings(row) => self.settings = row,
        }
    }
}
