// The merchant's connection to Stripe.

import { Problem, command, get } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { failure, region } from "./page.js";

const PATH = "/stripe-integration";
const DASHBOARD = "https://dashboard.stripe.com/";

/** Draws the connection and the form that makes it. */
export function showStripe(root) {
  const t = strings.stripe;
  const state = region("div");
  const place = h("div");
  let formFor = null;
  const following = live({
    name: () => PATH,
    load: (signal) => found(PATH, signal),
    show: ({ connection }) => {
      drawState(state, connection);
      // The form is not drawn again while somebody writes in it.
      const kind = connection ? "replace" : "connect";
      if (formFor !== kind) swap(place, connectForm(connection, following));
      formFor = kind;
    },
    fail: (problem) => failure(state, problem, () => following.refresh()),
    pace: ({ connection }) => (connection?.status === "checking" ? PACE.busy : PACE.calm),
  });
  swap(root, h("section.card.setting",
    h("h2", t.title), h("p", t.lead),
    h("p.notice.notice-info", icon("info"), h("span", t.responsibility, " ",
      h("a", { href: DASHBOARD, target: "_blank", rel: "noopener noreferrer" }, t.dashboard))),
    state, place));
  return () => following.stop();
}

/** What is there, in a box: nothing is an answer too. */
export async function found(path, signal) {
  try {
    return { connection: await get(path, { signal }) };
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return { connection: null };
    throw problem;
  }
}

function drawState(place, connection) {
  const t = strings.stripe;
  if (!connection) return swap(place, stateLine("none"), h("p", t.none));
  const ending = (four) => (four ? t.ending(four) : t.notSet);
  swap(place,
    stateLine(connection.status, connection.livemode),
    connection.status === "checking" && h("p", t.checking),
    connection.reason && h("p.notice.notice-bad", icon("warning"), connection.reason),
    h("dl.facts",
      h("div", h("dt", t.key), h("dd", ending(connection.secret_key_last_four))),
      h("div", h("dt", t.webhookSecret), h("dd", ending(connection.webhook_secret_last_four))),
      h("div", h("dt", t.lastEvent), h("dd", connection.last_event_at ? time(connection.last_event_at) : t.never))),
    h("h3", t.webhook), copyable(t.webhook, connection.webhook_url, { key: "copy-webhook" }), h("p.hint", t.webhookHint));
}

function stateLine(status, livemode) {
  const t = strings.stripe;
  return h("p.state-line",
    tag(`connection-${status}`, t.states[status] ?? status, { busy: status === "checking" }),
    livemode !== undefined && tag(livemode ? "live" : "test", livemode ? t.modes.live : t.modes.test));
}

function connectForm(connection, following) {
  const t = strings.stripe;
  const secret = (name, properties) => input(name, { type: "password", autocomplete: "new-password", spellcheck: "false", ...properties });
  const key = secret("secret_key", { required: true });
  const webhookSecret = secret("webhook_secret");
  const body = () => ({ secret_key: key.value.trim(), webhook_secret: webhookSecret.value.trim() || undefined });
  const leave = h("button.quiet-danger", { type: "button", key: "disconnect", onclick: () => disconnect(following) }, t.disconnect);
  const node = form({
    fields: [
      field({ label: t.secretKey, control: key, hint: t.secretKeyHint }),
      field({ label: t.webhookSecret, control: webhookSecret, hint: connection && t.webhookSecretHint }),
      actions(t.submit, { before: connection && leave }),
    ],
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: (made) => {
      node.reset();
      say(t.saved);
      following.put({ connection: made });
    },
  });
  return connection
    ? h("details.fold", { key: "replace" }, h("summary", t.replace), node)
    : [h("h3", t.connect), node];
}

function disconnect(following) {
  const t = strings.stripe;
  openDialog({
    title: t.disconnectTitle,
    content: (close) => form({
      fields: [h("p", t.disconnectText), h("div.actions",
        h("button", { type: "button", onclick: close, autofocus: true }, strings.cancel),
        h("button.danger", { type: "submit", "data-submit": true }, h("span.label", t.disconnect)))],
      payload: () => "",
      send: () => command("DELETE", PATH),
      done: () => {
        close();
        say(t.disconnected);
        following.put({ connection: null });
      },
    }),
  });
}
