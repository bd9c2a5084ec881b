//! `--demo`: the sandbox and a connected merchant with 100 credits, an order and a key. They are created once and
//! reused on later starts.

use std::{fs, net::SocketAddr, time::Duration};

use domain::{Currency, MerchantId, Money, OrderId, PhoneNumber, Region, Secret, random_secret};
use entity::{
    api_key::{self, NewKey, Scope},
    credits,
    merchant::{self, NewMerchant},
    order::{self, Details, NewOrder, OrderItem},
    sms_integration::{self, Account, NewSmsIntegration},
    stripe_integration::{self, StripeKeys, StripeStatus},
};
use queue::{CheckSmsAccount, CheckStripeKey, EnqueueOptions, enqueue};
use sandbox::{Sandbox, SandboxOptions, SmsAccount, StripeKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    data_dir::DataDir,
    error::Error,
    parts::Parts,
    settings::{CreditSalesSettings, Settings},
};

const KEPT: &str = "demo.json";
const SANDBOX_PORT: &str = "sandbox.port";

// Credentials of the sandbox, worthless anywhere else.
const STRIPE_KEY: &str = "sk_test_paylink_demo_sandbox";
const SMS_ACCOUNT: &str = "AC00000000000000000000000000000000";
const SMS_TOKEN: &str = "paylink_demo_sandbox_token";
const SMS_NUMBER: &str = "+12025550100";
const OPERATOR_STRIPE_KEY: &str = "sk_test_paylink_demo_operator";
const OPERATOR_WEBHOOK_SECRET: &str = "whsec_paylink_demo_operator";
const PACKS: [&str; 2] = ["100 for 5.00 USD", "500 for 20.00 USD"];

/// What was created for the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct DemoState {
    api_key: String,
    merchant_id: MerchantId,
    order_id: OrderId,
    webhook_secret: String,
}

/// The demo, ready to be tried.
#[derive(Debug, Clone)]
pub struct Demo {
    url: String,
    sandbox_url: String,
    operator_key: String,
    kept: DemoState,
}

impl Demo {
    /// Starts the sandbox and points the settings to it. It keeps its previous port if that is free.
    pub(crate) async fn start_sandbox(data: &DataDir, settings: &mut Settings) -> Result<Sandbox, Error> {
        let before = fs::read_to_string(data.file(SANDBOX_PORT)).ok().and_then(|port| port.trim().parse().ok());
        let options = |port| SandboxOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], port)),
            journal: Some(data.file("sandbox.jsonl")),
            stripe_keys: vec![StripeKey::new(STRIPE_KEY), StripeKey::of_account(OPERATOR_STRIPE_KEY, "acct_operator")],
            sms_account: Some(SmsAccount {
                sid: SMS_ACCOUNT.to_owned(),
                auth_token: SMS_TOKEN.to_owned(),
                number: SMS_NUMBER.to_owned(),
            }),
            ..SandboxOptions::default()
        };
        let sandbox = match before {
            Some(port) => match Sandbox::start(options(port)).await {
                Ok(sandbox) => sandbox,
                Err(_taken) => Sandbox::start(options(0)).await?,
            },
            None => Sandbox::start(options(0)).await?,
        };
        if let Some((_, port)) = sandbox.url().rsplit_once(':') {
            data.keep(SANDBOX_PORT, port)?;
        }
        settings.stripe_api_base = format!("{}/stripe", sandbox.url());
        settings.sms_api_base = format!("{}/sms", sandbox.url());
        settings.credit_sales = CreditSalesSettings {
            packs: PACKS.iter().map(|pack| pack.parse().map_err(refused)).collect::<Result<_, _>>()?,
            stripe_key: Some(Secret::new(OPERATOR_STRIPE_KEY)),
            webhook_secrets: vec![Secret::new(OPERATOR_WEBHOOK_SECRET)],
        };
        Ok(sandbox)
    }

    /// Creates what is missing, and waits until Stripe is connected.
    pub(crate) async fn prepare(data: &DataDir, parts: &Parts, sandbox: &Sandbox, url: &str) -> Result<Self, Error> {
        let kept = match fs::read_to_string(data.file(KEPT)).ok().and_then(|text| serde_json::from_str(&text).ok()) {
            Some(kept) => kept,
            None => make(data, parts).await?,
        };
        connect_sandbox(sandbox.url(), url, &kept).await.map_err(Error::Demo)?;
        wait_until_connected(parts, kept.merchant_id).await?;
        Ok(Self {
            url: url.to_owned(),
            sandbox_url: sandbox.url().to_owned(),
            operator_key: parts.operator_key.as_ref().map(|key| key.expose().to_owned()).unwrap_or_default(),
            kept,
        })
    }

    /// The addresses and keys, as printed by `up --demo --json`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Self { url, sandbox_url, operator_key, kept } = self;
        json!({
            "url": url,
            "api_key": kept.api_key,
            "merchant_id": kept.merchant_id,
            "order_id": kept.order_id,
            "operator_key": operator_key,
            "webhook_secret": kept.webhook_secret,
            "sandbox_url": sandbox_url,
            "shop_url": format!("{sandbox_url}/shop"),
        })
    }

    /// Prints the addresses and keys.
    pub(crate) fn greet(&self) {
        let Self { url, sandbox_url, kept, .. } = self;
        println!(
            "
Paylink is ready.

  Console    {url}/console
  API key    {key}
  API docs   {url}/docs
  Sandbox    {sandbox_url}  (the buyer's phone: {sandbox_url}/outbox)
  A shop     {sandbox_url}/shop  (another origin, with <paylink-order> in its page)

Try it:

  curl -s {url}/v1/orders/{order}/payment-links -H 'Authorization: Bearer {key}' -F invoice_number=INV-1

Ctrl-C stops it.",
            key = kept.api_key,
            order = kept.order_id,
        );
    }
}

