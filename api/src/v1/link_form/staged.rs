//! Cleans up the staged upload of a form that was not read to its end.

use domain::LinkId;
use entity::Documents;
use tokio::runtime::Handle;

/// Deletes the staged upload unless the form is read to its end, even if the client has gone and the handler was
/// dropped. Otherwise anyone with a key could fill the disk with uploads that no quota counts.
#[derive(Debug)]
pub(in super::super) struct Staged<'a> {
    documents: &'a Documents,
    link: LinkId,
    is_kept: bool,
}

impl<'a> Staged<'a> {
    /// Before the form of this link is read.
    pub(in super::super) const fn begin(documents: &'a Documents, link: LinkId) -> Self {
        Self { documents, link, is_kept: false }
    }

    /// Keeps the upload, because the form was read to its end; from here on the command is responsible.
    pub(in super::super) const fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.is_kept {
            return;
        }
        let (documents, name) = (self.documents.clone(), Documents::staging_name(self.link));
        runtime.spawn(async move {
            if let Err(error) = documents.delete(&name).await {
                tracing::debug!(%error, "an upload that nobody will come for was left for the clean-up");
            }
        });
    }
}
