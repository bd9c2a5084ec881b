//! The document store: whether documents can be written, read and removed.

use std::time::Duration;

use domain::random_secret;
use entity::Documents;

use super::report::Report;
use crate::{data_dir::DataDir, documents::open_documents, error::Error, settings::Settings};

/// Slower than this is reported.
const SLOW: Duration = Duration::from_secs(1);

pub(super) async fn look(settings: &Settings, data: &DataDir, report: &mut Report) {
    let begin = std::time::Instant::now();
    match tried(settings, data).await {
        Ok(()) if begin.elapsed() > SLOW => report.warn(
            "store",
            format!("a document was kept, read and removed in {:.1} s", begin.elapsed().as_secs_f64()),
            "buyers wait for it: take a store that is nearer",
        ),
        Ok(()) => report.ok("store", "a document was kept, read and removed"),
        Err(why) => report.failed(
            "store",
            why,
            "see that the store is there and that our key may put, get, list and delete objects in it",
        ),
    }
}

async fn tried(settings: &Settings, data: &DataDir) -> Result<(), String> {
    let documents = open_documents(settings, data).await.map_err(|error| error.with_sources())?;
    let name = random_secret("").map_err(|error| Error::from(error).with_sources())?;
    let name = format!("staging/doctor-{}", name.expose());
    let said = |error: entity::documents::DocumentError| domain::with_sources(&error);
    let kept = round_trip(&documents, &name).await.map_err(said)?;
    if kept { Ok(()) } else { Err("what was read is not what was kept".to_owned()) }
}

async fn round_trip(documents: &Documents, name: &str) -> Result<bool, entity::documents::DocumentError> {
    let content = b"paylink doctor was here".as_slice();
    documents.put(name, content.into()).await?;
    let read = documents.get(name).await;
    documents.delete(name).await?;
    Ok(read? == content)
}
