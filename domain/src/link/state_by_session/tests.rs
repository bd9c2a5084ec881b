use proptest::{prelude::*, sample::Index};

use super::*;

/// How a checkout session ends at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Paid immediately.
    Paid,
    /// Completed and paid later.
    PaidLater,
    /// Completed, but the payment failed.
    Failed,
}

/// Something that happens to the link.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Stripe's response to creating the link, or one of its events.
    Told(LinkEvent, Option<String>),
    /// The merchant or the clock closes the link. If a payment in progress prevents it, they try again later.
    Closed(LinkEvent),
    /// The closing job asks Stripe.
    Closer,
}

/// A link's history: what is true at Stripe, and what we are told.
#[derive(Debug, Clone)]
struct Story {
    ends: Vec<End>,
    close: Option<LinkEvent>,
    steps: Vec<Step>,
}

impl Story {
    fn new(ends: Vec<End>, close: Option<LinkEvent>, twice: bool) -> Self {
        let mut steps = vec![Step::Told(LinkEvent::Created, None), Step::Closer];
        steps.extend(close.map(Step::Closed));
        for (number, end) in ends.iter().enumerate() {
            let told = |event| Step::Told(event, Some(session(number)));
            steps.extend(match end {
                End::Paid => vec![told(LinkEvent::PaymentSucceeded)],
                End::PaidLater => vec![told(LinkEvent::PaymentPending), told(LinkEvent::PaymentSucceeded)],
                End::Failed => vec![told(LinkEvent::PaymentPending), told(LinkEvent::PaymentFailed)],
            });
        }
        if twice {
            steps.extend(steps.clone());
        }
        Self { ends, close, steps }
    }

    /// The session that was paid, if any.
    fn paid(&self) -> Option<String> {
        self.ends.iter().position(|end| *end != End::Failed).map(session)
    }

    /// The final state that every order must reach.
    fn end(&self) -> LinkState {
        match (self.paid(), self.close) {
            (Some(_), _) => LinkState::Paid,
            (None, Some(LinkEvent::VoidRequested)) => LinkState::Voided,
            (None, Some(LinkEvent::PaidElsewhere)) => LinkState::Paid,
            (None, Some(_)) => LinkState::Expired,
            (None, None) => LinkState::Unpaid,
        }
    }

    /// The final state that this order reaches.
    fn told(&self) -> PaymentState {
        let mut link = PaymentState { state: LinkState::Creating, session: None, failed: Vec::new(), elsewhere: false };
        let mut refused = Vec::new();
        for step in &self.steps {
            match step {
                Step::Told(event, session) => happens(&mut link, *event, session.as_deref()).unwrap(),
                Step::Closed(event) if happens(&mut link, *event, None).is_err() => refused.push(*event),
                Step::Closed(_) => {}
                Step::Closer => self.closer(&mut link),
            }
        }
        for event in refused {
            // By now the link is paid or closed, or no payment is in progress.
            let _ = happens(&mut link, event, None);
        }
        self.closer(&mut link);
        link
    }

    fn closer(&self, link: &mut PaymentState) {
        if matches!(link.state, LinkState::Voiding | LinkState::Expiring | LinkState::Settling) {
            let event = if self.paid().is_some() { LinkEvent::PaymentSucceeded } else { LinkEvent::CloseConfirmed };
            happens(link, event, self.paid().as_deref()).unwrap();
        }
    }
}

fn session(number: usize) -> String {
    format!("cs_{number}")
}

fn happens(link: &mut PaymentState, event: LinkEvent, session: Option<&str>) -> Result<(), Refusal> {
    *link = link.on(event, session)?.after;
    Ok(())
}

/// Up to one successful payment, after up to two failed ones.
fn ends() -> impl Strategy<Value = Vec<End>> {
    let last = proptest::option::of(proptest::sample::select(&[End::Paid, End::PaidLater][..]));
    (0_usize..3, last).prop_map(|(failed, last)| vec![End::Failed; failed].into_iter().chain(last).collect())
}

fn close() -> impl Strategy<Value = Option<LinkEvent>> {
    let closes = [LinkEvent::VoidRequested, LinkEvent::ExpiryReached, LinkEvent::PaidElsewhere];
    proptest::option::of(proptest::sample::select(closes.to_vec()))
}

