//! The API's documentation, in a browser that is blocked from all other hosts.

use serde_json::{Value, json};

use crate::{browser::Browser, chromium::Setup, scene, support::App};

/// The visible text, including the viewer's shadow tree.
const DRAWN: &str = r#"
    const text = (node) => [...(node.shadowRoot ?? node).querySelectorAll("*")]
        .reduce((all, it) => all + (it.shadowRoot ? text(it) : ""), (node.shadowRoot ?? node).textContent);
    return text(document.querySelector("rapi-doc"));
"#;

/// Visits every call. Returns those without a form and a button that sends it.
const CALLS_WITHOUT_A_FORM: &str = r#"
    const reader = document.querySelector("rapi-doc");
    const turn = () => scheduler.postTask(() => {}, { delay: 5 });
    const has_form = async (title) => {
        for (let turns = 0; turns < 400; turns += 1) {
            const drawn = reader.shadowRoot.querySelector("api-request");
            const shown = reader.shadowRoot.querySelector("h2")?.textContent ?? "";
            if (shown.includes(title) && drawn?.shadowRoot.querySelector("[part~=btn-try]")) return true;
            await turn();
        }
        return false;
    };
    return (async () => {
        const calls = reader.resolvedSpec.tags.flatMap((tag) => tag.paths), without = [];
        for (const call of calls) {
            await reader.scrollToPath(call.elementId);
            if (!(await has_form(call.summary))) without.push(call.elementId);
        }
        return [calls.length, without];
    })();
"#;

/// Gives the key (the argument) to the viewer, as its form does.
const ENTERS_THE_KEY: &str = r#"
    const drawn = document.querySelector("rapi-doc").shadowRoot;
    const field = drawn.getElementById("http-api_key-api-key-input");
    if (!field) return false;
    field.value = arguments[0];
    field.parentElement.querySelector("button").click();
    return true;
"#;

const SENDS: &str = r#"
    const request = document.querySelector("rapi-doc").shadowRoot.querySelector("api-request");
    const button = request?.shadowRoot.querySelector("[part~=btn-try]");
    button?.click();
    return Boolean(button);
"#;

#[tokio::test]
async fn every_call_can_be_sent_from_the_docs() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        let until = async |what: &str, script: &str, arguments: &[Value]| {
            crate::support::eventually(what, async || {
                (browser.runs(script, arguments.to_vec()).await == true).then_some(())
            })
            .await;
        };
        browser.opens(&format!("{}/docs#auth", app.hello.url)).await;
        until("the key is entered", ENTERS_THE_KEY, &[app.hello.api_key.as_str().into()]).await;
        // The example is sent unchanged: what is shown is accepted.
        browser.runs("location.hash = '#post-/v1/orders'", vec![]).await;
        until("the order is sent", SENDS, &[]).await;
        let came = "return Boolean(document.querySelector('rapi-doc').shadowRoot.querySelector('api-request').responseText.includes('ord_'))";
        until("the order is made", came, &[]).await;

        let looked_at = browser.runs(CALLS_WITHOUT_A_FORM, vec![]).await;
        assert!(looked_at[0].as_u64().is_some_and(|calls| calls > 100), "{looked_at}");
        assert_eq!(looked_at[1], json!([]), "these have no form");
    })
    .await;
}

#[tokio::test]
async fn on_a_phone_the_docs_have_a_list_of_the_calls() {
    scene::on(Setup::PHONE, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/docs", app.hello.url)).await;
        let listed =
            "return [...document.querySelectorAll('#contents a')].some((a) => a.textContent === 'Create an order')";
        crate::support::eventually("the calls are listed", async || {
            (browser.runs(listed, vec![]).await == true).then_some(())
        })
        .await;
        let chosen = r#"
            const contents = document.getElementById("contents");
            contents.querySelector("summary").click();
            const open = contents.open;
            [...contents.querySelectorAll("a")].find((a) => a.textContent === "Create an order").click();
            return [open, contents.open, location.hash];
        "#;
        assert_eq!(browser.runs(chosen, vec![]).await, json!([true, false, "#post-/v1/orders"]));
        browser.fits_the_screen("docs").await;
    })
    .await;
}

#[tokio::test]
async fn whoever_reads_the_docs_finds_every_call_and_what_it_takes() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.opens(&format!("{}/docs", app.hello.url)).await;
        let shown = async |wanted: &str| {
            crate::support::eventually(&format!("{wanted} is shown"), async || {
                let drawn = browser.runs(DRAWN, vec![]).await;
                drawn.as_str().is_some_and(|text| text.contains(wanted)).then_some(())
            })
            .await;
        };
        for told in ["Idempotency", "order_exists", "Create an order", "Send a payment link by SMS", "See the balance"]
        {
            shown(told).await;
        }
        // The viewer shows one call at a time.
        browser.opens(&format!("{}/docs/#post-/v1/payment-links/-id-/send", app.hello.url)).await;
        for told in ["Idempotency-Key", "202", "resend"] {
            shown(told).await;
        }
    })
    .await;
}
