//! Opening the document store from the settings.

use std::{path::Path, sync::Arc, time::Duration};

use entity::Documents;
use object_store::{ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, prefix::PrefixStore};
use url::Url;

use crate::{data_dir::DataDir, error::Error, settings::Settings};

/// How long the store may take to tell whether the bucket exists.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the store; by default the folder in the data directory.
pub(crate) async fn open_documents(settings: &Settings, data: &DataDir) -> Result<Documents, Error> {
    let bad = |reason: String| Error::Setting { setting: "store_url", reason };
    let Some(store_url) = &settings.store_url else {
        data.refuse_a_guess("store_url")?;
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

/// Where the S3 of the settings is, if the store is one.
pub(crate) fn s3_endpoint(settings: &Settings) -> Option<String> {
    settings.store_url.as_ref().filter(|url| url.starts_with("s3://"))?;
    let named = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let region = || std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION"));
    Some(named.unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", region().as_deref().unwrap_or("us-east-1"))))
}

fn local(path: &Path) -> Result<Documents, Error> {
    Ok(Documents::in_folder(path)?)
}

/// Refuses a bucket that the store says does not exist. A store that does not answer is accepted, since it may recover
/// and much works without it.
async fn bucket_is_there(store: &dyn ObjectStore) -> Result<(), Error> {
    let probe = object_store::path::Path::from("paylink-looks-whether-the-bucket-is-there");
    match tokio::time::timeout(STORE_TIMEOUT, store.get(&probe)).await {
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

/// Tells a missing bucket from a missing object by the code in S3's response.
fn is_no_bucket(error: &object_store::Error) -> bool {
    domain::error_chain(error).any(|error| error.to_string().contains("NoSuchBucket"))
}
