//! `/v1/merchant`: how the merchant appears to buyers, and the formats of its numbers, times and amounts.

mod changes;
mod profile;

use entity::{
    AuditAction,
    logo::{self, LogoPicture, PictureError},
    merchant,
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{OpenApi, payload::Json};

use self::{changes::ProfileChangesInput, profile::ProfileView};
use super::{Group, answers::NoContent};
use crate::{
    Api, Problem,
    auth::{Administrator, Reader},
    http::{json_body::JsonBody, picture},
};

pub(super) struct Profile;

#[OpenApi(tag = "Group::Merchant")]
impl Profile {
    /// See the merchant
    #[oai(path = "/merchant", method = "get")]
    async fn get(&self, api: Data<&Api>, key: Reader) -> Result<Json<ProfileView>, Problem> {
        let owner = key.0.owner(&api).await?;
        Ok(Json(ProfileView::read(&api, api.db.pool(), owner).await?))
    }

    /// Change the merchant
    #[oai(path = "/merchant", method = "patch")]
    async fn change(
        &self,
        api: Data<&Api>,
        key: Administrator,
        input: JsonBody<ProfileChangesInput>,
    ) -> Result<Json<ProfileView>, Problem> {
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        let owner = merchant::get(&tx, key.0.merchant).await?;
        let owner = input.0.check(&owner)?.write(&tx, owner, now).await?;
        tx.done(key.0.did(AuditAction::MerchantChange, &owner.id), now);
        let view = ProfileView::read(&api, &tx, owner).await?;
        tx.commit().await?;
        Ok(Json(view))
    }

    /// See the logo
    #[oai(path = "/merchant/logo", method = "get")]
    async fn logo(&self, api: Data<&Api>, key: Reader) -> Result<picture::PictureResponse, Problem> {
        let logo = logo::find(api.db.pool(), key.0.merchant).await?.ok_or_else(Problem::not_found)?;
        Ok(picture::PictureResponse::of(logo))
    }

    /// Change the logo
    ///
    /// The body is the picture: a PNG or JPEG of at most 64 KiB, with sides of 16 to 1024 pixels.
    #[oai(path = "/merchant/logo", method = "put")]
    async fn put_logo(
        &self,
        api: Data<&Api>,
        key: Administrator,
        upload: picture::PictureUpload,
    ) -> Result<Json<ProfileView>, Problem> {
        let picture = LogoPicture::check(upload.0).map_err(bad_logo)?;
        let now = api.clock.now();
        let tx = api.db.begin().await?;
        logo::put(&tx, key.0.merchant, picture, now).await?;
        tx.done(key.0.did(AuditAction::MerchantLogo, &key.0.merchant), now);
        let owner = merchant::get(&tx, key.0.merchant).await?;
        let view = ProfileView::read(&api, &tx, owner).await?;
        tx.commit().await?;
        Ok(Json(view))
    }

    /// Remove the logo
    #[oai(path = "/merchant/logo", method = "delete")]
    async fn delete_logo(&self, api: Data<&Api>, key: Administrator) -> Result<NoContent, Problem> {
        let tx = api.db.begin().await?;
        logo::delete(&tx, key.0.merchant).await?;
        tx.done(key.0.did(AuditAction::MerchantLogo, &key.0.merchant), api.clock.now());
        tx.commit().await?;
        Ok(NoContent::NoContent)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
fn bad_logo(error: PictureError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_logo", format!("{error}."))
}
