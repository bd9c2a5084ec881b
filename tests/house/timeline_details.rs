//! The console reads the details of a timeline's entries as they are written.

use std::{collections::BTreeMap, fs};

use domain::{
    Currency, Money,
    link::{DisputeDetail, ElsewhereDetail, ElsewhereMethod, PaymentSource, RefundDetail, StripeProof},
};
use regex::Regex;

use crate::root;

/// The names of what the console knows the details by, each with its expression, or its text as one.
fn known() -> BTreeMap<String, Regex> {
    let script = fs::read_to_string(root().join("api/src/console/assets/lib/timeline-details.js")).unwrap();
    let constant = Regex::new(r#"(?m)^export const (\w+) = (?:/(.+)/(s?)|"(.+)");$"#).unwrap();
    let found = constant.captures_iter(&script).map(|found| {
        let expression = match (found.get(2), found.get(4)) {
            (Some(expression), _) if &found[3] == "s" => format!("(?s){}", expression.as_str()),
            (Some(expression), _) => expression.as_str().to_owned(),
            (None, text) => regex::escape(text.unwrap().as_str()),
        };
        (found[1].to_owned(), Regex::new(&expression).unwrap())
    });
    let known: BTreeMap<_, _> = found.collect();
    assert_eq!(known.len(), script.matches("export ").count(), "one is written in another way");
    known
}

/// What is written, the name of what reads it, and the parts that this reads.
fn written() -> Vec<(String, &'static str, String)> {
    let money = Money::from_minor(1_285_087, Currency::parse("eur").unwrap()).unwrap();
    let refund = |payment| RefundDetail { money, payment }.to_string();
    let on = "2026-11-26".parse().unwrap();
    let asks = DisputeDetail { term: Some("fraudulent"), is_inquiry: true, payment: Some("pi_2") }.to_stored().unwrap();
    let mut all = vec![
        (StripeProof::Made("plink_1").to_string(), "MADE", "plink_1".to_owned()),
        (StripeProof::Confirmed("one; two").to_string(), "CONFIRMED", "one; two".to_owned()),
        (refund(None), "WENT_BACK", "12,850.87 | EUR".to_owned()),
        (refund(Some("pi_2")), "WENT_BACK", "12,850.87 | EUR | pi_2".to_owned()),
        (asks.clone(), "INQUIRY", String::new()),
        (asks, "OF_ANOTHER", "fraudulent, an inquiry | pi_2".to_owned()),
    ];
    for source in PaymentSource::ALL {
        let ids = "session cs_1, request req_1";
        all.push((StripeProof::Paid(*source, ids).to_string(), "PAYMENT", format!("{source} | {ids}")));
    }
    for method in ElsewhereMethod::ALL {
        let paid = |note| ElsewhereDetail { method: *method, on, note }.to_string();
        let read = format!("{} | 2026-11-26", method.as_str().replace('_', " "));
        all.push((paid(None), "ELSEWHERE", read.clone()));
        all.push((paid(Some("two\nlines: 1")), "ELSEWHERE", format!("{read} | two\nlines: 1")));
    }
    all
}

#[test]
fn the_console_reads_what_is_written() {
    let mut unused = known();
    for (detail, name, parts) in written() {
        let found = known()[name].captures(&detail).unwrap_or_else(|| panic!("{name} does not read {detail:?}"));
        let read: Vec<&str> = found.iter().skip(1).flatten().map(|part| part.as_str()).collect();
        assert_eq!(read.join(" | "), parts, "{name} of {detail:?}");
        unused.remove(name);
    }
    assert!(unused.is_empty(), "nothing that is written is read by {:?}", unused.keys());
}
