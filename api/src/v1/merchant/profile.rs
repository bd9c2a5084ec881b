//! The merchant as shown to API callers.

use chrono::{DateTime, Utc};
use domain::{Currency, MerchantId};
use entity::{
    Merchant,
    logo::{self, LogoInfo, PictureType},
};
use poem_openapi::Object;
use sea_orm::{ConnectionTrait, DbErr};

use crate::{
    Api,
    http::{
        hex::hex,
        typed::{ColourCode, CountryCode, CurrencyCode, Language, PaymentMethodsText, Sha256, Text, Url, ZoneName},
    },
};

/// The merchant.
#[derive(Debug, Object)]
#[oai(rename = "Profile", skip_serializing_if_is_none)]
pub(super) struct ProfileView {
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
    /// ISO 4217: the currency of shops of its region; absent where it is not plain which. Examples of texts ask for it
    /// without a `currency`.
    region_currency: Option<CurrencyCode>,
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
    pub(super) async fn read(api: &Api, db: &impl ConnectionTrait, owner: Merchant) -> Result<Self, DbErr> {
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
            region_currency: Currency::of_region(owner.region).map(|currency| currency.as_str().into()),
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
