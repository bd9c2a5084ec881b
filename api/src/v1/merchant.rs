//! `/v1/merchant`: how the merchant appears to buyers, and the formats of its numbers, times and amounts.

use chrono::{DateTime, Utc};
use domain::{Colour, Currency, MerchantId, PaymentMethods, Region, Reminding, phone::TextHours};
use entity::{
    AuditAction, Merchant, Transaction, attention,
    change::{Change, ChangeKind},
    logo::{self, LogoInfo, LogoPicture, PictureError, PictureType},
    merchant::{self, MerchantChanges},
};
use poem::{http::StatusCode, web::Data};
use poem_openapi::{Object, OpenApi, payload::Json, types::MaybeUndefined};
use sea_orm::{ConnectionTrait, DbErr};
use serde::Deserialize;

use super::{Group, answers::NoContent, link_reminders};
use crate::http::typed::{
    Clearable, ColourCode, CountryCode, CurrencyCode, Language, Line, PaymentMethodsText, Prose, Sha256, Text, Url,
    ZoneName,
};
use crate::{
    Api, Problem,
    auth::{Administrator, Reader},
    http::{fields::Fields, hex::hex, json_body::JsonBody, picture},
};

/// The largest threshold for a warning.
const MOST_CREDITS: i64 = 1_000_000_000;

/// The most lines of an address, and their length.
const MOST_LINES: usize = 6;
const LONGEST_LINE: usize = 120;

pub(super) struct Profile;

/// The merchant.
#[derive(Debug, Object)]
#[oai(rename = "Profile", skip_serializing_if_is_none)]
struct ProfileView {
    id: Text<MerchantId>,
    /// The name that buyers see.
    name: String,
    /// How buyers reach the merchant.
    contact: Option<String>,
    /// The address on invoices made here.
    address: Option<String>,
    /// The tax number on invoices made here.
    tax_number: Option<String>,
    /// ISO 3166: the region of phone numbers without a country code.
    region: CountryCode,
    /// ISO 4217: the default currency of new orders.
    currency: Option<CurrencyCode>,
    /// IANA, such as `Europe/Berlin`: determines when days end.
    time_zone: ZoneName,
    /// The colour of its pages as `#rrggbb`; absent: the default.
    colour: Option<ColourCode>,
    logo: Option<LogoView>,
    /// The accepted payment methods of links without their own.
    payment_methods: PaymentMethodsText,
    /// Whether buyers are reminded of unpaid links.
    reminders: bool,
    /// Days after the last text about a link.
    reminder_after_days: i64,
    /// The most reminders for one link.
    reminders_at_most: i64,
    /// The number of credits below which the merchant is warned; 0 for never.
    low_credit_threshold: i64,
    /// Days before a link expires at which its buyer is reminded once more, regardless of `reminders_at_most`; 0 for
    /// never.
    last_reminder_days: i64,
    /// Whether buyers get a text when they have paid.
    receipts: bool,
    /// The first hour of automatic texts (reminders, receipts), by the buyer's clock.
    texts_from: u32,
    /// The hour before which they end.
    texts_until: u32,
    /// Whether they are also sent on Sundays.
    texts_on_sundays: bool,
    /// The language of texts to buyers whose language is unknown; absent: templates without a language.
    language: Option<Language>,
    webhook_urls: WebhookUrls,
    created_at: DateTime<Utc>,
}

/// The merchant's logo.
#[derive(Debug, Object)]
#[oai(rename = "Logo")]
struct LogoView {
    content_type: Text<PictureType>,
    /// The width in pixels.
    width: i64,
    /// The height in pixels.
    height: i64,
    sha256: Sha256,
    url: String,
}

impl From<LogoInfo> for LogoView {
    fn from(logo: LogoInfo) -> Self {
        Self {
            content_type: Text(logo.content_type),
            width: logo.width,
            height: logo.height,
            sha256: hex(&logo.sha256).into(),
            url: "/v1/merchant/logo".to_owned(),
        }
    }
}

/// The URLs where others send their webhooks. Known before anything is connected, so that they can be entered at the
/// other side first.
#[derive(Debug, Object)]
#[oai(rename = "WebhookUrls")]
struct WebhookUrls {
    stripe: Url,
    sms: Url,
}

