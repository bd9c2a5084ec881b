//! Looks up what is asked about, and all that belongs to it.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{LinkId, LinkState, MerchantId, MessageId, OrderId, PhoneNumber, Vault};
use entity::{
    Db, Merchant, Message,
    conversation::{self, Conversation},
    link, merchant, message,
    order::{self, Order},
    pause, restoration,
};
use queue::admin::{self, JobSpan};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Answer, ExplainedJob, Explanation, MOST, Subject, sentences, waits, when};

/// How many merchants are asked about a number at once.
const MERCHANTS_AT_ONCE: usize = 100;

/// How long after a text, or after its scheduled time, its jobs may be enqueued.
const JOBS_WITHIN: TimeDelta = TimeDelta::days(2);

pub(super) struct Looking<'a> {
    db: &'a Db,
    vault: &'a Vault,
    now: DateTime<Utc>,
    answer: Answer,
}

impl<'a> Looking<'a> {
    pub(super) fn new(db: &'a Db, vault: &'a Vault, now: DateTime<Utc>) -> Self {
        Self { db, vault, now, answer: Answer::default() }
    }

    pub(super) async fn at(mut self, about: &str) -> Result<Answer, DbErr> {
        let db = self.db.pool();
        if let Ok(id) = about.parse::<MessageId>() {
            if let Some(message) = message::find_of_any(db, id).await? {
                self.message(&message, 0).await?;
            }
        } else if let Ok(id) = about.parse::<LinkId>() {
            if let Some(link) = link::Entity::find_by_id(id).one(db).await? {
                self.link(&link, 0).await?;
            }
        } else if let Ok(id) = about.parse::<OrderId>() {
            if let Some(order) = order::Entity::find_by_id(id).one(db).await? {
                self.order(&order).await?;
            }
        } else {
            self.orders_numbered(about).await?;
            self.buyers(about).await?;
        }
        Ok(self.answer)
    }

    async fn orders_numbered(&mut self, number: &str) -> Result<(), DbErr> {
        let db = self.db.pool();
        // Filtering by merchant lets the query use an index instead of reading all orders.
        let numbered = Condition::all()
            .add(order::Column::MerchantId.is_in(merchant::ids(db).await?))
            .add(order::Column::Number.eq(number));
        let found = self.newest_orders(numbered).await?;
        self.orders(found).await
    }

    /// Finds conversations by the hash of the number, which differs by merchant, and orders of a buyer, who may never
    /// have been texted.
    async fn buyers(&mut self, number: &str) -> Result<(), DbErr> {
        let db = self.db.pool();
        let owners: Vec<Merchant> = merchant::Entity::find().all(db).await?;
        let parsed = |owner: &Merchant| Some((owner.id, PhoneNumber::parse(number, owner.region).ok()?));
        let phones: Vec<(MerchantId, PhoneNumber)> = owners.iter().filter_map(parsed).collect();
        let (mut conversations, mut orders) = (Vec::new(), Vec::new());
        for some in phones.chunks(MERCHANTS_AT_ONCE) {
            let (mut talking, mut ordering) = (Condition::any(), Condition::any());
            for (merchant, phone) in some {
                let hashes = phone.forms().into_iter().map(|form| self.vault.phone_hash(*merchant, &form));
                let both = |merchant, phone| Condition::all().add(merchant).add(phone);
                talking = talking.add(both(
                    conversation::Column::MerchantId.eq(*merchant),
                    conversation::Column::PhoneHash.is_in(hashes),
                ));
                ordering = ordering.add(both(
                    order::Column::MerchantId.eq(*merchant),
                    order::Column::CustomerPhone.is_in(phone.forms()),
                ));
            }
            let talking = conversation::Entity::find().filter(talking).order_by_desc(conversation::Column::Id);
            conversations.extend(talking.limit(MOST + 1).all(db).await?);
            orders.extend(self.newest_orders(ordering).await?);
        }
        conversations.sort_unstable_by_key(|conversation| Reverse(conversation.id));
        let (conversations, more) = newest(conversations, more_conversations);
        self.answer.left_out.extend(more);
        for conversation in &conversations {
            self.conversation(conversation).await?;
        }
        orders.sort_unstable_by_key(|order| Reverse(order.id));
        self.orders(orders).await
    }