fn stories() -> impl Strategy<Value = Story> {
    (ends(), close(), any::<bool>()).prop_flat_map(|(ends, close, twice)| {
        let story = Story::new(ends, close, twice);
        Just(story.steps.clone()).prop_shuffle().prop_map(move |steps| Story { steps, ..story.clone() })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_of_what_happens_comes_to_the_same_end(story in stories()) {
        let told = story.told();
        prop_assert_eq!(told.state, story.end());
        if let Some(paid) = story.paid() {
            prop_assert_eq!(told.session, Some(paid));
        }
    }

    #[test]
    fn an_event_told_again_later_changes_nothing(story in stories(), which in any::<Index>()) {
        let told = story.told();
        if let Step::Told(event, session) = which.get(&story.steps) {
            let again = told.on(*event, session.as_deref()).map(|judged| judged.after);
            prop_assert_eq!(again, Ok(told));
        }
    }
}

/// All permutations of the steps.
fn permutations(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..steps.len() {
        let mut rest = steps.to_vec();
        let first = rest.remove(index);
        all.extend(permutations(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    all
}

#[test]
fn each_of_all_orders_of_a_story_told_once_comes_to_the_same_end() {
    let closes = [None, Some(LinkEvent::VoidRequested), Some(LinkEvent::ExpiryReached), Some(LinkEvent::PaidElsewhere)];
    for ends in [vec![], vec![End::Paid], vec![End::PaidLater], vec![End::Failed], vec![End::Failed, End::PaidLater]] {
        for close in closes {
            let story = Story::new(ends.clone(), close, false);
            for steps in permutations(&story.steps) {
                let told = Story { steps, ..story.clone() };
                assert_eq!(told.told().state, story.end(), "{told:?}");
            }
        }
    }
}

#[test]
fn the_end_of_a_delayed_payment_may_overtake_its_beginning() {
    let unpaid = PaymentState { state: LinkState::Unpaid, session: None, failed: Vec::new(), elsewhere: false };
    let failed = unpaid.on(LinkEvent::PaymentFailed, Some("cs_1")).unwrap().after;
    let after = failed.on(LinkEvent::PaymentPending, Some("cs_1")).unwrap().after;
    assert_eq!(after.state, LinkState::Unpaid);
    // A different session is independent.
    let other = after.on(LinkEvent::PaymentPending, Some("cs_2")).unwrap().after;
    assert_eq!((other.state, other.session.as_deref()), (LinkState::Processing, Some("cs_2")));
    // The first session's failure does not affect the second.
    assert_eq!(other.on(LinkEvent::PaymentFailed, Some("cs_1")).unwrap().after, other);
}

#[test]
fn the_sessions_that_failed_are_stored_one_to_a_line() {
    let of = |lines: Option<&str>| PaymentState::from_columns(LinkState::Unpaid, None, lines, false);
    assert_eq!(of(Some("cs_1\ncs_2")).failed, ["cs_1", "cs_2"]);
    for lines in [None, Some("cs_1"), Some("cs_1\ncs_2")] {
        assert_eq!(of(lines).failed_lines().as_deref(), lines);
    }
}

#[test]
fn of_endless_sessions_that_failed_the_first_are_kept() {
    let mut link = PaymentState::from_columns(LinkState::Unpaid, None, None, false);
    for number in 0..2 * MOST_FAILED {
        happens(&mut link, LinkEvent::PaymentFailed, Some(&session(number))).unwrap();
    }
    assert_eq!(link.failed.len(), MOST_FAILED);
    assert!(link.has_failed(&session(0)));
    happens(&mut link, LinkEvent::PaymentSucceeded, Some("cs_paid")).unwrap();
    assert_eq!(link.state, LinkState::Paid);
}

#[test]
fn a_payment_that_was_asked_for_needs_no_review() {
    let open = PaymentState { state: LinkState::Unpaid, session: None, failed: Vec::new(), elsewhere: false };
    let paid = open.on(LinkEvent::PaymentSucceeded, Some("cs_1")).unwrap();
    assert_eq!((paid.review, paid.after.session.as_deref()), (None, Some("cs_1")));
    // One whose session was not known is named by a later event.
    let nameless = PaymentState { state: LinkState::Paid, ..open };
    let named = nameless.on(LinkEvent::PaymentSucceeded, Some("cs_1")).unwrap();
    assert_eq!((named.review, named.after.session.as_deref()), (None, Some("cs_1")));
}

#[test]
fn only_the_payment_of_a_paid_link_by_another_session_is_a_second_one() {
    let under_way =
        |state| PaymentState { state, session: Some("cs_1".to_owned()), failed: Vec::new(), elsewhere: false };
    let again = |state, event| under_way(state).is_paid_again_by(event, Some("cs_2"));
    assert_eq!(again(LinkState::Paid, LinkEvent::PaymentSucceeded), Some("cs_2"));
    assert_eq!(again(LinkState::Processing, LinkEvent::PaymentSucceeded), None);
    assert_eq!(again(LinkState::Paid, LinkEvent::PaymentPending), None);
    assert_eq!(under_way(LinkState::Paid).is_paid_again_by(LinkEvent::PaymentSucceeded, Some("cs_1")), None);
}

#[test]
fn a_second_payment_is_never_silently_fine() {
    let paid =
        PaymentState { state: LinkState::Paid, session: Some("cs_1".to_owned()), failed: Vec::new(), elsewhere: false };
    assert_eq!(paid.on(LinkEvent::PaymentSucceeded, Some("cs_1")).unwrap().review, None);
    let again = paid.on(LinkEvent::PaymentSucceeded, Some("cs_2")).unwrap();
    assert_eq!((again.review, again.after), (Some(Review::AmountMismatch), paid));
}

#[test]
fn a_payment_elsewhere_is_taken_back_unless_stripe_tells_of_one() {
    let elsewhere = PaymentState { state: LinkState::Paid, session: None, failed: Vec::new(), elsewhere: true };
    let voided = elsewhere.on(LinkEvent::PaidElsewhereTakenBack, None).unwrap();
    assert_eq!(voided.after.state, LinkState::Voided);

    let twice = elsewhere.on(LinkEvent::PaymentSucceeded, Some("cs_1")).unwrap();
    assert_eq!((twice.after.state, twice.review), (LinkState::Paid, Some(Review::PaidTwice)));
    assert_eq!(twice.after.on(LinkEvent::PaidElsewhereTakenBack, None), Err(Refusal::NotPaidElsewhere));
    let at_stripe = PaymentState { elsewhere: false, ..elsewhere };
    assert_eq!(at_stripe.on(LinkEvent::PaidElsewhereTakenBack, None), Err(Refusal::NotPaidElsewhere));
}
