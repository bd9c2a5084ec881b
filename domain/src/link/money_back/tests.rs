use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn usd() -> Currency {
    "usd".parse().unwrap()
}

fn refund(amount: i64, status: RefundStatus, made: i64, failed: Option<i64>) -> Refund {
    Refund { amount: Some(amount), currency: Some(usd()), status, made_at: at(made), failed_at: failed.map(at) }
}

fn sum(amount: i64, told: i64) -> RefundSum {
    RefundSum { amount: Some(amount), currency: Some(usd()), is_full: false, told_at: at(told) }
}

fn known(refunds: &[Refund], sum: Option<RefundSum>) -> PaymentRefunds {
    PaymentRefunds { refunds: refunds.to_vec(), sum }
}

fn went_back(refunds: &[Refund], sum: Option<RefundSum>) -> i64 {
    known(refunds, sum).went_back(usd())
}

#[test]
fn what_went_back_is_what_succeeded() {
    use RefundStatus::{Failed, Pending, Succeeded};
    let refunds = [refund(1_000, Succeeded, 1, None), refund(500, Pending, 2, None), refund(300, Failed, 3, Some(4))];
    assert_eq!(went_back(&refunds, None), 1_000);
    // The charge's total includes the pending refund and the one that failed later.
    assert_eq!(went_back(&refunds, Some(sum(1_800, 3))), 1_000);
}

#[test]
fn where_only_the_sum_was_told_it_counts_less_what_failed_since() {
    use RefundStatus::{Failed, Succeeded};
    assert_eq!(went_back(&[], Some(sum(1_000, 5))), 1_000);
    assert_eq!(went_back(&[refund(400, Failed, 4, Some(6))], Some(sum(1_000, 5))), 600);
    // The total excludes a refund that failed earlier, and one that was made later.
    assert_eq!(went_back(&[refund(400, Failed, 3, Some(4))], Some(sum(1_000, 5))), 1_000);
    assert_eq!(went_back(&[refund(400, Succeeded, 6, None)], Some(sum(1_000, 5))), 1_400);
    // An old refund is known only from the total, a new one from both.
    assert_eq!(went_back(&[refund(400, Succeeded, 5, None)], Some(sum(1_400, 5))), 1_400);
}

#[test]
fn all_that_was_asked_is_a_full_refund() {
    for (amount, state) in [(0, RefundState::None), (1, RefundState::Partial), (99, RefundState::Partial)] {
        assert_eq!(refund_state(amount, 100), state);
    }
    assert_eq!((refund_state(100, 100), refund_state(101, 100)), (RefundState::Full, RefundState::Full));
}

#[test]
fn the_larger_of_two_states_counts() {
    use RefundState::{Full, None as Nothing, Partial};
    for (one, other, both) in
        [(Nothing, Nothing, Nothing), (Nothing, Partial, Partial), (Partial, Full, Full), (Full, Nothing, Full)]
    {
        assert_eq!((one.and(other), other.and(one)), (both, both));
    }
}

#[test]
fn what_went_back_is_told_apart_by_currency() {
    let eur = "eur".parse().unwrap();
    let in_eur = Refund { currency: Some(eur), ..refund(500, RefundStatus::Succeeded, 1, None) };
    let both = known(&[refund(300, RefundStatus::Succeeded, 1, None), in_eur], Some(sum(400, 1)));
    assert_eq!((both.went_back(usd()), both.went_back(eur)), (400, 500));
    assert_eq!(both.state_in_others(usd()), RefundState::Partial);
    assert_eq!(both.state_in_others("gbp".parse().unwrap()), RefundState::Partial);
    assert_eq!(known(&both.refunds[..1], both.sum).state_in_others(usd()), RefundState::None);
}

#[test]
fn in_another_currency_the_charge_says_whether_it_is_all() {
    use RefundStatus::{Failed, Pending, Succeeded};
    let unknown = |status, failed| Refund { amount: None, currency: None, ..refund(0, status, 1, failed) };
    let told = RefundSum { currency: None, is_full: true, ..sum(1_000, 5) };
    let part = RefundSum { is_full: false, ..told };
    let part_unknown = RefundSum { amount: None, ..part };
    for (refunds, sum, state) in [
        (vec![], Some(told), RefundState::Full),
        (vec![], Some(part), RefundState::Partial),
        (vec![], Some(part_unknown), RefundState::Partial),
        (vec![], Some(RefundSum { amount: Some(0), ..part }), RefundState::None),
        (vec![unknown(Succeeded, None)], None, RefundState::Partial),
        (vec![unknown(Pending, None)], None, RefundState::None),
        // The sum is not told again when a refund fails.
        (vec![unknown(Failed, Some(5))], Some(part_unknown), RefundState::None),
        (vec![unknown(Failed, None)], Some(RefundSum { amount: None, ..told }), RefundState::None),
        (vec![unknown(Failed, Some(4))], Some(told), RefundState::Full),
        (vec![unknown(Pending, None)], Some(told), RefundState::Full),
    ] {
        assert_eq!(known(&refunds, sum).state_in_others(usd()), state, "{refunds:?} {sum:?}");
    }
}

