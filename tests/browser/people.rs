//! A colleague gets a key by an invitation, and their actions are shown under their name.

use crate::{browser::Browser, chromium::Setup, scene, support::App};

#[tokio::test]
async fn a_colleague_is_invited_sends_a_link_and_is_named_for_it() {
    scene::on(Setup::DESKTOP, async |app: &mut App, browser: &Browser| {
        browser.signs_in(app).await;
        browser.opens_order("1001").await;
        browser.makes_a_link().await;
        browser.clicks("Settings").await;
        browser.clicks("API keys").await;
        browser.clicks("New key").await;
        browser.writes("Name", "Front desk").await;
        browser.clicks("Send").await;
        browser.chooses("Ends", "30").await;
        browser.clicks("Hand it over by an invitation").await;
        browser.clicks("Make the key").await;
        let invitation = browser.reads("Invitation").await;
        app.hush(invitation.rsplit('/').next().unwrap());
        browser.clicks("I have kept it").await;
        browser.sees("Invited").await;
        browser.sees("can be accepted until").await;
        browser.clicks("Sign out").await;
        browser.sees("It is not kept in your browser").await;

        // A preview of the URL, as in chat programs, does not use it up.
        browser.opens(&invitation).await;
        browser.sees("You have been given a key, “Front desk”").await;
        browser.opens(&invitation).await;
        browser.clicks("Show my key").await;
        browser.sees("it is not shown again").await;
        let key = browser.runs("return document.querySelector('code').innerText", vec![]).await;
        let key = key.as_str().unwrap().to_owned();
        app.hush(&key);
        browser.clicks("Copy the key").await;
        browser.sees("Copied").await;
        // Signing in opens another tab, since the key is shown only here.
        browser.clicks("Open the console, and sign in with it").await;
        browser.turns_to_tab(1).await;
        browser.sees("Needs your attention").await;
        browser.clicks("Sign out").await;
        browser.sees("It is not kept in your browser").await;
        browser.turns_to_tab(0).await;
        browser.signs_in_for_more_with(app, &key).await;
        browser.opens_order("1001").await;
        browser.sees_no("Void").await;
        browser.clicks("Send link").await;
        browser.clicks("Send for").await;
        browser.sees("Delivered").await;
        browser.sees("Front desk").await;
        browser.clicks("Sign out").await;
        browser.sees("It is not kept in your browser").await;

        browser.signs_in_for_more_with(app, &app.hello.api_key).await;
        browser.clicks("Settings").await;
        browser.clicks("Activity").await;
        browser.sees("accepted an invitation").await;
        let front_desk = browser
            .runs(
                "return [...document.querySelectorAll('select option')].find((it) => it.text.startsWith('Front desk')).value",
                vec![],
            )
            .await;
        browser.chooses("By whom", front_desk.as_str().unwrap()).await;
        browser.sees_no("made a link").await;
        browser.sees("sent a link").await;
        browser.fits_the_screen("the activity").await;
        browser.client().refresh().await.unwrap();
        browser.sees("sent a link").await;
        browser.sees_no("made a link").await;
    })
    .await;
}
