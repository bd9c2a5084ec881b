//! Entering orders every day: numbered after the last, for known buyers, with percentages; corrected, and paid without
//! a link.

use serde_json::json;

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_new_order_gets_the_next_number_and_takes_percents() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let known = merchant.opens_an_order("RE-0099").await;
        browser.signs_in(app).await;
        browser.clicks("New order").await;
        assert_eq!(browser.reads("Order number").await, "RE-0100");
        // Another person is faster.
        merchant.opens_an_order("RE-0100").await;

        // A known buyer.
        browser.writes("Buyer's name", "example").await;
        let chosen = format!("Example Buyer · {}", known.phone);
        let offered = "return [...document.querySelectorAll('#buyers option')].some((it) => it.value === arguments[0])";
        crate::support::eventually("the buyer is offered", async || {
            browser.runs(offered, vec![json!(chosen)]).await.as_bool().filter(|is| *is)
        })
        .await;
        let choose = "const name = document.querySelector('[name=\"customer.name\"]'); name.value = arguments[0];
            name.dispatchEvent(new Event('input', { bubbles: true }))";
        browser.runs(choose, vec![json!(chosen)]).await;
        assert_eq!(browser.reads("Buyer's name").await, "Example Buyer");
        assert_eq!(browser.reads("Buyer's mobile number").await, known.phone);

        browser.writes("Currency", "USD").await;
        browser.writes("Discount", "10%").await;
        browser.clicks("Create the order").await;
        browser.sees("A percentage needs items with prices.").await;
        browser.clicks("Add an item").await;
        browser.writes("Description", "Cake").await;
        browser.writes("Unit price", "106").await;
        browser.writes("Discount", "10%").await;
        browser.writes("Tax", "8,25 %").await;
        browser.writes("Quantity", "1").await;
        assert_eq!(browser.reads("Discount").await, "10.60");
        // Of 106.00 less the discount.
        assert_eq!(browser.reads("Tax").await, "7.87");
        assert_eq!(browser.reads("Total").await, "103.27");
        // They follow the items.
        browser.writes("Quantity", "2").await;
        assert_eq!(browser.reads("Discount").await, "21.20");
        browser.sees("10% of 212.").await;

        browser.refusals.expect(409, "/v1/orders");
        browser.clicks("Create the order").await;
        browser.sees("There is an order RE-0100 already. This is the next number.").await;
        assert_eq!(browser.reads("Order number").await, "RE-0101");
        browser.clicks("Create the order").await;
        browser.sees("Order RE-0101 created.").await;
        let order = merchant.http.get("/v1/orders?q=RE-0101").await.with_status(200).json()["items"][0].clone();
        assert_eq!((&order["discount"], &order["tax"]), (&json!("21.20"), &json!("15.74")), "{order}");
        assert_eq!((&order["amount"], &order["customer"]["phone"]), (&json!("206.54"), &json!(known.phone)), "{order}");
    })
    .await;
}

#[tokio::test]
async fn an_order_is_corrected_and_paid_while_no_link_asks_for_it() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let merchant = app.merchant();
        let order = merchant.opens_an_order("7601").await;
        let asked = merchant.opens_an_order("7602").await;
        merchant.makes_a_link(&asked).await;
        browser.signs_in(app).await;

        browser.opens_order("7602").await;
        browser.clicks("Edit").await;
        browser.sees("can be changed once no link is open").await;
        browser.sees_no("Unit price").await;
        browser.presses(fantoccini::key::Key::Escape).await;

        browser.clicks("Orders").await;
        browser.opens_order("7601").await;
        browser.clicks("Edit").await;
        assert_eq!(browser.reads("Total").await, "129.50");
        browser.writes("Order number", "7601-B").await;
        browser.writes("Unit price", "130.00").await;
        browser.writes("Shipping", "").await;
        browser.writes("Tax", "5%").await;
        browser.writes("Notes", "as agreed").await;
        assert_eq!(browser.reads("Total").await, "136.50");
        browser.clicks("Save").await;
        browser.sees("The order is saved.").await;
        browser.sees("Order 7601-B").await;
        let now = merchant.http.get(&format!("/v1/orders/{}", order.id)).await.with_status(200).json();
        assert_eq!((&now["number"], &now["amount"]), (&json!("7601-B"), &json!("136.50")), "{now}");
        assert_eq!((&now["shipping"], &now["tax"]), (&json!(null), &json!("6.50")), "{now}");

        browser.clicks("Mark as paid").await;
        browser.sees("the buyer gets no link").await;
        browser.chooses("How it was paid", "bank_transfer").await;
        browser.clicks("Mark as paid").await;
        browser.sees("Paid, without Stripe.").await;
        browser.sees("Bank transfer").await;
        browser.sees_no("View invoice").await;
        assert_eq!(merchant.tag(&order).await, "paid");
        browser.clicks("Not paid after all").await;
        browser.clicks("Take it back").await;
        browser.sees("No open payment link").await;
        assert_eq!(merchant.tag(&order).await, "none");
    })
    .await;
}
