// The merchant's connection to Stripe.

import { command, find, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { waysToPay } from "../lib/ways.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";
import { failure, region } from "./page.js";
import { webhooks } from "./stripe-webhooks.js";

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
    load: async (signal) => ({ connection: await find(PATH, { signal }) }),
    show: ({ connection }) => {
      drawState(state, connection, (changed) => following.put({ connection: changed }));
      // The form is not drawn again while somebody writes in it.
      const kind = connection ? "replace" : "connect";
      if (formFor !== kind) swap(place, connectForm(connection, following));
      formFor = kind;
    },
    fail: (problem) => failure(state, problem, following.refresh),
    pace: ({ connection }) => (isUnderWay(connection) ? PACE.busy : PACE.calm),
  });
  swap(root, h("section.card.setting",
    h("h2", t.title), h("p", t.lead),
    h("p.notice.notice-info", icon("info"), h("span", t.responsibility, " ",
      h("a", { href: DASHBOARD, target: "_blank", rel: "noopener noreferrer" }, t.dashboard))),
    state, place), h("section.card.setting", h("h2", strings.ways.title), ways()));
  return following.stop;
}

/** How buyers may pay, where a link does not say. */
function ways() {
  const place = region("div");
  const draw = async () => {
    try {
      const { payment_methods: value } = await get("/merchant");
      const choice = waysToPay({ value });
      const body = () => ({ payment_methods: choice.value() });
      swap(place, form({
        fields: [choice.node, actions(strings.ways.submit)],
        payload: () => JSON.stringify(body()),
        send: () => command("PATCH", "/merchant", body()),
        done: () => say(strings.settings.saved),
      }));
    } catch (problem) {
      failure(place, problem, draw);
    }
  };
  draw();
  return place;
}

/** Whether something is being asked of Stripe, of which no event tells. */
function isUnderWay(connection) {
  return connection?.status === "checking" || connection?.webhook_endpoint?.status === "registering";
}

function drawState(place, connection, changed) {
  const t = strings.stripe;
  if (!connection) return swap(place, stateLine("none"), h("p", t.none));
  const row = (name, value) => value && h("div", h("dt", name), h("dd", value));
  swap(place,
    stateLine(connection.status, connection.livemode),
    connection.status === "checking" && h("p", t.checking),
    connection.reason && h("p.notice.notice-bad", icon("warning"), translated(connection.reason)),
    h("dl.facts",
      row(t.account, connection.account),
      row(t.key, t.ending(connection.secret_key_last_four)),
      row(t.lastEvent, connection.last_event_at ? time(connection.last_event_at) : t.never)),
    webhooks(connection, changed));
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
  const register = h("input", { type: "checkbox", checked: true });
  const ownSecret = field({ label: t.webhookSecret, control: webhookSecret, hint: t.webhookSecretHint });
  const choose = () => (ownSecret.hidden = register.checked);
  register.addEventListener("change", choose);
  choose();
  const body = () => ({
    secret_key: key.value.trim(),
    webhook_secret: (!register.checked && webhookSecret.value.trim()) || undefined,
    register_webhook: register.checked,
  });
  const leave = h("button.quiet-danger", { type: "button", key: "disconnect", onclick: () => disconnect(following) }, t.disconnect);
  const node = form({
    fields: [
      field({ label: t.secretKey, control: key, hint: t.secretKeyHint }),
      h("label.check", register, t.registerToo),
      ownSecret,
      actions(t.submit, { before: connection && leave }),
    ],
    payload: () => JSON.stringify(body()),
    send: () => command("PUT", PATH, body()),
    done: (made) => {
      node.reset();
      choose();
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
