//! What an operator can change about a merchant: prices of texts, region, time zone.

use std::collections::BTreeMap;

use domain::sms::{Rates, check_rate};
use entity::merchant::{self, MerchantChanges};
use poem_openapi::Object;
use serde::Deserialize;

use crate::{
    Problem,
    http::{
        fields::Fields,
        typed::{CountryCode, ZoneName},
    },
};

/// Changes to a merchant. Absent fields stay as they are.
#[derive(Debug, Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "MerchantChangesByOperator")]
pub(super) struct MerchantChangesInput {
    /// Credits for each segment of a text, unless `rates` applies.
    #[oai(validator(minimum(value = "1"), maximum(value = "1000")))]
    sms_rate: Option<i64>,
    /// Credits for each segment by number prefix, such as `{"+44": 2}`; the longest matching prefix counts. Replaces
    /// all rates.
    rates: Option<BTreeMap<String, i64>>,
    /// ISO 3166: the region of phone numbers without a country code.
    region: Option<CountryCode>,
    /// IANA, such as `Europe/Berlin`.
    time_zone: Option<ZoneName>,
}

impl MerchantChangesInput {
    /// The validated changes.
    pub(super) fn check(self) -> Result<MerchantChanges, Problem> {
        let mut fields = Fields::default();
        let mut changes = MerchantChanges::default();
        if let Some(rate) = self.sms_rate {
            changes.sms_rate = fields.take("sms_rate", check_rate(rate).map_err(|error| error.to_string()));
        }
        if let Some(rates) = self.rates {
            let rates = fields.take("rates", Rates::new(rates).map_err(|error| error.to_string()));
            changes.sms_rates = rates.map(|rates| Some(rates).filter(|rates| !rates.by_prefix().is_empty()));
        }
        if let Some(region) = &self.region {
            changes.region = fields.take("region", region.value());
        }
        if let Some(zone) = &self.time_zone {
            changes.time_zone = fields.take("time_zone", merchant::parse_zone(zone));
        }
        if fields.any() { Err(fields.into_problem()) } else { Ok(changes) }
    }

    /// The changes as the audit log shows them.
    pub(super) fn said(&self) -> Option<String> {
        let rates = self.rates.as_ref().map(|rates| format!("rates for {} prefixes", rates.len()));
        let said: Vec<String> = [
            self.sms_rate.map(|rate| format!("rate {rate}")),
            rates,
            self.region.as_ref().map(|region| format!("region {}", &**region)),
            self.time_zone.as_ref().map(|zone| format!("time zone {}", &**zone)),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}
