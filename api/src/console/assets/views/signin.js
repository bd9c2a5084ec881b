// Signing in with a key. The server makes it into a session; the key is not kept in the browser.

import { signIn } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { actions, field, form, input } from "../lib/form.js";
import { title } from "../lib/router.js";
import { strings } from "../strings.js";
import { brand } from "./brand.js";
import { languageChoice } from "./language.js";

/** Draws the page for `here`, a merchant or the operator; `enter` gets who signed in. `reason` says why somebody was signed out. */
export function showSignIn({ root, here, enter, reason }) {
  const t = strings.signIn;
  const words = t[here];
  title(t.title);
  const key = input("api_key", {
    type: "password", required: true, spellcheck: "false", autocapitalize: "none", autocomplete: "current-password",
  });
  const show = h("input", { type: "checkbox", onchange: () => (key.type = show.checked ? "text" : "password") });
  const node = form({
    fields: [
      field({ label: words.key, control: key, hint: words.hint }),
      h("label.check", show, t.show),
      actions(t.submit),
    ],
    payload: () => key.value,
    send: () => tryKey(key.value.trim()),
    done: enter,
  });
  swap(root, h("main.sign-in",
    h("div.sign-in-card", brand(), h("h1", t.title), h("p.lead", words.lead),
      reason && h("p.notice.notice-warn", { role: "alert" }, reason), node, languageChoice())));
  key.focus();
  return () => root.replaceChildren();
}

async function tryKey(key) {
  try {
    return await signIn(key);
  } catch (problem) {
    if (problem.status === 401) problem.errors = [{ field: "api_key", reason: strings.signIn.wrong }];
    throw problem;
  }
}
