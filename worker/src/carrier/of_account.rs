//! The carrier of a merchant's account, and what a circuit breaker covers. A carrier with a protocol of its own is
//! selected here.

use std::sync::Arc;

use domain::Vault;
use entity::sms_integration::{CarrierKind, SmsIntegration};
use queue::JobError;
use reqwest::Client;

use super::{Carrier, GatewayCarrier, GatewayClient, SmsOptions, Twilio, media::MediaClient};
use crate::outbound::clients::Clients;

/// The carriers, with their HTTP clients. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Carriers {
    http: Client,
    gateways: GatewayClient,
    /// Access to files at carriers.
    pub(crate) media: MediaClient,
    twilio_base: String,
    vault: Arc<Vault>,
}

impl Carriers {
    pub(crate) fn new(clients: &Clients, options: &SmsOptions, vault: Arc<Vault>) -> Self {
        Self {
            http: clients.of_services(),
            gateways: GatewayClient::new(clients, options.private_gateways),
            media: MediaClient::new(clients, &options.api_base),
            twilio_base: options.api_base.clone(),
            vault,
        }
    }

    /// The carrier of this account.
    pub(crate) fn of(&self, integration: &SmsIntegration) -> Result<Box<dyn Carrier>, JobError> {
        let sender = integration.sender.clone();
        Ok(match integration.carrier {
            CarrierKind::Twilio => {
                let token = integration.auth_token(&self.vault).map_err(JobError::fail)?;
                let account = integration.account.clone();
                Box::new(Twilio::new(self.http.clone(), &self.twilio_base, account, token, sender))
            }
            CarrierKind::Gateway => {
                let secrets = integration.secrets(&self.vault).map_err(JobError::fail)?;
                Box::new(GatewayCarrier::new(self.gateways.clone(), integration.gateway()?, secrets, sender))
            }
        })
    }

    /// What shares a circuit breaker with this account: all accounts on a host. A gateway has its own, because its
    /// failures are under the merchant's control and its description may name any host.
    pub(crate) fn service(&self, integration: &SmsIntegration) -> String {
        match integration.carrier {
            CarrierKind::Twilio => {
                let base = &self.twilio_base;
                let after_scheme = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest);
                format!("carrier {}", after_scheme.split('/').next().unwrap_or_default())
            }
            CarrierKind::Gateway => format!("carrier {} of {}", integration.account, integration.merchant_id),
        }
    }
}