#[test]
fn that_money_went_back_is_known_without_amounts() {
    let (succeeded, pending) = (RefundStatus::Succeeded, RefundStatus::Pending);
    let told = |is_full| Some(RefundSum { amount: None, is_full, ..sum(0, 1) });
    for (refunds, sum, state) in [
        (vec![], told(true), RefundState::Full),
        (vec![refund(1, pending, 1, None)], told(false), RefundState::Partial),
        (vec![refund(1, succeeded, 1, None)], None, RefundState::Partial),
        (vec![refund(1, pending, 1, None)], None, RefundState::None),
    ] {
        assert_eq!(known(&refunds, sum).state_without_amounts(), state, "{refunds:?} {sum:?}");
    }
}

#[test]
fn a_refund_is_unfinished_while_it_is_under_way_or_when_it_failed_and_none_was_made_since() {
    use RefundStatus::{Failed, Pending, Succeeded};
    let told = |refunds: &[Refund]| {
        let refund = UnfinishedRefund::of(refunds)?;
        Some((refund.status, refund.money.map(Money::to_people).unwrap_or_default()))
    };
    let refund = |status, made, failed| refund(1_000, status, made, failed);
    assert_eq!(told(&[]), None);
    assert_eq!(told(&[refund(Succeeded, 1, None)]), None);
    let under_way = [refund(Pending, 1, None), refund(Pending, 2, None)];
    assert_eq!(told(&under_way), Some((Pending, "20.00 USD".to_owned())));
    let failed_late = [refund(Failed, 1, Some(9)), refund(Succeeded, 2, None)];
    assert_eq!(told(&failed_late), Some((Failed, "10.00 USD".to_owned())));
    let failed_at_once = [refund(Failed, 1, Some(2)), refund(Succeeded, 2, None)];
    assert_eq!(told(&failed_at_once), Some((Failed, "10.00 USD".to_owned())));
    let made_again = [refund(Failed, 1, Some(2)), refund(Succeeded, 3, None)];
    assert_eq!(told(&made_again), None);
    let under_way_again = [refund(Failed, 1, Some(2)), refund(Pending, 3, None)];
    assert_eq!(told(&under_way_again), Some((Pending, "10.00 USD".to_owned())));
    let other = Refund { currency: "eur".parse().ok(), ..refund(Pending, 2, None) };
    assert_eq!(told(&[refund(Pending, 1, None), other]), Some((Pending, String::new())));
    let erased = Refund { amount: None, ..refund(Pending, 2, None) };
    assert_eq!(told(&[refund(Pending, 1, None), erased]), Some((Pending, String::new())));
}

#[test]
fn words_of_stripe_are_read() {
    for (word, status) in [
        ("pending", RefundStatus::Pending),
        ("requires_action", RefundStatus::Pending),
        ("succeeded", RefundStatus::Succeeded),
        ("failed", RefundStatus::Failed),
        ("canceled", RefundStatus::Failed),
        ("something_new", RefundStatus::Pending),
    ] {
        assert_eq!(RefundStatus::from_stripe(word), status, "{word}");
    }
}

proptest! {
    #[test]
    fn every_order_of_what_is_told_of_a_refund_comes_to_the_same(
        told in proptest::collection::vec(proptest::sample::select(RefundStatus::ALL), 1..6)
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle()))
    ) {
        let after = |told: &[RefundStatus]| told.iter().copied().reduce(RefundStatus::and);
        prop_assert_eq!(after(&told.0), after(&told.1));
    }

    #[test]
    fn the_sum_adds_nothing_to_refunds_that_are_all_known(
        amounts in proptest::collection::vec(1_i64..10_000, 1..6),
        failed in any::<u8>(),
    ) {
        // Each refund is made a second after the last and included in the total; some fail at the end.
        let refunds: Vec<Refund> = (0..).zip(&amounts).map(|(number, amount)| {
            let fails = failed & (1 << number) != 0;
            let status = if fails { RefundStatus::Failed } else { RefundStatus::Succeeded };
            refund(*amount, status, number, fails.then_some(100))
        }).collect();
        let told = sum(amounts.iter().sum(), i64::try_from(amounts.len()).unwrap());
        prop_assert_eq!(went_back(&refunds, Some(told)), went_back(&refunds, None));
    }
}