    /// One more than are told.
    async fn newest_orders(&self, which: Condition) -> Result<Vec<Order>, DbErr> {
        order::Entity::find().filter(which).order_by_desc(order::Column::Id).limit(MOST + 1).all(self.db.pool()).await
    }

    async fn orders(&mut self, found: Vec<Order>) -> Result<(), DbErr> {
        let (orders, more) = newest(found, more_orders);
        self.answer.left_out.extend(more);
        for order in &orders {
            self.order(order).await?;
        }
        Ok(())
    }

    async fn conversation(&mut self, conversation: &Conversation) -> Result<(), DbErr> {
        let opted_out = conversation.opted_out_at.map(|at| {
            format!("the buyer wants no more texts, since {}: none is sent until they answer START", when(at))
        });
        let merchant = conversation.merchant_id;
        let texts = message::of_conversation(self.db.pool(), merchant, conversation.id, None, MOST + 1).await?;
        let (texts, more) = newest(texts, more_texts);
        self.answer.items.push(Explanation {
            subject: Subject::Conversation,
            id: conversation.id.to_string(),
            merchant,
            state: None,
            since: conversation.created_at,
            depth: 0,
            sentences: opted_out.into_iter().chain(more).collect(),
            timeline: Vec::new(),
            jobs: Vec::new(),
        });
        for message in &texts {
            self.message(message, 1).await?;
        }
        Ok(())
    }

    async fn order(&mut self, order: &Order) -> Result<(), DbErr> {
        let links = link::newest_of_order(self.db.pool(), order.merchant_id, order.id, MOST + 1).await?;
        let (links, more) = newest(links, more_links);
        let none = links.is_empty().then(|| "no link was made for it".to_owned());
        self.answer.items.push(Explanation {
            subject: Subject::Order,
            id: order.id.to_string(),
            merchant: order.merchant_id,
            state: Some(order.tag.as_str()),
            since: order.created_at,
            depth: 0,
            sentences: none.into_iter().chain(more).collect(),
            timeline: Vec::new(),
            jobs: Vec::new(),
        });
        for link in &links {
            self.link(link, 1).await?;
        }
        Ok(())
    }

    async fn link(&mut self, link: &link::Model, depth: usize) -> Result<(), DbErr> {
        let db = self.db.pool();
        let of_link =
            message::Entity::find().filter(message::Column::LinkId.eq(link.id)).order_by_desc(message::Column::Id);
        let (texts, more) = newest(of_link.limit(MOST + 1).all(db).await?, more_texts);
        let mut told = sentences::of_link(link);
        if texts.is_empty() {
            told.push("no text carries it: none was asked for, or it was refused at once".to_owned());
        }
        // A message on its way explains itself what it is waiting for.
        let none_is_under_way = !texts.iter().any(sentences::is_under_way);
        if texts.is_empty() || (link.state == LinkState::Unpaid && none_is_under_way) {
            told.extend(self.against_texts(link).await?);
        }
        told.extend(more);
        let timeline = link::timeline(db, link.id).await?;
        let moments = timeline.iter().map(|entry| entry.at).chain([link.created_at]);
        let spans = moments.map(|at| (at, at)).collect();
        self.answer.items.push(Explanation {
            subject: Subject::Link,
            id: link.id.to_string(),
            merchant: link.merchant_id,
            state: Some(link.state.as_str()),
            since: link.created_at,
            depth,
            sentences: told,
            timeline,
            jobs: self.jobs(link.merchant_id, &link.id.to_string(), spans).await?,
        });
        for message in &texts {
            self.message(message, depth + 1).await?;
        }
        Ok(())
    }

    async fn message(&mut self, message: &Message, depth: usize) -> Result<(), DbErr> {
        let mut told = sentences::of_message(message);
        if sentences::is_under_way(message) {
            told.extend(self.held_up(message).await?);
        }
        let spans = vec![(message.created_at, message.asked_at() + JOBS_WITHIN)];
        self.answer.items.push(Explanation {
            subject: Subject::Message,
            id: message.id.to_string(),
            merchant: message.merchant_id,
            state: Some(message.status.as_str()),
            since: message.created_at,
            depth,
            sentences: told,
            timeline: Vec::new(),
            jobs: self.jobs(message.merchant_id, &message.id.to_string(), spans).await?,
        });
        Ok(())
    }

