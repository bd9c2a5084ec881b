// The merchant's account with a carrier.

import { command } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { h, swap } from "../lib/dom.js";
import { tag } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { failure, region } from "./page.js";
import { found } from "./settings-stripe.js";

const PATH = "/sms-integration";

/** Draws the connection and the form that makes it. */
export function showSms(root) {
  const t = strings.sms;
  const state = region("div");
  const place = h("div");
  let formFor = null;
  const following = live({
    name: () => PATH,
    load: (signal) => found(PATH, signal),
    show: ({ connection }) => {
      drawState(state, connection);
      const kind = connection ? "replace" : "connect";
      if (formFor !== kind) swap(place, connectForm(connection, following));
      formFor = kind;
    },
    fail: (problem) => failure(state, problem, () => following.refresh()),
  });
  swap(root, h("section.card.setting", h("h2", t.title), h("p", t.lead), state, place));
  return () => following.stop();
}

function drawState(place, connection) {
  const t = strings.sms;
  if (!connection) return swap(place, h("p.state-line", tag("connection-none", strings.stripe.states.none)), h("p", t.none));
  swap(place,
    h("p.state-line", tag("connection-connected", t.connected)),
    h("dl.facts",
      h("div", h("dt", t.account), h("dd", connection.account_sid)),
      h("div", h("dt", t.token), h("dd", t.ending(connection.auth_token_last_four))),
      h("div", h("dt", t.from), h("dd", connection.from))),
    h("h3", t.webhook), copyable(t.webhook, connection.webhook_url, { key: "copy-webhook" }), h("p.hint", t.webhookHint));
}

function connectForm(connection, following) {
  const t = strings.sms;
  const account = input("account_sid", { required: true, spellcheck: "false", value: connection?.account_sid ?? "" });
  const token = input("auth_token", { type: "password", required: true, autocomplete: "new-password" });
  const from = input("from", { required: true, value: connection?.from ?? "" });
  const body = () => ({ account_sid: account.value.trim(), auth_token: token.value.trim(), from: from.value.trim() });
  const node = form({
    fields: [
      field({ label: t.account, control: account, hint: t.accountHint }),
      field({ label: t.token, control: token, hint: t.tokenHint }),
      field({ label: t.from, control: from, hint: t.fromHint }),
      actions(t.submit),
    ],
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: (made) => {
      token.value = "";
      say(t.saved);
      following.put({ connection: made });
    },
  });
  return connection
    ? h("details.fold", { key: "replace" }, h("summary", t.replace), node)
    : [h("h3", t.connect), node];
}
