use chrono::TimeDelta;
use entity::job::JobState;
use queue::{CheckStripeKey, Claim, EnqueueOptions, EnqueuedJob, JobError, Lease, claim_all, enqueue};

use super::{Rows, now, on_both_databases};

async fn enqueued(rows: &Rows, key: Option<&str>) -> Option<EnqueuedJob> {
    let job = CheckStripeKey { merchant: rows.merchant };
    let wanted =
        EnqueueOptions { dedup_key: key.map(ToOwned::to_owned), ..EnqueueOptions::for_merchant(rows.merchant) };
    enqueue(rows.db.pool(), &job, wanted, now()).await.unwrap()
}

async fn claimed(rows: &Rows, enqueued_job: EnqueuedJob) -> Lease {
    match claim_all(rows.db.pool(), &[(enqueued_job.job, now())]).await.unwrap().remove(0) {
        Claim::Ours(lease) => lease,
        other => panic!("not ours: {other:?}"),
    }
}

on_both_databases! {
    async fn ten_schedulers_enqueue_one_job(rows) {
        let attempts = (0..10).map(|_| enqueued(&rows, Some("purge:2026-11-23T04")));
        let made = futures_util::future::join_all(attempts).await;
        assert_eq!(made.iter().flatten().count(), 1);
        assert!(enqueued(&rows, None).await.is_some() && enqueued(&rows, None).await.is_some());
    }

    async fn a_worker_that_lost_its_job_changes_nothing(rows) {
        let enqueued_job = enqueued(&rows, None).await.unwrap();
        let (late, current) = (claimed(&rows, enqueued_job).await, claimed(&rows, enqueued_job).await);

        let tx = rows.db.begin().await.unwrap();
        entity::merchant::set_template(&tx, rows.merchant, Some("{{link}} by the late one")).await.unwrap();
        assert!(matches!(late.finish(tx, now()).await, Err(JobError::NotOurs)));
        assert_eq!(rows.merchant().await.message_template, None);

        let tx = rows.db.begin().await.unwrap();
        entity::merchant::set_template(&tx, rows.merchant, Some("{{link}}")).await.unwrap();
        current.finish(tx, now()).await.unwrap();
        assert_eq!(rows.merchant().await.message_template.as_deref(), Some("{{link}}"));
        assert!(matches!(claim_all(rows.db.pool(), &[(enqueued_job.job, now())]).await.unwrap().remove(0), Claim::Over));
    }

    async fn a_crash_counts_as_an_attempt(rows) {
        let enqueued_job = enqueued(&rows, None).await.unwrap();
        for crashes in 0..3 {
            let lease = claimed(&rows, enqueued_job).await;
            assert_eq!((lease.job().claims, lease.job().crashes), (crashes + 1, crashes));
        }
    }

    async fn a_job_is_not_claimed_before_its_time(rows) {
        let later = EnqueueOptions { run_at: Some(now() + TimeDelta::hours(1)), ..EnqueueOptions::for_merchant(rows.merchant) };
        let job = CheckStripeKey { merchant: rows.merchant };
        let enqueued_job = enqueue(rows.db.pool(), &job, later, now()).await.unwrap().unwrap();
        let claim = claim_all(rows.db.pool(), &[(enqueued_job.job, now())]).await.unwrap().remove(0);
        assert!(matches!(claim, Claim::NotBefore(at) if at == enqueued_job.run_at), "{claim:?}");
    }

    async fn only_what_is_overdue_is_notified_again(rows) {
        let enqueued_job = enqueued(&rows, None).await.unwrap();
        let overdue = async |at| queue::recovery::overdue(rows.db.pool(), at, None, 10).await.unwrap().enqueued;
        assert_eq!(overdue(now()).await, []);
        assert_eq!(overdue(now() + TimeDelta::seconds(11)).await, [enqueued_job]);
        let lease = claimed(&rows, enqueued_job).await;
        lease.finish(rows.db.begin().await.unwrap(), now()).await.unwrap();
        assert_eq!(overdue(now() + TimeDelta::seconds(11)).await, []);
    }

    async fn finished_jobs_are_removed_after_their_retention(rows) {
        let enqueued_job = enqueued(&rows, None).await.unwrap();
        let week = TimeDelta::days(7);
        assert_eq!(queue::recovery::clean(rows.db.pool(), week, now() + week * 2).await.unwrap(), 0);
        let lease = claimed(&rows, enqueued_job).await;
        lease.finish(rows.db.begin().await.unwrap(), now()).await.unwrap();
        assert_eq!(queue::recovery::clean(rows.db.pool(), week, now()).await.unwrap(), 0);
        let done = queue::admin::find(rows.db.pool(), enqueued_job.job).await.unwrap().unwrap();
        assert_eq!(done.state, JobState::Done);
        assert_eq!(queue::recovery::clean(rows.db.pool(), week, now() + week * 2).await.unwrap(), 1);
    }
}
