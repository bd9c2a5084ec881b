//! Pushing jobs: one at a time, many at once, and in bulk.

use futures_util::future::try_join_all;

use crate::server::{Failure, QUEUE, Server, line, lpush, measure, some_jobs};

/// One caller that waits for each answer, 64 of them at once, and one with many jobs.
pub(crate) async fn enqueue(server: &Server) -> Result<(), Failure> {
    for (what, callers, count) in [("enqueue, one caller", 1, 20_000), ("enqueue, 64 callers", 64, 128_000)] {
        one_by_one(server, what, callers, count).await?;
    }
    let queues = some_jobs(400_000);
    let job = measure(server, queues.len(), async {
        server.queues.push(QUEUE, &queues).await?;
        Ok(())
    });
    let job = job.await?;
    server.flush().await?;
    let bare = measure(server, queues.len(), async {
        for page in queues.chunks(500) {
            lpush(page).query_async::<()>(&mut server.plain.clone()).await?;
        }
        Ok(())
    });
    line("enqueue, bulk", &job, &bare.await?);
    server.flush().await
}

async fn one_by_one(server: &Server, what: &str, callers: usize, count: usize) -> Result<(), Failure> {
    let queues = some_jobs(count);
    let job = measure(server, count, async {
        try_join_all(queues.chunks(count / callers).map(|share| async move {
            for job in share {
                server.queues.push(QUEUE, std::slice::from_ref(job)).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await
        .map(|_| ())
    });
    let job = job.await?;
    server.flush().await?;
    let bare = measure(server, count, async {
        try_join_all(queues.chunks(count / callers).map(|share| async move {
            let mut plain = server.plain.clone();
            for job in share {
                lpush(std::slice::from_ref(job)).query_async::<()>(&mut plain).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await
        .map(|_| ())
    });
    line(what, &job, &bare.await?);
    server.flush().await
}
