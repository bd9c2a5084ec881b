//! `paylink why`: what happened to a text, a link, an order or a buyer, and why. For operators who are asked by a
//! merchant.

mod sentences;
mod waits;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args as ClapArgs;
use domain::{JobId, LinkId, LinkState, MerchantId, MessageId, OrderId, PhoneNumber};
use entity::{
    Merchant, Message,
    conversation::{self, Conversation},
    job::{self, Job},
    link, merchant, message,
    order::{self, Order},
    pause, restoration,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{error::Error, parts::Parts, role::Role, settings::Settings};

/// The most items of each kind that are printed, newest first.
const MOST: u64 = 20;

/// What to explain.
#[derive(ClapArgs)]
pub(crate) struct Args {
    /// A phone number, an order (its id or its number), a link or a message (their ids), of any merchant.
    about: String,
}

/// Runs the sub-command. It prints no message texts, and no phone number but the one that was typed.
pub(crate) async fn run(settings: &Settings, args: &Args) -> Result<(), Error> {
    let parts = Parts::open(settings, Role::Command, None).await?;
    let about = args.about.trim();
    let why = Why { parts: &parts, now: parts.db.now().await? };
    let found = if let Ok(id) = about.parse::<MessageId>() {
        why.message_of(id).await?
    } else if let Ok(id) = about.parse::<LinkId>() {
        why.link_of(id).await?
    } else if let Ok(id) = about.parse::<OrderId>() {
        why.order_of(id).await?
    } else {
        let orders = why.orders_numbered(about).await?;
        let buyers = why.buyers(about).await?;
        orders || buyers
    };
    if found { Ok(()) } else { Err(Error::Refused(format!("nothing is known of {about}"))) }
}

/// How far an id's time may differ from the time in its row.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// How long after a text, or after its scheduled time, its jobs may be enqueued.
const JOBS_WITHIN: TimeDelta = TimeDelta::days(2);

struct Why<'a> {
    parts: &'a Parts,
    now: DateTime<Utc>,
}

