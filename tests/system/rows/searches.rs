//! Lists read what they show, and show the same as if they read everything.

use chrono::TimeDelta;
use domain::{OrderId, PhoneNumber, Zone, link::LinkEvent};
use entity::{
    conversation::{self, ConversationSearch, InboxPosition},
    link::{self, LinkSearch, StripeFacts},
    list::{Looks, PaidPeriod, Period, Place, Sort},
    order::{self, Details, NewOrder, OrderSearch},
};
use sea_orm::{ConnectionTrait, DbBackend};

use super::{Rows, euros, now, on_both_databases};

/// More than are looked through one by one.
const MANY: usize = 1_200;

/// More than are looked through one by one for a word that is usual.
const MORE: usize = 1_700;

async fn makes_orders(rows: &Rows, names: impl Iterator<Item = String>) {
    makes_orders_every(rows, TimeDelta::seconds(1), names).await;
}

/// Orders with these names, each this long after the one before, and the last now.
async fn makes_orders_every(rows: &Rows, apart: TimeDelta, names: impl Iterator<Item = String>) {
    let names: Vec<String> = names.collect();
    let last = names.len() - 1;
    let tx = rows.db.begin().await.unwrap();
    for (number, customer_name) in names.into_iter().enumerate() {
        let new = NewOrder {
            merchant_id: rows.merchant,
            number: number.to_string(),
            customer_name,
            customer_phone: PhoneNumber::from_e164("+12025550123").unwrap(),
            money: euros("10.00"),
            details: Details::default(),
            dates: order::Dates::default(),
            kept: order::Kept::default(),
        };
        let behind = i32::try_from(last - number).unwrap();
        order::insert(&tx, new, now() - apart * behind).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn numbers(rows: &Rows, search: OrderSearch) -> Vec<(String, OrderId)> {
    let found = order::search(rows.db.pool(), rows.merchant, search).await.unwrap();
    found.rows.into_iter().map(|order| (order.number, order.id)).collect()
}

/// A buyer, a conversation with something said in it, and a link with the same id, for each order.
const WITH_EACH_ORDER: [&str; 4] = [
    "UPDATE orders SET customer_phone = '+1202' || (5550000 + CAST(number AS integer))",
    "INSERT INTO payment_link (id, merchant_id, order_id, state, token_hash, invoice_number, amount, currency, document,
        stripe_link_id, stripe_url, livemode, created_at, expires_at)
        SELECT id, merchant_id, id, 'unpaid', {hash}, number, amount, currency, 'a.pdf', 'plink_' || number,
            'https://buy.stripe.com/1', {false}, created_at, created_at FROM orders",
    "INSERT INTO conversation (id, merchant_id, phone, phone_hash, created_at, last_message_at)
        SELECT id, merchant_id, customer_phone, {hash}, created_at, created_at FROM orders",
    "INSERT INTO message (id, merchant_id, conversation_id, direction, segments, credits, status, created_at)
        SELECT id, merchant_id, id, 'outgoing', 1, 1, 'delivered', created_at FROM conversation",
];

async fn makes_the_rest(rows: &Rows) {
    let (hash, no) = match rows.db.pool().get_database_backend() {
        DbBackend::Sqlite => ("randomblob(32)", "0"),
        _ => ("sha256(uuid_send(id))", "false"),
    };
    for statement in WITH_EACH_ORDER {
        let sql = statement.replace("{hash}", hash).replace("{false}", no);
        rows.db.pool().execute_unprepared(&sql).await.unwrap();
    }
}

/// The names of orders of which one in 20 has a word that is not in all the others, and one in 400 one that is rare.
fn names() -> impl Iterator<Item = String> {
    (0..MORE).map(|number| match number {
        number if number.is_multiple_of(400) => "Rare Name".to_owned(),
        number if number.is_multiple_of(20) => "Usual Name".to_owned(),
        _ => "Common Name".to_owned(),
    })
}

on_both_databases! {
    async fn a_word_finds_the_newest_links_and_conversations_first_however_common_it_is(rows) {
        makes_orders(&rows, names()).await;
        makes_the_rest(&rows).await;
        let links = async |text: &str, after, limit| {
            let place = Place { after, limit, ..Place::default() };
            let search = LinkSearch { text: Some(text.to_owned()), place, ..LinkSearch::default() };
            let found = link::search(rows.db.pool(), rows.merchant, search).await.unwrap();
            found.rows.into_iter().map(|(link, _)| (link.invoice_number.unwrap(), link.id)).collect::<Vec<_>>()
        };
        let conversations = async |text: &str, before, limit| {
            let search = ConversationSearch { text: Some(text.to_owned()), before, limit, ..ConversationSearch::default() };
            let found = conversation::list(rows.db.pool(), rows.merchant, &search).await.unwrap();
            let number = |phone: &PhoneNumber| (phone.as_e164()[5..].parse::<usize>().unwrap() - 5_550_000).to_string();
            let found = found.rows.iter().map(|listed| &listed.conversation);
            found.map(|it| (number(it.phone.as_ref().unwrap()), InboxPosition::of(it))).collect::<Vec<_>>()
        };
        // What is found among the newest, among more of them, and behind all that are looked through.
        let usual = |number: &usize| number.is_multiple_of(20) && !number.is_multiple_of(400);
        let usual: Vec<String> = (0..MORE).rev().filter(usual).map(|number| number.to_string()).collect();
        for (text, limit, expected) in [
            ("common", 3, ["1699", "1698", "1697"].map(str::to_owned).to_vec()),
            ("usual", 3, usual[..3].to_vec()),
            ("usual", 48, usual[..48].to_vec()),
            ("usual", 75, usual[..75].to_vec()),
            ("rare", 5, ["1600", "1200", "800", "400", "0"].map(str::to_owned).to_vec()),
            ("nothing", 3, Vec::new()),
        ] {
            let (found, said) = (links(text, None, limit).await, conversations(text, None, limit).await);
            let of_links: Vec<String> = found.iter().map(|(number, _)| number.clone()).collect();
            let of_said: Vec<String> = said.iter().map(|(number, _)| number.clone()).collect();
            assert_eq!((&of_links, &of_said), (&expected, &expected), "{text}, {limit}");
            let Some((first, rest)) = expected.split_first() else { continue };
            let (after, before) = (found.first().map(|(_, id)| *id), said.first().map(|(_, place)| *place));
            let behind = links(text, after, limit - 1).await;
            assert_eq!(behind.into_iter().map(|(number, _)| number).collect::<Vec<_>>(), rest, "{text} behind {first}");
            let behind = conversations(text, before, limit - 1).await;
            assert_eq!(behind.into_iter().map(|(number, _)| number).collect::<Vec<_>>(), rest, "{text} behind {first}");
        }
    }

    async fn every_list_of_conversations_by_a_word_is_complete_and_in_order(rows) {
        makes_orders(&rows, names()).await;
        makes_the_rest(&rows).await;
        let looks = Looks { first: 10, most: 200, collected: 6 };
        let usual = |number: &usize| number.is_multiple_of(20) && !number.is_multiple_of(400);
        let expected: Vec<usize> = (0..MORE).rev().filter(usual).collect();
        for (text, limit, expected) in [
            ("usual", 3, expected),
            ("rare", 3, vec![1600, 1200, 800, 400, 0]),
            ("nothing", 3, Vec::new()),
        ] {
            let (mut found, mut before, mut short) = (Vec::new(), None, 0);
            for _ in 0..MORE {
                let text = Some(text.to_owned());
                let search = ConversationSearch { text, before, limit, looks, ..ConversationSearch::default() };
                let page = conversation::list(rows.db.pool(), rows.merchant, &search).await.unwrap();
                let is_full = page.rows.len() as u64 == limit;
                short += usize::from(page.looked_to.is_some());
                let last = page.rows.last().map(|listed| InboxPosition::of(&listed.conversation));
                let number = |phone: &PhoneNumber| phone.as_e164()[5..].parse::<usize>().unwrap() - 5_550_000;
                found.extend(page.rows.iter().map(|listed| number(listed.conversation.phone.as_ref().unwrap())));
                before = if is_full { last } else { page.looked_to };
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected, "{text}");
            assert_eq!(short > 0, text == "usual", "{short} pages of {text} were looked through in part");
        }
    }

    async fn a_word_finds_the_newest_first_however_common_it_is(rows) {
        let name = |number: usize| if number.is_multiple_of(400) { "Rare Name" } else { "Common Name" }.to_owned();
        makes_orders(&rows, (0..MANY).map(name)).await;
        let search = |text: &str, after| OrderSearch {
            text: Some(text.to_owned()),
            place: Place { after, limit: 3, ..Place::default() },
            ..OrderSearch::default()
        };
        let of = |found: &[(String, OrderId)]| found.iter().map(|(number, _)| number.clone()).collect::<Vec<_>>();
        let common = numbers(&rows, search("common", None)).await;
        assert_eq!(of(&common), ["1199", "1198", "1197"]);
        let after = common.last().map(|(_, id)| *id);
        assert_eq!(of(&numbers(&rows, search("common", after)).await), ["1196", "1195", "1194"]);
        let rare = numbers(&rows, search("rare", None)).await;
        assert_eq!(of(&rare), ["800", "400", "0"], "the oldest is older than those that are looked through one by one");
        let after = rare.first().map(|(_, id)| *id);
        assert_eq!(of(&numbers(&rows, search("rare", after)).await), ["400", "0"]);
        assert!(numbers(&rows, search("nothing", None)).await.is_empty());
    }

    async fn what_was_paid_is_found_among_the_newest_orders_and_behind_them(rows) {
        makes_orders(&rows, (0..MANY).map(|_| "Example Buyer".to_owned())).await;
        let paid = [0, 1, 700, MANY - 2, MANY - 1];
        for number in paid {
            let order = order::find_by_number(rows.db.pool(), rows.merchant, &number.to_string()).await.unwrap().unwrap();
            let link = rows.link(&order).await.unwrap();
            let facts = StripeFacts {
                link_id: Some(format!("plink_{number}")),
                url: Some("https://buy.stripe.com/1".to_owned()),
                livemode: Some(false),
                ..StripeFacts::default()
            };
            for event in [LinkEvent::Created, LinkEvent::PaymentSucceeded] {
                let link = link::find(rows.db.pool(), rows.merchant, link.id).await.unwrap().unwrap();
                rows.advance(&link, event, &facts).await;
            }
        }
        let (from, to) = (Some(now() - TimeDelta::hours(1)), Some(now() + TimeDelta::hours(1)));
        let search = |sort, after, limit| OrderSearch {
            paid: PaidPeriod::new(Period { from, to }, &Zone::UTC),
            place: Place { after, sort, limit, ..Place::default() },
            ..OrderSearch::default()
        };
        let of = |found: &[(String, OrderId)]| found.iter().map(|(number, _)| number.clone()).collect::<Vec<_>>();
        let newest = numbers(&rows, search(Sort::NewestFirst, None, 3)).await;
        assert_eq!(of(&newest), ["1199", "1198", "700"]);
        let after = newest.last().map(|(_, id)| *id);
        assert_eq!(of(&numbers(&rows, search(Sort::NewestFirst, after, 3)).await), ["1", "0"]);
        assert_eq!(of(&numbers(&rows, search(Sort::NewestFirst, None, 10)).await), ["1199", "1198", "700", "1", "0"]);
        assert_eq!(of(&numbers(&rows, search(Sort::OldestFirst, None, 2)).await), ["0", "1"]);
        let before = PaidPeriod::new(Period { from: None, to: from }, &Zone::UTC);
        let before = OrderSearch { paid: before, ..search(Sort::NewestFirst, None, 10) };
        assert_eq!(of(&numbers(&rows, before).await), [] as [String; 0]);
    }

    async fn what_was_paid_elsewhere_is_found_page_by_page(rows) {
        makes_orders_every(&rows, TimeDelta::hours(5), (0..40).map(|_| "Example Buyer".to_owned())).await;
        makes_the_rest(&rows).await;
        for statement in [
            "UPDATE payment_link SET state = 'paid', paid_at = created_at, elsewhere_method = 'cash', elsewhere_on = '2026-05-' ||
                (10 + CAST(invoice_number AS integer) / 2)",
            // Every third one was paid by Stripe, lately.
            "UPDATE payment_link SET elsewhere_method = NULL, elsewhere_on = NULL WHERE CAST(invoice_number AS integer) % 3 = 0",
            // One after another of these fills no page.
            "UPDATE orders SET archived_at = created_at, number_key = NULL WHERE CAST(number AS integer) BETWEEN 12 AND 30",
        ] {
            rows.db.pool().execute_unprepared(statement).await.unwrap();
        }
        let from = "2026-05-12T00:00:00Z".parse().unwrap();
        let paid = PaidPeriod::new(Period { from: Some(from), to: None }, &Zone::UTC);
        for sort in [Sort::NewestFirst, Sort::OldestFirst] {
            let (mut found, mut links, mut after, mut link_after) = (Vec::new(), Vec::new(), None, None);
            for _ in 0..14 {
                let place = Place { after, sort, limit: 3, ..Place::default() };
                let page = numbers(&rows, OrderSearch { paid, place, ..OrderSearch::default() }).await;
                after = page.last().map_or(after, |(_, id)| Some(*id));
                found.extend(page.into_iter().map(|(number, _)| number.parse::<usize>().unwrap()));
                let place = Place { after: link_after, sort, limit: 3, ..Place::default() };
                let search = LinkSearch { paid, place, ..LinkSearch::default() };
                let page = link::search(rows.db.pool(), rows.merchant, search).await.unwrap().rows;
                link_after = page.last().map_or(link_after, |(link, _)| Some(link.id));
                links.extend(page.into_iter().map(|(link, _)| link.invoice_number.unwrap().parse::<usize>().unwrap()));
            }
            if sort == Sort::NewestFirst {
                found.reverse();
                links.reverse();
            }
            let is_paid = |number: &usize| *number >= 4 || number.is_multiple_of(3);
            assert_eq!(found, (0..12).chain(31..40).filter(is_paid).collect::<Vec<_>>(), "{sort:?}");
            assert_eq!(links, (0..40).filter(is_paid).collect::<Vec<_>>(), "{sort:?}");
        }
    }

    async fn a_period_finds_what_was_made_in_it(rows) {
        makes_orders(&rows, (0..MANY).map(|_| "Example Buyer".to_owned())).await;
        let (oldest, newest) = (now() - TimeDelta::hours(1), now() + TimeDelta::hours(1));
        let place = Place { limit: 2_000, ..Place::default() };
        let within = |from, to| OrderSearch { created: Period { from, to }, place, ..OrderSearch::default() };
        assert_eq!(numbers(&rows, within(Some(oldest), Some(newest))).await.len(), MANY);
        assert_eq!(numbers(&rows, within(Some(newest), None)).await.len(), 0);
        assert_eq!(numbers(&rows, within(None, Some(oldest))).await.len(), 0);
        let all = numbers(&rows, within(None, None)).await;
        let middle = order::find(rows.db.pool(), rows.merchant, all[600].1).await.unwrap().unwrap().created_at;
        assert_eq!(numbers(&rows, within(Some(middle), None)).await, all[..=600]);
        assert_eq!(numbers(&rows, within(None, Some(middle))).await, all[600..]);
    }
}
