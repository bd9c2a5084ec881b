//! Opens the parts that every role is made of, from the settings.

use std::{path::Path, sync::Arc, time::Duration};

use ::api::Readiness;
use chrono::TimeDelta;
use domain::{Clock, Secret, Vault, gateway::Policy};
use entity::DatabaseTime;
use entity::{Db, Documents, installation, operator::OperatorKeys};
use object_store::{ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, local::LocalFileSystem, prefix::PrefixStore};
use queue::{Queue, redis::RedisQueues};
use url::Url;

use crate::{
    data_dir::DataDir, error::Error, migrate, operators, read_pdf, settings::Settings, stop::Stop,
    surroundings::Surroundings,
};

/// The file in the data directory that holds the key of the vault.
pub(crate) const SECRET_KEY: &str = "secret.key";
/// The file in the data directory that holds the operator's key.
pub(crate) const OPERATOR_KEY: &str = "operator.key";
/// The file in the data directory that says where the private Redis is.
pub(crate) const REDIS_URL: &str = "redis.url";

/// How long the store may take to say whether there is such a bucket.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// The parts that every role is made of.
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
    /// The one without a name, for the demo to print.
    pub(crate) operator_key: Option<Secret>,
}

impl Parts {
    /// Opens them. What the settings leave open is looked for in the data directory.
    pub(crate) async fn open(settings: &Settings, clock: Option<Clock>) -> Result<Self, Error> {
        let data = DataDir::new(&settings.data_dir)?;
        let secret_key = secret_key(settings, &data)?;
        let operator_key = operators::unnamed_key(settings, &data)?;
        let operators = operators::operators(settings, operator_key.as_ref())?;
        let db = open_database(settings).await?;
        let time = DatabaseTime::measured(&db).await?;
        let clock = clock.unwrap_or_else(|| time.clock());
        let queue = Queue::new(open_queues(settings, &data, clock.clone())?);
        let vault = Vault::with_previous(&secret_key, &settings.previous_secret_keys)?;
        let vault = installation::with_root(db.pool(), vault, &secret_key, clock.now()).await?;
        Ok(Self {
            readiness: Readiness::new(db.clone(), queue.clone(), time.clone()),
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

    /// Goes on measuring the database's time until the process ends.
    pub(crate) fn keep_time(&self, stop: &Stop) {
        let (time, db, closing) = (self.time.clone(), self.db.clone(), stop.closing());
        tokio::spawn(async move {
            tokio::select! {
                () = time.keep(&db) => {}
                () = closing => {}
            }
        });
    }

    /// What the API needs.
    pub(crate) fn api(&self, settings: &Settings, public_url: String) -> ::api::Api {
        ::api::Api::new(::api::Parts {
            db: self.db.clone(),
            queue: self.queue.clone(),
            documents: self.documents.clone(),
            vault: Arc::clone(&self.vault),
            clock: self.clock.clone(),
            public_url,
            readiness: self.readiness.clone(),
            operators: self.operators.clone(),
            gateways: Policy { private: settings.sms_http_allow_private },
            trusted_proxies: settings.trusted_proxies.clone(),
            cors_origins: settings.cors_origins.iter().map(ToString::to_string).collect(),
        })
    }

    /// What the workers need.
    pub(crate) fn work(
        &self,
        settings: &Settings,
        public_url: String,
        around: &Surroundings,
    ) -> Result<::worker::JobContext, Error> {
        Ok(::worker::JobContext::new(
            self.db.clone(),
            self.queue.clone(),
            self.documents.clone(),
            Arc::clone(&self.vault),
            self.clock.clone(),
            public_url,
            settings.stripe_api_base.clone(),
            ::worker::SmsOptions {
                api_base: settings.sms_api_base.clone(),
                undelivered: settings.undelivered_credits,
                private_gateways: settings.sms_http_allow_private,
            },
            settings.limits(),
            ::worker::PdfReader::new(around.program()?, read_pdf::COMMAND),
        )?)
    }

    /// What the scheduler needs.
    pub(crate) fn scheduler(&self, settings: &Settings) -> Result<::scheduler::Scheduler, Error> {
        Ok(::scheduler::Scheduler {
            db: self.db.clone(),
            queue: self.queue.clone(),
            documents: self.documents.clone(),
            clock: self.clock.clone(),
            times: settings.times()?,
            job_retention: TimeDelta::days(settings.job_retention_days),
            doctor_links: settings.scheduler.doctor_links,
        })
    }
}

/// The key of the vault: the setting's, or the one that `paylink up` keeps.
pub(crate) fn secret_key(settings: &Settings, data: &DataDir) -> Result<Secret, Error> {
    match &settings.secret_key {
        Some(key) => Ok(key.clone()),
        None => data.secret(SECRET_KEY)?.ok_or(Error::Setting {
            setting: "secret_key",
            reason: "is not set, and there is none in the data directory".to_owned(),
        }),
    }
}

/// Opens the database, if this version can run on its schema.
pub(crate) async fn open_database(settings: &Settings) -> Result<Db, Error> {
    let db = connect_database(settings).await?;
    migrate::check(&db).await?;
    Ok(db)
}

/// Opens the database, whatever its schema.
pub(crate) async fn connect_database(settings: &Settings) -> Result<Db, Error> {
    let url = match &settings.database_url {
        Some(url) => url.clone(),
        None => {
            let data = DataDir::new(&settings.data_dir)?;
            refuse_a_guess(&data, "database_url")?;
            data.database_url()
        }
    };
    Ok(Db::open(&url, settings.database_connections).await?)
}

fn open_queues(settings: &Settings, data: &DataDir, clock: Clock) -> Result<RedisQueues, Error> {
    let url = match &settings.redis_url {
        Some(url) => url.clone(),
        None => data.secret(REDIS_URL)?.map(|url| url.expose().to_owned()).ok_or(Error::Setting {
            setting: "redis_url",
            reason: "is not set, and no `paylink up` has left one in the data directory".to_owned(),
        })?,
    };
    Ok(RedisQueues::open(&url, &settings.redis_prefix, clock)?)
}

async fn open_documents(settings: &Settings, data: &DataDir) -> Result<Documents, Error> {
    let bad = |reason: String| Error::Setting { setting: "store_url", reason };
    let Some(store_url) = &settings.store_url else {
        refuse_a_guess(data, "store_url")?;
        return local(&data.documents()?);
    };
    let url = Url::parse(store_url).map_err(|error| bad(error.to_string()))?;
    match url.scheme() {
        "file" => {
            let path = url.to_file_path().map_err(|()| bad("is not a path".to_owned()))?;
            std::fs::create_dir_all(&path).map_err(Error::io(format!("{} cannot be made", path.display())))?;
            local(&path)
        }
        "s3" => {
            let plain_http = std::env::var("AWS_ENDPOINT").is_ok_and(|endpoint| endpoint.starts_with("http://"));
            let s3 = AmazonS3Builder::from_env().with_url(store_url).with_allow_http(plain_http).build()?;
            bucket_is_there(&s3).await?;
            let store: Arc<dyn ObjectStore> = match url.path().trim_matches('/') {
                "" => Arc::new(s3),
                prefix => Arc::new(PrefixStore::new(s3, prefix)),
            };
            Ok(Documents::new(store))
        }
        other => Err(bad(format!("must begin with file:// or s3://, not {other}://"))),
    }
}

fn local(path: &Path) -> Result<Documents, Error> {
    let store = LocalFileSystem::new_with_prefix(path)?.with_automatic_cleanup(true);
    Ok(Documents::new(Arc::new(store)))
}

/// Refuses to take a default that only `paylink up` can mean: roles apart would each keep what others are to find.
fn refuse_a_guess(data: &DataDir, setting: &'static str) -> Result<(), Error> {
    if data.is_in_use() {
        return Ok(());
    }
    let reason = format!(
        "is not set, and no `paylink up` has run in the data directory; processes that run apart have to be told what they share: set \
         PAYLINK_{}",
        setting.to_uppercase()
    );
    Err(Error::Setting { setting, reason })
}

/// Refuses a bucket of which the store says that there is none. A store that does not answer may answer later, and much goes on
/// without it.
async fn bucket_is_there(store: &dyn ObjectStore) -> Result<(), Error> {
    let probe = object_store::path::Path::from("paylink-looks-whether-the-bucket-is-there");
    match tokio::time::timeout(STORE_PATIENCE, store.get(&probe)).await {
        Ok(Err(error)) if is_no_bucket(&error) => {
            Err(Error::Setting { setting: "store_url", reason: "there is no such bucket".to_owned() })
        }
        Ok(Ok(_) | Err(object_store::Error::NotFound { .. })) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "whether the bucket is there cannot be told");
            Ok(())
        }
        Err(_) => {
            tracing::warn!("the document store does not answer");
            Ok(())
        }
    }
}

/// S3 says the same of a missing object, but for this code in its answer.
fn is_no_bucket(error: &object_store::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("NoSuchBucket") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Where this installation is reached. Only a demo may leave it to be guessed: what buyers are sent would lead nowhere.
pub(crate) fn public_url(settings: &Settings) -> Result<String, Error> {
    settings.public_url.clone().ok_or(Error::Setting {
        setting: "public_url",
        reason: "is not set: say where buyers, Stripe and carriers reach this, such as PAYLINK_PUBLIC_URL=https://pay.example.com"
            .to_owned(),
    })
}
