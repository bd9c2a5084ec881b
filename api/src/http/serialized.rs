//! Serializes long answers off the async threads, because that can keep a CPU busy for longer than other requests can
//! afford to wait. So few run at once that one CPU always remains for everything else.

use std::{marker::PhantomData, sync::Arc, thread};

use poem::{IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaResponses, Registry},
    types::{ToJSON, Type},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::described::answers_with;
use crate::Problem;

/// The largest answer that is serialized in place.
const SHORT: u64 = 64 * 1024;

/// How many long answers may be serialized at once. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Serializers(Arc<Semaphore>);

impl Default for Serializers {
    /// Half of the CPUs.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new(processors.div_ceil(2))))
    }
}

/// The JSON of a `T`.
#[derive(Debug)]
pub(crate) struct Serialized<T>(String, PhantomData<fn() -> T>);

impl<T: ToJSON> Serialized<T> {
    /// Serializes the result of this function, which has about this many bytes.
    ///
    /// # Errors
    /// Returns the function's error.
    pub(crate) async fn of<E>(
        serializers: &Serializers,
        bytes: u64,
        make: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<Self, Problem>
    where
        E: Into<Problem> + Send + 'static,
    {
        let write = || make().map(|made| made.to_json_string());
        let written = if bytes > SHORT {
            let permit = serializers.0.clone().acquire_owned().await.map_err(Problem::internal)?;
            // This continues after the client has gone, and holds its permit until then.
            let write = move || {
                let _permit = permit;
                write()
            };
            spawn_blocking(write).await.map_err(Problem::internal)?
        } else {
            write()
        };
        written.map(|text| Self(text, PhantomData)).map_err(Into::into)
    }

    /// The JSON as a string.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

impl<T: ToJSON> IntoResponse for Serialized<T> {
    fn into_response(self) -> Response {
        Response::builder().content_type(Json::<T>::CONTENT_TYPE).body(self.0)
    }
}

impl<T: ToJSON> ApiResponse for Serialized<T> {
    fn meta() -> MetaResponses {
        answers_with("", Json::<T>::CONTENT_TYPE, <T as Type>::schema_ref())
    }

    fn register(registry: &mut Registry) {
        <T as Type>::register(registry);
    }
}