async fn make(data: &DataDir, parts: &Parts) -> Result<DemoState, Error> {
    let now = parts.clock.now();
    let (api_key, webhook_secret) = (random_secret("pk_")?, random_secret("whsec_")?);
    let tx = parts.db.begin().await?;
    let new = NewMerchant {
        name: "Example Bakery".to_owned(),
        contact: Some("hello@bakery.example".to_owned()),
        region: Region::parse("US").map_err(refused)?,
        time_zone: "America/New_York".to_owned(),
    };
    let owner = merchant::insert(&tx, new, now).await?;
    credits::top_up(&tx, owner.id, 100, Some("demo".to_owned()), now).await?;
    let key = NewKey { merchant_id: owner.id, name: "demo".to_owned(), scope: Scope::Admin, expires_at: None };
    api_key::insert(&tx, key, &api_key, now).await?;
    let order = order::insert(&tx, example_order(owner.id)?, now).await?;
    let stripe_key = Secret::new(STRIPE_KEY);
    let keys = StripeKeys { secret_key: &stripe_key, webhook_secret: Some(&webhook_secret) };
    stripe_integration::put(&tx, &parts.vault, owner.id, keys, now).await?;
    let account = Account::Twilio {
        sid: SMS_ACCOUNT.to_owned(),
        auth_token: Secret::new(SMS_TOKEN),
        sender: SMS_NUMBER.to_owned(),
    };
    let carrier = NewSmsIntegration { account: &account, keywords_answered: None };
    sms_integration::put(&tx, &parts.vault, owner.id, carrier, now).await?;
    let job = CheckStripeKey { merchant: owner.id };
    let enqueued_job = enqueue(&tx, &job, EnqueueOptions::for_merchant(owner.id), now).await?;
    let job = CheckSmsAccount { merchant: owner.id };
    let also_enqueued = enqueue(&tx, &job, EnqueueOptions::for_merchant(owner.id), now).await?;
    let kept = DemoState {
        api_key: api_key.expose().to_owned(),
        merchant_id: owner.id,
        order_id: order.id,
        webhook_secret: webhook_secret.expose().to_owned(),
    };
    let text = serde_json::to_string(&kept).map_err(|error| Error::Refused(error.to_string()))?;
    tx.commit().await?;
    data.keep(KEPT, &text)?;
    parts.queue.notify(enqueued_job.into_iter().chain(also_enqueued));
    Ok(kept)
}

