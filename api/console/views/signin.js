// Signing in with an API key. It is tried before it is kept.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { actions, field, form, input } from "../lib/form.js";
import { title } from "../lib/router.js";
import * as session from "../lib/session.js";
import { strings } from "../strings.js";
import { brand } from "./brand.js";

/** Draws the page; `enter` is called when the key is accepted. `reason` says why somebody was signed out. */
export function showSignIn({ root, enter, reason }) {
  const t = strings.signIn;
  title(t.title);
  const key = input("key", { type: "password", required: true, spellcheck: "false", autocapitalize: "none", autofocus: true });
  const show = h("input", { type: "checkbox", onchange: () => (key.type = show.checked ? "text" : "password") });
  const node = form({
    fields: [
      field({ label: t.key, control: key, hint: t.hint }),
      h("label.check", show, t.show),
      actions(t.submit),
    ],
    payload: () => key.value,
    send: () => tryKey(key.value.trim()),
    done: enter,
  });
  swap(root, h("main.sign-in",
    h("div.sign-in-card", brand(), h("h1", t.title), h("p.lead", t.lead),
      reason && h("p.notice.notice-warn", { role: "alert" }, reason), node)));
  key.focus();
  return () => root.replaceChildren();
}

async function tryKey(key) {
  try {
    await get("/credits", { as: key });
  } catch (problem) {
    if (problem.status === 401) {
      problem.errors = [{ field: "key", reason: strings.signIn.wrong }];
    }
    throw problem;
  }
  session.begin(key);
}