    /// Why a text has not been sent yet. Quiet hours, a full rate limit and a carrier outage are explained by its
    /// [job](Self::jobs).
    async fn held_up(&self, message: &Message) -> Result<Vec<String>, DbErr> {
        let db = self.db.pool();
        let mut told = self.held_up_all(&merchant::get(db, message.merchant_id).await?, &["send_sms"]).await?;
        let since = restoration::Entity::find()
            .filter(restoration::Column::RestoredAt.gte(message.created_at))
            .order_by_desc(restoration::Column::RestoredAt);
        if let Some(restored) = since.one(db).await? {
            told.push(format!(
                "all was restored at {} to {}: what was under way is held, for it may have left since",
                when(restored.restored_at),
                when(restored.restored_to)
            ));
        }
        let conversation = conversation::find(db, message.merchant_id, message.conversation_id).await?;
        if conversation.is_some_and(|conversation| conversation.opted_out_at.is_some()) {
            told.push("the buyer wants no more texts".to_owned());
        }
        Ok(told)
    }

    /// What holds up all of a merchant's texts from these kinds of jobs.
    async fn held_up_all(&self, owner: &Merchant, kinds: &[&str]) -> Result<Vec<String>, DbErr> {
        let pauses = pause::all(self.db.pool()).await?.into_iter().filter(|paused| {
            let of_kind = paused.kind.as_deref().is_some_and(|kind| kinds.contains(&kind));
            of_kind || paused.merchant_id == Some(owner.id)
        });
        let told = |paused: pause::Pause| {
            format!("paused ({}) since {}: {}", paused.subject, when(paused.since), paused.reason)
        };
        let suspended = owner.is_suspended().then(|| "the merchant is suspended".to_owned());
        Ok(pauses.map(told).chain(suspended).collect())
    }

    /// Why a text may have been refused immediately, of which there is no record, and why the next one would be.
    async fn against_texts(&self, link: &link::Model) -> Result<Vec<String>, DbErr> {
        let db = self.db.pool();
        let owner = merchant::get(db, link.merchant_id).await?;
        let mut told = self.held_up_all(&owner, &["send_sms", "remind", "tell_buyer"]).await?;
        if owner.available < owner.sms_rate {
            told.push(format!(
                "the merchant has {} credits, and a text takes {} at least",
                owner.available, owner.sms_rate
            ));
        }
        let order = order::find(db, link.merchant_id, link.order_id).await?;
        let Some(phone) = order.and_then(|order| order.customer_phone) else { return Ok(told) };
        let conversation = conversation::with(db, self.vault, link.merchant_id, &phone).await?;
        let opted_out = conversation.and_then(|conversation| conversation.opted_out_at);
        told.extend(opted_out.map(|at| format!("the buyer wants no more texts, since {}", when(at))));
        Ok(told)
    }

    /// The jobs about this id, and what they wait for.
    async fn jobs(&self, merchant: MerchantId, id: &str, spans: Vec<JobSpan>) -> Result<Vec<ExplainedJob>, DbErr> {
        let jobs = admin::about(self.db.pool(), merchant, id, spans, MOST).await?;
        Ok(jobs.into_iter().map(|job| ExplainedJob { waits: waits::of(&job, self.now), job }).collect())
    }
}

/// The newest of these, and a sentence if there are more.
fn newest<T>(mut found: Vec<T>, sentence: fn() -> String) -> (Vec<T>, Option<String>) {
    let are_more = found.len() as u64 > MOST;
    found.truncate(usize::try_from(MOST).unwrap_or(usize::MAX));
    (found, are_more.then(sentence))
}

fn more_texts() -> String {
    format!("it has more texts: the newest {MOST} are told here")
}

fn more_links() -> String {
    format!("it has more links: the newest {MOST} are told here")
}

fn more_orders() -> String {
    format!("there are more orders: the newest {MOST} are told here")
}

fn more_conversations() -> String {
    format!("there are more conversations: the newest {MOST} are told here")
}
