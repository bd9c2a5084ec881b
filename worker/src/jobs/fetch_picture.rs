//! `fetch_picture`: downloads a picture that a buyer sent from the carrier, with the merchant's account, into the
//! store.

use chrono::{DateTime, Utc};
use entity::{
    Picture, Transaction,
    picture::{self, PictureState},
    sms_integration::CarrierKind,
};
use queue::{Done, FetchPicture, JobError, JobHandler, Lease};
use sea_orm::DbErr;

use super::nothing_to_do;
use crate::{
    JobContext,
    carrier::media::{Fetched, Media, NotFetched},
};

/// The most bytes of pictures per merchant, since buyers send them unasked.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// How often a picture is tried that the carrier does not have: a new one may not be there yet.
const TRIES: i64 = 5;

impl JobHandler<JobContext> for FetchPicture {
    async fn run(&self, context: &JobContext, lease: &Lease) -> Result<Done, JobError> {
        let found = picture::find(context.db.pool(), self.merchant, self.message, self.position).await?;
        let Some(picture) = found else {
            // It was erased, perhaps after an earlier attempt had stored it.
            let name = entity::Documents::received_name(self.merchant, self.message, self.position);
            context.documents.delete(&name).await.map_err(JobError::retry)?;
            return nothing_to_do(context, lease).await;
        };
        if picture.state != PictureState::Waiting {
            return nothing_to_do(context, lease).await;
        }
        if picture::stored_bytes(context.db.pool(), self.merchant).await? > MOST_BYTES {
            return fail(context, lease, &picture, "There is no room for more pictures.").await;
        }
        match fetch(context, &picture).await? {
            Ok(fetched) => store(context, lease, &picture, fetched).await,
            Err(NotFetched::Never(why)) => fail(context, lease, &picture, &why).await,
            Err(NotFetched::Absent) if lease.job().attempts() >= TRIES => {
                fail(context, lease, &picture, "The carrier does not have the picture any more.").await
            }
            Err(not_yet) => Err(JobError::retry(not_yet)),
        }
    }

    async fn dead_letter(&self, _: &JobContext, tx: &Transaction, now: DateTime<Utc>) -> Result<(), DbErr> {
        match picture::find(tx, self.merchant, self.message, self.position).await? {
            Some(picture) => picture::failed(tx, &picture, "The picture could not be fetched.", now).await.map(|_| ()),
            None => Ok(()),
        }
    }
}

async fn fetch(context: &JobContext, picture: &Picture) -> Result<Result<Fetched, NotFetched>, JobError> {
    let Some(source) = &picture.source else {
        return Ok(Err(NotFetched::because("It is not known where the picture is.")));
    };
    let integration = context.sms_integration(picture.merchant_id).await?;
    match integration.carrier {
        CarrierKind::Twilio => {}
        CarrierKind::Gateway => {
            return Ok(Err(NotFetched::because("The carrier that it came from is not connected any more.")));
        }
    }
    let token = integration.auth_token(&context.vault).map_err(JobError::fail)?;
    let media = Media { client: &context.carriers.media, account: &integration.account, token: &token };
    Ok(media.fetch(source).await)
}

async fn store(context: &JobContext, lease: &Lease, picture: &Picture, fetched: Fetched) -> Result<Done, JobError> {
    let name = picture.document();
    let bytes = i64::try_from(fetched.bytes.len()).unwrap_or(i64::MAX);
    context.documents.put(&name, fetched.bytes).await.map_err(JobError::retry)?;
    let now = context.now();
    let tx = context.db.begin().await?;
    let is_kept = picture::stored(&tx, picture, fetched.content_type, bytes, now).await?;
    let done = lease.finish(tx, now).await?;
    if !is_kept {
        // The text was erased meanwhile, before its picture was there to delete.
        context.documents.delete(&name).await.map_err(JobError::retry)?;
    }
    Ok(done)
}

async fn fail(context: &JobContext, lease: &Lease, picture: &Picture, why: &str) -> Result<Done, JobError> {
    let now = context.now();
    let tx = context.db.begin().await?;
    picture::failed(&tx, picture, why, now).await?;
    lease.finish(tx, now).await
}
