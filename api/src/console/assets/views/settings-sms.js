// The merchant's account with a carrier: Twilio's API, or any other that is described as an HTTP request.

import { command, find } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { tell } from "../lib/events.js";
import { phone, tag } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { may } from "../lib/scope.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";
import { failure, region } from "./page.js";
import { gatewayFields } from "./sms-gateway.js";

const PATH = "/sms-integration";

/** Draws the connection and the form that makes it. */
export function showSms(root) {
  const t = strings.sms;
  const state = region("div");
  const place = h("div");
  let formFor = null;
  const following = live({
    name: () => PATH,
    load: async (signal) => ({ connection: await find(PATH, { signal }) }),
    show: ({ connection }) => {
      drawState(state, connection);
      const kind = connection ? "replace" : "connect";
      if (formFor !== kind) swap(place, connectForm(connection, following));
      formFor = kind;
    },
    fail: (problem) => failure(state, problem, following.refresh),
    pace: ({ connection }) => (connection?.status === "checking" ? PACE.busy : PACE.calm),
  });
  swap(root, h("section.card.setting", h("h2", t.title), h("p", t.lead), state, place));
  return following.stop;
}

function drawState(place, connection) {
  const t = strings.sms;
  if (!connection) return swap(place, h("p.state-line", tag("connection-none", strings.stripe.states.none)), h("p", t.none));
  const row = (name, value) => value && h("div", h("dt", name), h("dd", value));
  swap(place,
    h("p.state-line", tag(`connection-${connection.status}`, t.states[connection.status] ?? connection.status, { busy: connection.status === "checking" })),
    connection.status === "checking" && h("p", t.checking),
    connection.reason && h(connection.status === "failed" ? "p.notice.notice-bad" : "p.notice.notice-warn", icon("warning"), translated(connection.reason)),
    h("dl.facts",
      row(t.carrier, t.carriers[connection.carrier] ?? connection.carrier),
      row(t.account, connection.account_sid),
      row(t.token, connection.auth_token_last_four && t.ending(connection.auth_token_last_four)),
      row(t.address, connection.gateway?.url),
      row(t.secrets, connection.secret_names?.join(", ")),
      row(t.from, phone(connection.from))),
    may("write") && testForm(),
    h("h3", t.webhook), copyable(t.webhook, connection.webhook_url, { key: "copy-webhook" }), h("p.hint", t.webhookHint));
}

/** A text to a number of one's own says more than any check. */
function testForm() {
  const t = strings.sms;
  const to = input("to", { type: "tel", required: true, autocomplete: "tel" });
  const body = () => ({ to: to.value.trim() });
  return h("details.fold", { key: "test" }, h("summary", t.test), form({
    fields: [field({ label: t.testTo, control: to, hint: t.testHint }), actions(t.testSubmit)],
    payload: () => JSON.stringify(body()),
    send: ({ idempotencyKey }) => command("POST", `${PATH}/test`, body(), { idempotencyKey }),
    done: () => {
      say(t.testQueued);
      tell({ kind: "credits.updated" });
    },
  }));
}

function disconnect(following) {
  const t = strings.sms;
  confirm({
    title: t.disconnectTitle,
    text: t.disconnectText,
    act: t.disconnect,
    send: () => command("DELETE", PATH),
    done() {
      say(t.disconnected);
      following.put({ connection: null });
    },
  });
}

function connectForm(connection, following) {
  const t = strings.sms;
  const from = input("from", { required: true, value: connection?.from ?? "" });
  const answers = h("input", { type: "checkbox", name: "answers_keywords", checked: connection?.answers_keywords ?? true });
  let choseAnswers = Boolean(connection);
  answers.addEventListener("change", () => (choseAnswers = true));
  const kinds = { twilio: twilioFields(connection), http: gatewayFields(connection) };
  let kind = connection?.carrier ?? "twilio";
  const choose = (chosen) => {
    kind = chosen;
    for (const [name, it] of Object.entries(kinds)) it.node.hidden = it.node.disabled = name !== kind;
    // What is usual with it, until somebody has said otherwise.
    if (!choseAnswers) answers.checked = kind === "twilio";
  };
  const choices = Object.keys(kinds).map((name) => h("label.choice",
    h("input", { type: "radio", name: "carrier", value: name, checked: name === kind, onchange: () => choose(name) }),
    h("span", t.carriers[name])));
  choose(kind);
  const body = () => ({ carrier: kind, from: from.value.trim(), answers_keywords: answers.checked, ...kinds[kind].body() });
  const node = form({
    fields: [
      h("fieldset", h("legend", t.carrier), h("div.choices", choices)),
      kinds.twilio.node,
      kinds.http.node,
      field({ label: t.from, control: from, hint: t.fromHint }),
      h("div.field", h("label.check", answers, t.answers), h("p.hint", t.answersHint)),
      actions(t.submit, { before: connection && h("button.quiet-danger", { type: "button", key: "disconnect", onclick: () => disconnect(following) }, t.disconnect) }),
    ],
    check: () => kinds[kind].check(),
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: (made) => {
      for (const it of Object.values(kinds)) it.forget();
      say(t.saved);
      following.put({ connection: made });
      if (made.carrier === "http") showOnce(made.webhook_url);
    },
  });
  return connection
    ? h("details.fold", { key: "replace" }, h("summary", t.replace), node)
    : [h("h3", t.connect), node];
}

/** A gateway proves itself by a key in this address. */
function showOnce(address) {
  const t = strings.sms;
  openDialog({
    title: t.onceTitle,
    content: (close) => [
      h("p.notice.notice-warn", icon("warning"), t.once),
      copyable(t.webhook, address),
      h("div.actions", h("button.primary", { type: "button", onclick: close }, t.kept)),
    ],
  });
}

function twilioFields(connection) {
  const t = strings.sms;
  const account = input("account_sid", { required: true, spellcheck: "false", value: connection?.account_sid ?? "" });
  const token = input("auth_token", { type: "password", required: true, autocomplete: "new-password" });
  return {
    node: h("fieldset.group",
      field({ label: t.account, control: account, hint: t.accountHint }),
      field({ label: t.token, control: token, hint: t.tokenHint })),
    body: () => ({ account_sid: account.value.trim(), auth_token: token.value.trim() }),
    check: () => [],
    forget: () => (token.value = ""),
  };
}
