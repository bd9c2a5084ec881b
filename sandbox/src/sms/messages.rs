//! `POST /Messages.json`: sending a text.

use serde_json::Value;

use crate::{
    form::Params,
    ids,
    model::{
        message::{Message, Status, TextDirection},
        state::Txn,
    },
    options::SmsAccount,
};

use super::{errors::SmsError, reports, rules};

/// The parameters of a request.
#[derive(Debug)]
struct MessageRequest {
    to: Option<String>,
    from: Option<String>,
    service: Option<String>,
    body: Option<String>,
    callback: Option<String>,
}

impl MessageRequest {
    fn take(mut params: Params) -> Result<Self, SmsError> {
        let order = Self {
            to: params.take("To")?,
            from: params.take("From")?,
            service: params.take("MessagingServiceSid")?,
            body: params.take("Body")?,
            callback: params.take("StatusCallback")?,
        };
        rules::refuse_left_over(&params)?;
        Ok(order)
    }
}

/// Queues a text. There is no idempotency key, so a repeated request sends a second text.
pub(crate) fn create(txn: &mut Txn<'_>, account: &SmsAccount, params: Params) -> Result<Value, SmsError> {
    let order = MessageRequest::take(params)?;
    let to = rules::given(order.to, 21604, "A 'To' phone number is required.")?;
    rules::check_sender(account, order.from.as_deref(), order.service.as_deref())?;
    let body = rules::given(order.body, 21602, "Message body is required.")?;
    rules::check_body(&body)?;
    rules::check_callback(order.callback.as_deref())?;
    rules::check_recipient(txn, account, &to)?;
    let message = Message {
        sid: ids::twilio("SM"),
        account: account.sid.clone(),
        direction: TextDirection::Outbound,
        from: account.number.clone(),
        to,
        messaging_service: order.service,
        body,
        status: Status::Queued,
        error_code: None,
        callback: order.callback,
        created_at: txn.now,
        sent_at: None,
        updated_at: txn.now,
        next_step_at: None,
        by_gateway: false,
    };
    let view = message.view();
    reports::begin(txn, message);
    Ok(view)
}