impl ProfileView {
    async fn read(api: &Api, db: &impl ConnectionTrait, owner: Merchant) -> Result<Self, DbErr> {
        let hours = owner.text_hours();
        let url = |service: &str| format!("{}/webhooks/{service}/{}", api.public_url, owner.id);
        Ok(Self {
            logo: logo::about(db, owner.id).await?.map(LogoView::from),
            webhook_urls: WebhookUrls { stripe: url("stripe").into(), sms: url("sms").into() },
            id: Text(owner.id),
            name: owner.name,
            contact: owner.contact,
            address: owner.address,
            tax_number: owner.tax_number,
            region: owner.region.as_str().into(),
            currency: owner.currency.map(|currency| currency.as_str().into()),
            time_zone: owner.time_zone.into(),
            colour: owner.colour.map(|colour| colour.to_string().into()),
            payment_methods: owner.payment_methods.unwrap_or_default().to_string().into(),
            reminders: owner.reminders,
            reminder_after_days: owner.reminder_after_days,
            reminders_at_most: owner.reminders_at_most,
            low_credit_threshold: owner.low_credit_threshold,
            last_reminder_days: owner.last_reminder_days,
            receipts: owner.receipts,
            texts_from: hours.from,
            texts_until: hours.until,
            texts_on_sundays: hours.on_sundays,
            language: owner.language.map(Language::from),
            created_at: owner.created_at,
        })
    }
}

/// Changes to the merchant. Absent fields stay as they are; `null` removes a value.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "ProfileChanges")]
struct ProfileChangesInput {
    name: Option<Line<120>>,
    #[serde(default)]
    contact: Clearable<Line<200>>,
    /// At most 6 lines.
    #[serde(default)]
    address: Clearable<Prose<500>>,
    #[serde(default)]
    tax_number: Clearable<Line<64>>,
    region: Option<CountryCode>,
    #[serde(default)]
    currency: Clearable<CurrencyCode>,
    time_zone: Option<ZoneName>,
    /// `#rrggbb`, dark enough for white text.
    #[serde(default)]
    colour: Clearable<ColourCode>,
    /// The accepted payment methods of links without their own. With some, a payment takes days, and the link is
    /// `processing` meanwhile.
    payment_methods: Option<PaymentMethodsText>,
    /// Whether buyers are reminded of unpaid links.
    reminders: Option<bool>,
    /// Days after the last text about a link.
    #[oai(validator(minimum(value = "1"), maximum(value = "60")))]
    reminder_after_days: Option<i64>,
    /// The most reminders for one link.
    #[oai(validator(minimum(value = "1"), maximum(value = "10")))]
    reminders_at_most: Option<i64>,
    /// The number of credits below which the merchant is warned; 0 for never.
    #[oai(validator(minimum(value = "0"), maximum(value = "1000000000")))]
    low_credit_threshold: Option<i64>,
    /// Days before a link expires at which its buyer is reminded once more, regardless of `reminders_at_most`; 0 for
    /// never.
    #[oai(validator(minimum(value = "0"), maximum(value = "30")))]
    last_reminder_days: Option<i64>,
    /// Whether buyers get a text when they have paid, with the template `receipt`, which costs credits like any other.
    receipts: Option<bool>,
    /// The first hour of automatic texts (reminders, receipts), by the buyer's clock: 9, unless it is changed.
    #[oai(validator(minimum(value = "8"), maximum(value = "20")))]
    texts_from: Option<u32>,
    /// The hour before which they end: 20, unless it is changed.
    #[oai(validator(minimum(value = "9"), maximum(value = "21")))]
    texts_until: Option<u32>,
    /// Whether they are also sent on Sundays.
    texts_on_sundays: Option<bool>,
    /// The language of texts to buyers whose language is unknown.
    #[serde(default)]
    language: Clearable<Language>,
}

/// The validated changes.
struct Checked {
    changes: MerchantChanges,
    reminding: Reminding,
    low_credit_threshold: Option<i64>,
}

