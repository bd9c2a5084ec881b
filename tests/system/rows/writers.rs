//! Concurrent writers.

use std::sync::{Arc, Mutex};

use super::Rows;

#[tokio::test]
async fn on_sqlite_writers_take_their_turns_in_the_order_in_which_they_came() {
    let rows = Rows::on_sqlite().await;
    let first = rows.db.begin().await.unwrap();
    let turns = Arc::new(Mutex::new(Vec::new()));
    let mut others = Vec::new();
    for number in 0..8 {
        let (db, turns) = (rows.db.clone(), Arc::clone(&turns));
        others.push(tokio::spawn(async move {
            let tx = db.begin().await.unwrap();
            turns.lock().unwrap().push(number);
            tx.commit().await.unwrap();
        }));
        // This runtime has one thread: the task runs until it stands in the line.
        tokio::task::yield_now().await;
    }
    first.commit().await.unwrap();
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(*turns.lock().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
}
