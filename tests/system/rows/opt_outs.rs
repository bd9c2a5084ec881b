//! A buyer's latest statement counts, in whichever order statements are processed; and a number whose conversation
//! began under another form is found.

use chrono::TimeDelta;
use domain::PhoneNumber;
use entity::conversation::{self, OptOut, OptOutSource};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::{Rows, now, on_both_databases};

on_both_databases! {
async fn what_was_said_last_counts(rows) {
    let phone = PhoneNumber::from_e164("+12025550123").unwrap();
    let (stop, start, stop_again) = (now(), now() + TimeDelta::seconds(1), now() + TimeDelta::seconds(2));
    let tx = rows.db.begin().await.unwrap();
    let found = conversation::open(&tx, &rows.vault, rows.merchant, &phone, now()).await.unwrap();
    // START was read first although STOP came first.
    assert!(!conversation::opt_in(&tx, &found, start).await.unwrap());
    let said = |at| OptOut::by(OptOutSource::Buyer, at);
    let opts_out = async |at| conversation::opt_out(&tx, &found, said(at), now()).await.unwrap();
    assert!(!opts_out(stop).await);
    assert!(opts_out(stop_again).await);
    assert!(!conversation::opt_in(&tx, &found, start).await.unwrap(), "it came before");
    assert!(!opts_out(stop_again).await, "it was said already");
    let kept = conversation::find(&tx, rows.merchant, found.id).await.unwrap().unwrap();
    assert_eq!((kept.opted_out_at, kept.opt_out_source), (Some(stop_again), Some(OptOutSource::Buyer)));
    assert!(conversation::opt_in(&tx, &found, stop_again).await.unwrap());
    let kept = conversation::find(&tx, rows.merchant, found.id).await.unwrap().unwrap();
    assert_eq!((kept.opted_out_at, kept.opt_out_source), (None, None));
    tx.commit().await.unwrap();
}

async fn the_last_of_three_words_counts_in_whatever_order_they_are_read(rows) {
    let (first, between, last) = (now(), now() + TimeDelta::seconds(5), now() + TimeDelta::seconds(10));
    let said = [(first, true), (between, false), (last, true)];
    for (at, order) in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].into_iter().enumerate() {
        let phone = PhoneNumber::from_e164(&format!("+1202555013{at}")).unwrap();
        let tx = rows.db.begin().await.unwrap();
        let found = conversation::open(&tx, &rows.vault, rows.merchant, &phone, now()).await.unwrap();
        for (at, stops) in order.map(|place: usize| said[place]) {
            if stops {
                conversation::opt_out(&tx, &found, OptOut::by(OptOutSource::Buyer, at), now()).await.unwrap();
            } else {
                conversation::opt_in(&tx, &found, at).await.unwrap();
            }
        }
        let kept = conversation::find(&tx, rows.merchant, found.id).await.unwrap().unwrap();
        assert_eq!(kept.opted_out_at, Some(last), "read as {order:?}");
        tx.commit().await.unwrap();
    }
}

async fn the_conversation_of_before_goes_on_under_either_form(rows) {
    let [one, other] = ["+525512345678", "+5215512345678"].map(|number| PhoneNumber::from_e164(number).unwrap());
    let tx = rows.db.begin().await.unwrap();
    let open = async |phone: &PhoneNumber| conversation::open(&tx, &rows.vault, rows.merchant, phone, now()).await.unwrap();
    let begun = open(&one).await;
    // As the version before hashed it: the number as it was written.
    let mut before = begun.clone().into_active_model();
    before.phone_hash = Set(rows.vault.phone_hash(rows.merchant, &other));
    before.phone = Set(Some(other.clone()));
    before.update(&tx).await.unwrap();

    assert_eq!(open(&one).await.id, begun.id);
    let found = open(&other).await;
    assert_eq!((found.id, found.phone), (begun.id, Some(other)));
    tx.commit().await.unwrap();
}
}