impl ProfileChangesInput {
    fn check(self, owner: &Merchant) -> Result<Checked, Problem> {
        let mut fields = Fields::default();
        let reminding = self.reminding(owner, &mut fields);
        let text_hours = self.text_hours(owner, &mut fields);
        if self.low_credit_threshold.is_some_and(|credits| !(0..=MOST_CREDITS).contains(&credits)) {
            fields.refuse("low_credit_threshold", format!("must be from 0 to {MOST_CREDITS}"));
        }
        let changes = MerchantChanges {
            name: self.name.map(|name| name.trimmed()),
            contact: clearable(self.contact, |contact| Some(contact.trimmed())),
            address: clearable(self.address, |address| address_of(&address, &mut fields)),
            tax_number: clearable(self.tax_number, |number| Some(number.trimmed())),
            region: self.region.and_then(|region| fields.take("region", Region::parse(&region))),
            currency: clearable(self.currency, |code| fields.take("currency", Currency::parse(&code))),
            time_zone: self.time_zone.and_then(|zone| fields.take("time_zone", merchant::parse_zone(&zone))),
            receipts: self.receipts,
            text_hours,
            language: clearable(self.language, |language| Some(language.to_string())),
            colour: clearable(self.colour, |colour| fields.take("colour", Colour::parse(&colour))),
            payment_methods: self
                .payment_methods
                .and_then(|text| fields.take("payment_methods", text.0.parse::<PaymentMethods>())),
            ..MerchantChanges::default()
        };
        fields.none_wrong()?;
        Ok(Checked { changes, reminding, low_credit_threshold: self.low_credit_threshold })
    }

    /// The hours of automatic texts after the change, if they change.
    fn text_hours(&self, owner: &Merchant, fields: &mut Fields) -> Option<TextHours> {
        let now = owner.text_hours();
        let wanted = TextHours {
            from: self.texts_from.unwrap_or(now.from),
            until: self.texts_until.unwrap_or(now.until),
            on_sundays: self.texts_on_sundays.unwrap_or(now.on_sundays),
        };
        fields.take("texts_until", wanted.check()).filter(|wanted| *wanted != now)
    }

    /// The reminder settings after the change.
    fn reminding(&self, owner: &Merchant, fields: &mut Fields) -> Reminding {
        let now = owner.reminding();
        let wanted = Reminding {
            on: self.reminders.unwrap_or(now.on),
            after_days: self.reminder_after_days.unwrap_or(now.after_days),
            at_most: self.reminders_at_most.unwrap_or(now.at_most),
            last_days: self.last_reminder_days.unwrap_or(now.last_days),
        };
        wanted.check().unwrap_or_else(|error| {
            let (field, reason) = link_reminders::wrong(error);
            fields.refuse(field, reason);
            now
        })
    }
}

impl Checked {
    async fn write(self, tx: &Transaction, owner: Merchant, now: DateTime<Utc>) -> Result<Merchant, DbErr> {
        if self.reminding != owner.reminding() {
            merchant::set_reminding(tx, owner.id, self.reminding).await?;
        }
        if let Some(credits) = self.low_credit_threshold.filter(|credits| *credits != owner.low_credit_threshold) {
            merchant::set_low_credit_threshold(tx, owner.id, credits).await?;
            tx.changed(Change::credits(ChangeKind::CreditsUpdated, owner.id, now));
            attention::forget_low_credit(tx, owner.id, now).await?;
        }
        merchant::change(tx, owner.id, self.changes).await
    }
}

/// `None` keeps the value; `Some(None)` removes it. `read` collects the errors.
#[expect(clippy::option_option, reason = "to stay and to go are two things")]
fn clearable<S, T>(sent: Clearable<S>, read: impl FnOnce(S) -> Option<T>) -> Option<Option<T>> {
    match sent.0 {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(text) => read(text).map(Some),
    }
}

/// The lines of an address, without empty ones.
fn address_of(text: &str, fields: &mut Fields) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > MOST_LINES {
        fields.refuse("address", format!("must not have more than {MOST_LINES} lines"));
        return None;
    }
    let lines: Option<Vec<String>> = match lines.as_slice() {
        [] => fields.text("address", "", LONGEST_LINE).map(|line| vec![line]),
        lines => lines.iter().map(|line| fields.text("address", line, LONGEST_LINE)).collect(),
    };
    lines.map(|lines| lines.join("\n"))
}

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