fn example_order(merchant_id: MerchantId) -> Result<NewOrder, Error> {
    let usd = Currency::parse("usd").map_err(refused)?;
    let item = |description: &str, quantity, unit_amount| OrderItem {
        description: description.to_owned(),
        quantity,
        unit_amount,
    };
    Ok(NewOrder {
        merchant_id,
        number: "1001".to_owned(),
        customer_name: "Example Buyer".to_owned(),
        customer_phone: PhoneNumber::from_e164("+12025550123").map_err(refused)?,
        money: Money::from_minor(12_950, usd).map_err(refused)?,
        details: Details {
            items: vec![item("Wedding cake, three tiers", 1, 11_000), item("Box of twelve macarons", 2, 1_200)],
            shipping: Some(550),
            discount: Some(1_000),
            ..Details::default()
        },
        dates: order::Dates::default(),
        kept: order::Kept::default(),
    })
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Refused(error.to_string())
}

/// Points the webhooks of the sandbox's Stripe and carrier to us, as a merchant would in their dashboards, and opens
/// its shop.
async fn connect_sandbox(sandbox: &str, url: &str, kept: &DemoState) -> Result<(), reqwest::Error> {
    // It is on this machine: no proxy lies between, and no certificate has to be read for it.
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let control = format!("{sandbox}/_control");
    let merchant = format!("{url}/webhooks/stripe/{}", kept.merchant_id);
    connect_webhooks(&http, sandbox, STRIPE_KEY, &merchant, &kept.webhook_secret).await?;
    let operator = format!("{url}/webhooks/operator/stripe");
    connect_webhooks(&http, sandbox, OPERATOR_STRIPE_KEY, &operator, OPERATOR_WEBHOOK_SECRET).await?;
    let incoming = json!({"url": format!("{url}/webhooks/sms/{}", kept.merchant_id)});
    http.post(format!("{control}/sms/webhook")).json(&incoming).send().await?.error_for_status()?;
    let shop = json!({"paylink_url": url, "api_key": kept.api_key, "order_id": kept.order_id});
    http.put(format!("{sandbox}/shop")).json(&shop).send().await?.error_for_status()?;
    Ok(())
}

/// Registers our webhook endpoint in the account of this key.
async fn connect_webhooks(
    http: &reqwest::Client,
    sandbox: &str,
    key: &str,
    endpoint: &str,
    secret: &str,
) -> Result<(), reqwest::Error> {
    let endpoints = format!("{sandbox}/stripe/v1/webhook_endpoints");
    let stripe = |request: reqwest::RequestBuilder| {
        request.bearer_auth(key).header("Stripe-Version", "2026-10-28.endive").send()
    };
    let listed: Value = stripe(http.get(&endpoints)).await?.error_for_status()?.json().await?;
    let mut there = false;
    for known in listed["data"].as_array().into_iter().flatten() {
        if known["url"] == endpoint {
            there = true;
        } else if let Some(id) = known["id"].as_str() {
            // An endpoint of an earlier address.
            stripe(http.delete(format!("{endpoints}/{id}"))).await?.error_for_status()?;
        }
    }
    if !there {
        let wanted = json!({"url": endpoint, "secret": secret, "key": key});
        let control = format!("{sandbox}/_control/stripe/webhook_endpoints");
        http.post(control).json(&wanted).send().await?.error_for_status()?;
    }
    Ok(())
}

async fn wait_until_connected(parts: &Parts, merchant: MerchantId) -> Result<(), Error> {
    let asked = async {
        loop {
            let integration = stripe_integration::find(parts.db.pool(), merchant).await?;
            match integration.map(|integration| integration.status) {
                Some(StripeStatus::Checking) => tokio::time::sleep(Duration::from_millis(5)).await,
                // The merchant may have changed or removed the key; that is left alone.
                Some(StripeStatus::Connected | StripeStatus::Failed) | None => return Ok(()),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .map_err(|_| Error::Refused("the sandbox did not answer".to_owned()))?
}
