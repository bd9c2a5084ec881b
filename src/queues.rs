//! Opening Redis from the settings.

use std::{fs, path::Path};

use domain::Clock;
use queue::redis::{Certificates, RedisQueues};

use crate::{
    data_dir::{DataDir, REDIS_URL},
    error::Error,
    settings::Settings,
};

/// Opens the queues; by default in the Redis noted in the data directory. Does not connect yet.
pub(crate) fn open_queues(settings: &Settings, data: &DataDir, clock: Clock) -> Result<RedisQueues, Error> {
    let url = match &settings.redis_url {
        Some(url) => url.clone(),
        None => data.secret(REDIS_URL)?.map(|url| url.expose().to_owned()).ok_or(Error::Setting {
            setting: "redis_url",
            reason: "is not set, and no `paylink up` has left one in the data directory".to_owned(),
        })?,
    };
    Ok(RedisQueues::open_with(&url, &certificates(settings)?, &settings.redis_prefix, clock)?)
}

fn certificates(settings: &Settings) -> Result<Certificates, Error> {
    let own = settings.redis_cert_file.as_deref().zip(settings.redis_key_file.as_deref());
    Ok(Certificates {
        roots: settings.redis_ca_file.as_deref().map(read).transpose()?,
        own: own.map(|(certificate, key)| Ok::<_, Error>((read(certificate)?, read(key)?))).transpose()?,
    })
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    fs::read(file).map_err(Error::io(format!("{} cannot be read", file.display())))
}
