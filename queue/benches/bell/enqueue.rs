//! Ringing.

use futures_util::future::try_join_all;

use crate::server::{Failure, QUEUE, Server, line, lpush, measure, some_bells};

/// One caller that waits for each answer, 64 of them at once, and one with many jobs.
pub(crate) async fn enqueue(server: &Server) -> Result<(), Failure> {
    for (what, callers, count) in [("enqueue, one caller", 1, 20_000), ("enqueue, 64 callers", 64, 128_000)] {
        one_by_one(server, what, callers, count).await?;
    }
    let bells = some_bells(400_000);
    let bell = measure(server, bells.len(), async {
        server.bells.ring(QUEUE, &bells).await?;
        Ok(())
    });
    let bell = bell.await?;
    server.flush().await?;
    let bare = measure(server, bells.len(), async {
        for page in bells.chunks(500) {
            lpush(page).query_async::<()>(&mut server.plain.clone()).await?;
        }
        Ok(())
    });
    line("enqueue, bulk", &bell, &bare.await?);
    server.flush().await
}

async fn one_by_one(server: &Server, what: &str, callers: usize, count: usize) -> Result<(), Failure> {
    let bells = some_bells(count);
    let bell = measure(server, count, async {
        try_join_all(bells.chunks(count / callers).map(|share| async move {
            for bell in share {
                server.bells.ring(QUEUE, std::slice::from_ref(bell)).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await
        .map(|_| ())
    });
    let bell = bell.await?;
    server.flush().await?;
    let bare = measure(server, count, async {
        try_join_all(bells.chunks(count / callers).map(|share| async move {
            let mut plain = server.plain.clone();
            for bell in share {
                lpush(std::slice::from_ref(bell)).query_async::<()>(&mut plain).await?;
            }
            Ok::<_, Failure>(())
        }))
        .await
        .map(|_| ())
    });
    line(what, &bell, &bare.await?);
    server.flush().await
}
