//! Rules about rows that hold whatever the code above them does, on SQLite and on PostgreSQL.

mod batches;
mod changes;
mod conflicts;
mod event_jobs;
mod events;
mod every_list;
mod executor;
mod heartbeat;
mod invariants;
mod jobs;
mod keys;
mod ledger;
pub(crate) mod link_by_link;
mod links;
mod long_lists;
mod opt_outs;
mod other_lists;
mod outcomes;
mod plans;
mod purged;
mod rare;
mod searches;
pub(crate) mod sums;
mod ticks;
mod transactions;
mod upgrade;
mod writers;
mod years;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{Clock, Currency, LinkId, MerchantId, Money, OrderId, PhoneNumber, Secret, Vault, link::LinkEvent};
use entity::{
    Db, Merchant, Order,
    link::{self, Advanced, NewLink, StripeFacts},
    merchant,
    order::{self, Details, NewOrder},
};

use crate::support::{folder, migrated_postgresql, migrated_sqlite, new_merchant};

/// A database with the current schema and one merchant.
pub(crate) struct Rows {
    db: Db,
    merchant: MerchantId,
    vault: Vault,
    url: String,
    _folder: Option<tempfile::TempDir>,
}

impl Rows {
    async fn on_sqlite() -> Self {
        let folder = folder("paylink-rows-");
        let path = folder.path().join("rows.db");
        migrated_sqlite(&path).await;
        Self::open(&format!("sqlite://{}", path.display()), Some(folder)).await
    }

    async fn on_postgresql() -> Self {
        Self::open(&migrated_postgresql().await, None).await
    }

    async fn open(url: &str, folder: Option<tempfile::TempDir>) -> Self {
        let db = Db::open(url, 10).await.unwrap();
        let merchant = merchant::insert(db.pool(), new_merchant(), now()).await.unwrap().id;
        let vault = Vault::new(&Secret::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).unwrap();
        Self { db, merchant, vault, url: url.to_owned(), _folder: folder }
    }

    async fn merchant(&self) -> Merchant {
        merchant::get(self.db.pool(), self.merchant).await.unwrap()
    }

    async fn order(&self) -> Order {
        let new = NewOrder {
            merchant_id: self.merchant,
            number: OrderId::new(now()).to_string(),
            customer_name: "Example Buyer".to_owned(),
            customer_phone: PhoneNumber::from_e164("+12025550123").unwrap(),
            money: euros("10.00"),
            details: Details::default(),
            dates: order::Dates::default(),
            kept: order::Kept::default(),
        };
        let tx = self.db.begin().await.unwrap();
        let order = order::insert(&tx, new, now()).await.unwrap();
        tx.commit().await.unwrap();
        order
    }

    async fn link(&self, order: &Order) -> Result<link::Model, sea_orm::DbErr> {
        self.link_with(order, BTreeMap::new()).await
    }

    async fn link_with(
        &self,
        order: &Order,
        metadata: BTreeMap<String, String>,
    ) -> Result<link::Model, sea_orm::DbErr> {
        let id = LinkId::new(now());
        let new = NewLink {
            id,
            merchant_id: self.merchant,
            order_id: order.id,
            token: self.vault.link_token(id),
            invoice_number: "INV-1".to_owned(),
            money: euros("10.00"),
            document: "staging/1.pdf".to_owned(),
            document_bytes: 0,
            document_sha256: domain::sha256(b""),
            expires_at: now() + link::RETENTION,
            metadata,
            payment_methods: domain::PaymentMethods::default(),
            reminding: domain::OwnReminding::default(),
            receipt: None,
            actor: None,
        };
        let tx = self.db.begin().await?;
        let link = link::insert(&tx, new, now()).await?;
        tx.commit().await?;
        Ok(link)
    }

    async fn advance(&self, link: &link::Model, event: LinkEvent, facts: &StripeFacts) -> Advanced {
        let tx = self.db.begin().await.unwrap();
        let advanced = link::advance(&tx, link, event, facts, now()).await.unwrap();
        tx.commit().await.unwrap();
        advanced
    }
}

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

fn euros(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("eur").unwrap()).unwrap()
}

/// The same test on both databases.
macro_rules! on_both_databases {
    ($( async fn $name:ident($rows:ident) $body:block )+) => { $(
        mod $name {
            use super::*;

            async fn check($rows: Rows) $body

            #[tokio::test]
            async fn on_sqlite() {
                check(Rows::on_sqlite().await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                check(Rows::on_postgresql().await).await;
            }
        }
    )+ };
}
use on_both_databases;
