//! Receipts, and evidence for a dispute.

use super::{super::*, laid_out, page, pieces};

#[test]
fn a_receipt_says_when_how_and_how_much_and_what_went_back() {
    let receipt = Receipt {
        number: "R-12".to_owned(),
        method: "Stripe, online".to_owned(),
        reference: Some("pi_1".to_owned()),
        paid: "75.95".to_owned(),
        refunded: Some("5.95".to_owned()),
        note: Some("The payer's bank has taken this payment back.".to_owned()),
    };
    let page = DetailsPage { receipt: Some(receipt), due_on: None, payable_until: None, ..page() };
    let sheets = laid_out(&page);
    let written: Vec<&str> = sheets.iter().flat_map(pieces).map(|piece| piece.text).collect();
    let written = written.join(" | ");
    for part in [
        "Receipt",
        "R-12",
        "INV-7",
        "Paid on",
        "23 November 2026",
        "Stripe, online",
        "pi_1",
        "Refunded",
        "-5.95",
        "Paid, less refunds EUR",
        "bank has taken this payment back",
        "DE 123456789",
        "1 Example Street",
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    assert!(!written.contains("Billed to") && !written.contains("Payable until"), "{written}");
    assert!(render(&page).is_ok());
}

#[test]
fn evidence_runs_over_as_many_sheets_as_it_takes_and_names_what_cannot_be_drawn() {
    let row = |index: usize| (format!("{index}"), format!("Text number {index} that was sent, with a \u{378} in it"));
    let evidence = Evidence {
        written_at: "26 November 2026".to_owned(),
        sections: vec![
            Section { title: "What was asked", rows: vec![("Amount".to_owned(), "129.50 USD".to_owned())] },
            Section { title: "Texts", rows: (0..120).map(row).collect() },
        ],
    };
    let page = DetailsPage { evidence: Some(evidence), ..page() };
    let sheets = laid_out(&page);
    assert!(sheets.len() > 2, "{}", sheets.len());
    let written: Vec<&str> = sheets.iter().flat_map(pieces).map(|piece| piece.text).collect();
    for part in ["Evidence", "What was asked", "129.50 USD", "119"] {
        assert!(written.contains(&part), "{part}: {written:?}");
    }
    assert!(render(&page).is_ok(), "what cannot be drawn is named");
}
