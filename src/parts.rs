//! Opens the dependencies of all roles from the settings.

use ::worker::details_pdf::{DetailsError, DetailsPages, DetailsRequest};
use std::sync::Arc;

use ::api::Readiness;
use ::scheduler::JumpGuard;
use chrono::TimeDelta;
use domain::{Clock, Secret, Vault, gateway::GatewayPolicy};
use entity::DatabaseTime;
use entity::{Db, Documents, change::NumberedChange, installation, operator::OperatorKeys};
use queue::Queue;

use crate::{
    data_dir::{DataDir, SECRET_KEY},
    database::open_database_as,
    documents::open_documents,
    error::Error,
    operators,
    queues::open_queues,
    read_pdf,
    role::Role,
    settings::Settings,
    stop::Stop,
    surroundings::Surroundings,
};

/// The dependencies of all roles.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) db: Db,
    pub(crate) queue: Queue,
    pub(crate) documents: Documents,
    pub(crate) vault: Arc<Vault>,
    pub(crate) time: DatabaseTime,
    pub(crate) clock: Clock,
    pub(crate) readiness: Readiness,
    pub(crate) operators: OperatorKeys,
    /// The key without a name, which the demo prints.
    pub(crate) operator_key: Option<Secret>,
}

impl Parts {
    /// Opens them. Unset settings default to the data directory.
    pub(crate) async fn open(settings: &Settings, role: Role, clock: Option<Clock>) -> Result<Self, Error> {
        let data = DataDir::new(&settings.data_dir)?;
        let secret_key = secret_key(settings, &data)?;
        let operator_key = operators::unnamed_key(settings, &data)?;
        let operators = operators::operators(settings, operator_key.as_ref())?;
        let db = open_database_as(settings, role).await?;
        let time = DatabaseTime::measured(&db).await?;
        let clock = clock.unwrap_or_else(|| time.clock());
        let queue = Queue::new(open_queues(settings, &data, clock.clone())?, db.clone());
        let vault = Vault::with_previous(&secret_key, &settings.previous_secret_keys)?;
        let vault = installation::with_root(db.pool(), vault, &secret_key, clock.now()).await?;
        Ok(Self {
            readiness: Readiness::new(db.clone(), queue.clone(), time.clone(), role.needs_redis()),
            db,
            queue,
            documents: open_documents(settings, &data).await?,
            vault: Arc::new(vault),
            time,
            clock,
            operators,
            operator_key,
        })
    }

    /// Inspects Redis in the background and logs problems.
    pub(crate) fn look_at_redis(&self) {
        let queue = self.queue.clone();
        tokio::spawn(async move {
            for finding in queue.inspect_briefly().await.findings {
                tracing::warn!("{finding}");
            }
        });
    }

    /// Measures the database's time until the process ends.
    pub(crate) fn keep_time(&self, stop: &Stop) {
        let (time, db, closing) = (self.time.clone(), self.db.clone(), stop.closing());
        tokio::spawn(async move {
            tokio::select! {
                () = time.keep(&db) => {}
                () = closing => {}
            }
        });
    }

    /// The API's dependencies.
    pub(crate) fn api(&self, settings: &Settings, public_url: String) -> ::api::Api {
        ::api::Api::new(::api::ApiParts {
            db: self.db.clone(),
            queue: self.queue.clone(),
            documents: self.documents.clone(),
            vault: Arc::clone(&self.vault),
            clock: self.clock.clone(),
            public_url,
            readiness: self.readiness.clone(),
            operators: self.operators.clone(),
            gateways: GatewayPolicy { private: settings.sms_http_allow_private },
            private_webhooks: settings.webhooks_allow_private,
            trusted_proxies: settings.trusted_proxies.clone(),
            cors_origins: settings.cors_origins.iter().map(ToString::to_string).collect(),
            requests_per_second: settings.requests_per_second,
            quotas: settings.quotas(),
            credit_sales: settings.credit_sales(),
        })
    }

    /// The workers' dependencies.
    pub(crate) fn work(
        &self,
        settings: &Settings,
        public_url: String,
        around: &Surroundings,
    ) -> Result<::worker::JobContext, Error> {
        Ok(::worker::JobContext::new(::worker::ContextParts {
            db: self.db.clone(),
            queue: self.queue.clone(),
            documents: self.documents.clone(),
            vault: Arc::clone(&self.vault),
            clock: self.clock.clone(),
            public_url: public_url.clone(),
            stripe_api_base: settings.stripe_api_base.clone(),
            operator_stripe_key: settings.credit_sales.stripe_key.clone(),
            sms: ::worker::SmsOptions {
                api_base: settings.sms_api_base.clone(),
                undelivered: settings.undelivered_credits,
                private_gateways: settings.sms_http_allow_private,
            },
            limits: settings.limits(),
            pdfs: ::worker::PdfReader::new(around.program()?, read_pdf::COMMAND),
            details: self.details_pages(),
            resources: Arc::new(ResourceRenderer(self.api(settings, public_url))),
            private_webhooks: settings.webhooks_allow_private,
        })?)
    }

    /// Renders details pages in the same way as the API.
    fn details_pages(&self) -> DetailsPages {
        let db = self.db.clone();
        DetailsPages::new(move |page: DetailsRequest| {
            let db = db.clone();
            async move {
                let DetailsRequest { order, owner, due, now } = page;
                let drawn = ::api::details_page_of(&db, &order, &owner, due, now).await;
                drawn.map_err(|problem| match problem.undrawable() {
                    Some(why) => DetailsError::Undrawable(why.to_owned()),
                    None => DetailsError::Broken(Box::new(problem)),
                })
            }
        })
    }

    /// The scheduler's dependencies. `jumps` is `None` if the caller provided the time.
    pub(crate) fn scheduler(
        &self,
        settings: &Settings,
        jumps: Option<JumpGuard>,
    ) -> Result<::scheduler::Scheduler, Error> {
        Ok(::scheduler::Scheduler {
            db: self.db.clone(),
            queue: self.queue.clone(),
            documents: self.documents.clone(),
            clock: self.clock.clone(),
            time: Some(self.time.clone()),
            jumps,
            times: settings.times()?,
            job_retention: TimeDelta::days(settings.job_retention_days),
            doctor_links: settings.scheduler.doctor_links,
        })
    }
}

/// Renders the resources in webhooks in the same way as the API.
#[derive(Debug)]
struct ResourceRenderer(::api::Api);

impl ::worker::RenderResource for ResourceRenderer {
    fn render<'a>(&'a self, change: &'a NumberedChange) -> ::worker::Rendering<'a> {
        Box::pin(async move { Ok(::api::changed_resource(&self.0, change).await?) })
    }
}

/// The vault's key: the setting, or the one kept by `paylink up`.
pub(crate) fn secret_key(settings: &Settings, data: &DataDir) -> Result<Secret, Error> {
    match &settings.secret_key {
        Some(key) => Ok(key.clone()),
        None => data.secret(SECRET_KEY)?.ok_or(Error::Setting {
            setting: "secret_key",
            reason: "is not set, and there is none in the data directory".to_owned(),
        }),
    }
}

/// The public URL of this installation. It can be guessed only in a demo; otherwise the links sent to buyers would lead
/// nowhere.
pub(crate) fn public_url(settings: &Settings) -> Result<String, Error> {
    settings.public_url.clone().ok_or(Error::Setting {
        setting: "public_url",
        reason: "is not set: say where buyers, Stripe and carriers reach this, such as PAYLINK_PUBLIC_URL=https://pay.example.com"
            .to_owned(),
    })
}
