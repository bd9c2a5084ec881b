use sea_orm::ConnectionTrait;

use super::{Rows, now, on_both_databases};

on_both_databases! {
    async fn the_database_refuses_what_the_rules_forbid(rows) {
        let order = rows.order().await;
        rows.link(&order).await.unwrap();
        let job = queue::CheckStripeKey { merchant: rows.merchant };
        let enqueued = queue::enqueue(rows.db.pool(), &job, queue::EnqueueOptions::for_merchant(rows.merchant), now()).await.unwrap();
        assert!(enqueued.is_some(), "there is a row to break the rules on");
        let forbidden = [
            "UPDATE merchant SET available = -1",
            "UPDATE merchant SET held = -1",
            "UPDATE merchant SET sms_rate = 0",
            "UPDATE merchant SET reminder_after_days = 0",
            "UPDATE merchant SET reminders_at_most = 11",
            "UPDATE merchant SET low_credit_threshold = -1",
            "UPDATE orders SET tag = 'maybe'",
            "UPDATE orders SET amount = 0",
            "UPDATE orders SET merchant_id = id",
            "UPDATE payment_link SET state = 'open'",
            "UPDATE payment_link SET state = 'unpaid'",
            "UPDATE payment_link SET state = 'failed'",
            "UPDATE payment_link SET paid_at = created_at",
            "UPDATE payment_link SET amount = NULL",
            "UPDATE payment_link SET purged_at = created_at",
            "UPDATE payment_link SET review = 'odd'",
            "UPDATE job SET state = 'done'",
            "UPDATE job SET state = 'dead', finished_at = created_at",
            "UPDATE job SET attempt = -1",
            "DELETE FROM merchant",
            "DELETE FROM orders",
        ];
        for statement in forbidden {
            assert!(rows.db.pool().execute_unprepared(statement).await.is_err(), "{statement}");
        }
    }
}
