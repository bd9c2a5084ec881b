//! A merchant's logo, a small PNG or JPEG, in a table of its own.

use chrono::{DateTime, Utc};
use imagesize::ImageType;
use sea_orm::{ActiveValue::Set, QuerySelect, entity::prelude::*, sea_query::OnConflict};

use domain::{MerchantId, sha256, words};

/// The largest logo: 64 KiB.
pub const MAX_BYTES: usize = 64 * 1024;

/// The allowed width and height in pixels: large enough to be seen, small enough for any phone to decode.
const SIDES: std::ops::RangeInclusive<usize> = 16..=1024;

words! {
    /// The format of a logo.
    pub enum PictureType {
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
    }
}

/// A merchant's logo.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchant_logo")]
pub struct Model {
    /// The merchant on whose pages it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merchant_id: MerchantId,
    /// The format of the picture.
    pub content_type: PictureType,
    /// The width in pixels.
    pub width: i64,
    /// The height in pixels.
    pub height: i64,
    /// SHA-256 of the picture.
    pub sha256: Vec<u8>,
    /// The picture.
    pub content: Vec<u8>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}

pub use Model as Logo;

/// A logo without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct LogoInfo {
    /// The format of the picture.
    pub content_type: PictureType,
    /// The width in pixels.
    pub width: i64,
    /// The height in pixels.
    pub height: i64,
    /// SHA-256 of the picture.
    pub sha256: Vec<u8>,
}

/// A picture that passed the checks for a logo.
#[derive(Debug)]
pub struct LogoPicture {
    content_type: PictureType,
    width: i64,
    height: i64,
    content: Vec<u8>,
}

/// Why a picture cannot be a logo.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The first bytes are those of neither format. The file's name does not matter.
    #[error("the picture is neither a PNG nor a JPEG")]
    NotAPicture,
    /// The header does not contain the size.
    #[error("the picture cannot be read")]
    Damaged(#[source] imagesize::ImageError),
    /// Too small to be seen, or too large to decode cheaply.
    #[error("the picture has {width} × {height} pixels; each side must have 16 to 1024")]
    Sides {
        /// The width in pixels.
        width: usize,
        /// The height in pixels.
        height: usize,
    },
}

impl LogoPicture {
    /// Checks an uploaded picture.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn check(content: Vec<u8>) -> Result<Self, PictureError> {
        let content_type = match imagesize::image_type(&content) {
            Ok(ImageType::Png) => PictureType::Png,
            Ok(ImageType::Jpeg) => PictureType::Jpeg,
            Ok(_) | Err(_) => return Err(PictureError::NotAPicture),
        };
        let size = imagesize::blob_size(&content).map_err(PictureError::Damaged)?;
        let sides = || PictureError::Sides { width: size.width, height: size.height };
        let side = |pixels: usize| i64::try_from(pixels).ok().filter(|_| SIDES.contains(&pixels)).ok_or_else(sides);
        Ok(Self { content_type, width: side(size.width)?, height: side(size.height)?, content })
    }
}

/// Sets the merchant's logo, replacing any other.
pub async fn put(
    db: &impl ConnectionTrait,
    merchant: MerchantId,
    picture: LogoPicture,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        merchant_id: Set(merchant),
        content_type: Set(picture.content_type),
        width: Set(picture.width),
        height: Set(picture.height),
        sha256: Set(sha256(&picture.content)),
        content: Set(picture.content),
        updated_at: Set(now),
    };
    let replaced = OnConflict::column(Column::MerchantId)
        .update_columns([
            Column::ContentType,
            Column::Width,
            Column::Height,
            Column::Sha256,
            Column::Content,
            Column::UpdatedAt,
        ])
        .to_owned();
    Entity::insert(row).on_conflict(replaced).exec_without_returning(db).await.map(|_| ())
}

/// The merchant's logo, if there is one.
pub async fn find(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<Logo>, DbErr> {
    Entity::find_by_id(merchant).one(db).await
}

/// The merchant's logo without its bytes.
pub async fn about(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<Option<LogoInfo>, DbErr> {
    Entity::find_by_id(merchant).select_only().into_partial_model().one(db).await
}

/// Removes the merchant's logo, if there is one.
pub async fn delete(db: &impl ConnectionTrait, merchant: MerchantId) -> Result<(), DbErr> {
    Entity::delete_by_id(merchant).exec(db).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_is_what_its_first_bytes_say() {
        let picture = LogoPicture::check(png(64, 48)).unwrap();
        assert_eq!((picture.content_type, picture.width, picture.height), (PictureType::Png, 64, 48));
        for other in
            [b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_slice(), b"GIF89a\x10\0\x10\0", b"", b"%PDF-1.7"]
        {
            assert!(matches!(LogoPicture::check(other.to_vec()), Err(PictureError::NotAPicture)), "{other:?}");
        }
    }

    #[test]
    fn a_picture_must_be_seen_and_must_not_fill_a_phones_memory() {
        for (width, height) in [(15, 64), (64, 1025), (60_000, 60_000), (0, 0)] {
            assert!(
                matches!(LogoPicture::check(png(width, height)), Err(PictureError::Sides { .. })),
                "{width}×{height}"
            );
        }
        assert!(matches!(LogoPicture::check(png(64, 64)[..18].to_vec()), Err(PictureError::Damaged(_))));
    }
}