impl Why<'_> {
    async fn message_of(&self, id: MessageId) -> Result<bool, Error> {
        let Some(message) = message::find_of_any(self.parts.db.pool(), id).await? else { return Ok(false) };
        self.message(&message, "").await?;
        Ok(true)
    }

    async fn link_of(&self, id: LinkId) -> Result<bool, Error> {
        let Some(link) = link::Entity::find_by_id(id).one(self.parts.db.pool()).await? else { return Ok(false) };
        self.link(&link, "").await?;
        Ok(true)
    }

    async fn order_of(&self, id: OrderId) -> Result<bool, Error> {
        let Some(order) = order::Entity::find_by_id(id).one(self.parts.db.pool()).await? else { return Ok(false) };
        self.order(&order).await?;
        Ok(true)
    }

    async fn orders_numbered(&self, number: &str) -> Result<bool, Error> {
        let db = self.parts.db.pool();
        // Filtering by merchant lets the query use an index instead of reading all orders.
        let orders = order::Entity::find()
            .filter(order::Column::MerchantId.is_in(merchant::ids(db).await?))
            .filter(order::Column::Number.eq(number))
            .order_by_desc(order::Column::Id);
        let orders = orders.limit(MOST).all(db).await?;
        for order in &orders {
            self.order(order).await?;
        }
        Ok(!orders.is_empty())
    }

    /// Finds conversations by the hash of the number, which differs by merchant.
    async fn buyers(&self, number: &str) -> Result<bool, Error> {
        let (db, mut found) = (self.parts.db.pool(), false);
        for id in merchant::ids(db).await? {
            let owner = merchant::get(db, id).await?;
            let Ok(phone) = PhoneNumber::parse(number, owner.region) else { continue };
            if let Some(conversation) = conversation::with(db, &self.parts.vault, id, &phone).await? {
                self.conversation(&conversation).await?;
                found = true;
            }
            found |= self.orders_of(id, &phone).await?;
        }
        Ok(found)
    }

    /// Finds orders of a buyer, who may never have been texted.
    async fn orders_of(&self, merchant: MerchantId, phone: &PhoneNumber) -> Result<bool, Error> {
        let query = order::Entity::find()
            .filter(order::Column::MerchantId.eq(merchant))
            .filter(order::Column::CustomerPhone.is_in(phone.forms()))
            .order_by_desc(order::Column::Id);
        let orders = query.limit(MOST).all(self.parts.db.pool()).await?;
        for order in &orders {
            self.order(order).await?;
        }
        Ok(!orders.is_empty())
    }

    async fn conversation(&self, conversation: &Conversation) -> Result<(), Error> {
        println!("{} with {}, since {}", conversation.id, conversation.merchant_id, conversation.created_at);
        if let Some(at) = conversation.opted_out_at {
            println!("  the buyer wants no more texts, since {at}: none is sent until they answer START");
        }
        let (db, merchant) = (self.parts.db.pool(), conversation.merchant_id);
        for message in message::of_conversation(db, merchant, conversation.id, None, MOST).await? {
            self.message(&message, "  ").await?;
        }
        Ok(())
    }

    async fn order(&self, order: &Order) -> Result<(), Error> {
        println!("{} of {}, {} since {}", order.id, order.merchant_id, order.tag, order.created_at);
        let links = link::of_order(self.parts.db.pool(), order.merchant_id, order.id).await?;
        if links.is_empty() {
            println!("  no link was made for it");
        }
        for link in &links {
            self.link(link, "  ").await?;
        }
        Ok(())
    }

    async fn link(&self, link: &link::Model, indent: &str) -> Result<(), Error> {
        println!("{indent}{} is {} since {}", link.id, link.state, link.created_at);
        for sentence in sentences::of_link(link) {
            println!("{indent}  {sentence}");
        }
        let db = self.parts.db.pool();
        for entry in link::timeline(db, link.id).await? {
            println!(
                "{indent}  {}  {}{}",
                entry.at,
                entry.event,
                entry.detail.map(|detail| format!(": {detail}")).unwrap_or_default()
            );
        }
        let span = (link.created_at.min(self.now), self.now);
        self.jobs(link.merchant_id, &link.id.to_string(), span, &format!("{indent}  ")).await?;
        let of_link =
            message::Entity::find().filter(message::Column::LinkId.eq(link.id)).order_by_desc(message::Column::Id);
        let texts = of_link.limit(MOST).all(db).await?;
        let indent = format!("{indent}  ");
        if texts.is_empty() {
            println!("{indent}no text carries it: none was asked for, or it was refused at once");
        }
        // A message on its way explains itself what it is waiting for.
        let none_is_under_way = !texts.iter().any(sentences::is_under_way);
        if texts.is_empty() || (link.state == LinkState::Unpaid && none_is_under_way) {
            self.against_texts(link, &indent).await?;
        }
        for message in &texts {
            self.message(message, &indent).await?;
        }
        Ok(())
    }

    async fn message(&self, message: &Message, indent: &str) -> Result<(), Error> {
        println!("{indent}{} is {} ({}, {})", message.id, message.status, message.direction, message.created_at);
        for sentence in sentences::of_message(message) {
            println!("{indent}  {sentence}");
        }
        if sentences::is_under_way(message) {
            self.held_up(message, &format!("{indent}  ")).await?;
        }
        let span = (message.created_at.min(self.now), message.asked_at() + JOBS_WITHIN);
        self.jobs(message.merchant_id, &message.id.to_string(), span, &format!("{indent}  ")).await
    }

    /// Why a text has not been sent yet. Quiet hours, a full rate limit and a carrier outage are explained by its
    /// [job](Self::jobs).
    async fn held_up(&self, message: &Message, indent: &str) -> Result<(), Error> {
        let db = self.parts.db.pool();
        self.held_up_all(&merchant::get(db, message.merchant_id).await?, &["send_sms"], indent).await?;
        let since = restoration::Entity::find()
            .filter(restoration::Column::RestoredAt.gte(message.created_at))
            .order_by_desc(restoration::Column::RestoredAt);
        if let Some(restored) = since.one(db).await? {
            println!(
                "{indent}all was restored at {} to {}: what was under way is held, for it may have left since",
                restored.restored_at, restored.restored_to
            );
        }
        let conversation = conversation::find(db, message.merchant_id, message.conversation_id).await?;
        if conversation.is_some_and(|conversation| conversation.opted_out_at.is_some()) {
            println!("{indent}the buyer wants no more texts");
        }
        Ok(())
    }

    /// What holds up all of a merchant's texts from these kinds of jobs.
    async fn held_up_all(&self, owner: &Merchant, kinds: &[&str], indent: &str) -> Result<(), Error> {
        for paused in pause::all(self.parts.db.pool()).await? {
            let of_kind = paused.kind.as_deref().is_some_and(|kind| kinds.contains(&kind));
            if of_kind || paused.merchant_id == Some(owner.id) {
                println!("{indent}paused ({}) since {}: {}", paused.subject, paused.since, paused.reason);
            }
        }
        if owner.is_suspended() {
            println!("{indent}the merchant is suspended");
        }
        Ok(())
    }

    /// Why a text may have been refused immediately, of which there is no record, and why the next one would be.
    async fn against_texts(&self, link: &link::Model, indent: &str) -> Result<(), Error> {
        let db = self.parts.db.pool();
        let owner = merchant::get(db, link.merchant_id).await?;
        self.held_up_all(&owner, &["send_sms", "remind", "tell_buyer"], indent).await?;
        if owner.available < owner.sms_rate {
            println!(
                "{indent}the merchant has {} credits, and a text takes {} at least",
                owner.available, owner.sms_rate
            );
        }
        let order = order::find(db, link.merchant_id, link.order_id).await?;
        let Some(phone) = order.and_then(|order| order.customer_phone) else { return Ok(()) };
        let conversation = conversation::with(db, &self.parts.vault, link.merchant_id, &phone).await?;
        if let Some(at) = conversation.and_then(|conversation| conversation.opted_out_at) {
            println!("{indent}the buyer wants no more texts, since {at}");
        }
        Ok(())
    }

    /// The jobs about this id and what they wait for. The time range in which they were enqueued limits the search.
    async fn jobs(
        &self,
        merchant: MerchantId,
        id: &str,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        indent: &str,
    ) -> Result<(), Error> {
        let jobs = job::Entity::find()
            .filter(job::Column::MerchantId.eq(merchant))
            .filter(job::Column::Id.gte(JobId::new(from - SLACK)))
            .filter(job::Column::Id.lt(JobId::new(to + SLACK)))
            .filter(job::Column::Payload.contains(id))
            .order_by_desc(job::Column::Id)
            .limit(MOST);
        for job in jobs.all(self.parts.db.pool()).await? {
            if let Some(waits) = waits::of(&job, self.now) {
                println!("{indent}{waits}");
            }
            println!("{indent}{}", told(&job));
        }
        Ok(())
    }
}

fn told(job: &Job) -> String {
    let Job { id, kind, state, .. } = job;
    let error = job.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    let next = if job.finished_at.is_none() { format!(", next at {}", job.run_at) } else { String::new() };
    format!("{id} ({kind}) is {state} after {} attempts{next}{error}", job.attempts())
}
