// Webhooks to the merchant's own systems: where they go, what became of them, and sending them again.

import { command, get } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { humanised, tag, time } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { complain, say } from "../lib/notify.js";
import { whileBusy } from "../lib/pdf.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";
import { failure, region } from "./page.js";

const PATH = "/webhook-endpoints";
const SHOWN = 20;
const DAY = 24 * 60 * 60 * 1000;

const pathOf = (endpoint) => `${PATH}/${encodeURIComponent(endpoint.id)}`;

/** Draws the endpoints. */
export function showWebhooks(root) {
  const t = strings.webhooks;
  const list = region("div");
  const following = live({
    name: () => PATH,
    load: (signal) => get(PATH, { signal }),
    show: ({ items }) => swap(list, items.length === 0 ? h("p.quiet", t.none)
      : h("ul.keys", { "aria-label": t.title }, items.map((endpoint) => row(endpoint, following.refresh)))),
    fail: (problem) => failure(list, problem, following.refresh),
  });
  swap(root, h("section.card.setting.setting-wide",
    h("div.setting-head", h("h2", t.title),
      h("button.primary", { type: "button", key: "new-endpoint", onclick: () => newEndpoint(following.refresh) }, icon("plus"), t.add)),
    h("p", t.lead), list));
  return following.stop;
}

function row(endpoint, changed) {
  const t = strings.webhooks;
  const button = (name, act, kind = "button") => h(kind, { type: "button", key: `${name} ${endpoint.id}`, onclick: act },
    t.acts[name], h("span.visually-hidden", ` ${endpoint.url}`));
  return h(endpoint.enabled ? "li.webhook" : "li.webhook.revoked",
    h("div.key-name", icon("send"), h("strong", endpoint.description ?? hostOf(endpoint.url)), stateOf(endpoint)),
    h("p.quiet.webhook-url", endpoint.url),
    h("p.quiet", t.events, " ", h("bdi", { dir: "ltr" }, endpoint.events.join(", "))),
    h("div.actions",
      button("deliveries", () => showDeliveries(endpoint)),
      endpoint.enabled && button("test", (event) => act(event, "POST", `${pathOf(endpoint)}/test`, undefined, t.tested, changed)),
      endpoint.enabled && button("recover", () => recover(endpoint, changed)),
      button("rotate", () => rotate(endpoint, changed)),
      button(endpoint.enabled ? "disable" : "enable", (event) =>
        act(event, "PATCH", pathOf(endpoint), { enabled: !endpoint.enabled }, strings.settings.saved, changed)),
      button("remove", () => remove(endpoint, changed), "button.quiet-danger")));
}

function stateOf(endpoint) {
  const t = strings.webhooks;
  if (!endpoint.enabled) return tag("health-trouble", t.disabled[endpoint.disabled_because] ?? humanised(endpoint.disabled_because));
  if (endpoint.failing_since) return tag("health-trouble", [t.failing, " ", time(endpoint.failing_since, { short: true })]);
  return tag("health-healthy", t.enabled);
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function act(event, method, path, body, done, changed) {
  return whileBusy(event.currentTarget, async () => {
    try {
      await command(method, path, body);
      say(done);
      changed();
    } catch (problem) {
      complain(problem);
    }
  });
}

function newEndpoint(changed) {
  const t = strings.webhooks;
  const place = h("div");
  openDialog({
    title: t.add,
    content(close) {
      swap(place, endpointForm(close, (made) => {
        changed();
        shownOnce(place, made, close);
      }));
      return place;
    },
  });
}

function endpointForm(close, done) {
  const t = strings.webhooks;
  const url = input("url", { type: "url", required: true, maxlength: "2000", placeholder: "https://", autofocus: true, spellcheck: "false" });
  const events = input("events", { required: true, value: "*", spellcheck: "false" });
  const description = input("description", { maxlength: "200" });
  const body = () => ({
    url: url.value.trim(),
    events: events.value.split(/[\s,]+/).filter(Boolean),
    ...(description.value.trim() && { description: description.value.trim() }),
  });
  return form({
    fields: [
      field({ label: t.url, control: url, hint: t.urlHint }),
      field({ label: t.events, control: events, hint: t.eventsHint }),
      field({ label: t.description, control: description }),
      actions(t.submit, { cancel: close }),
    ],
    payload: () => JSON.stringify(body()),
    send: () => command("POST", PATH, body()),
    done,
  });
}

function shownOnce(place, made, close) {
  const t = strings.webhooks;
  swap(place,
    h("p.notice.notice-warn", icon("warning"), t.once),
    copyable(t.secret, made.secret),
    h("div.actions", h("button.primary", { type: "button", onclick: close }, strings.keys.kept)));
  place.querySelector("input").focus();
}

function rotate(endpoint, changed) {
  const t = strings.webhooks;
  const place = h("div");
  openDialog({
    title: t.rotateTitle,
    content(close) {
      swap(place, form({
        fields: [h("p", t.rotateText), actions(t.acts.rotate, { cancel: close })],
        payload: () => "",
        send: () => command("POST", `${pathOf(endpoint)}/rotate-secret`),
        done(made) {
          changed();
          shownOnce(place, made, close);
        },
      }));
      return place;
    },
  });
}

function recover(endpoint, changed) {
  const t = strings.webhooks;
  confirm({
    title: t.recoverTitle,
    text: t.recoverText,
    act: t.acts.recover,
    kind: "primary",
    send: () => command("POST", `${pathOf(endpoint)}/recover`, { since: new Date(Date.now() - 30 * DAY).toISOString() }),
    done({ deliveries }) {
      say(t.recovered(deliveries));
      changed();
    },
  });
}

function remove(endpoint, changed) {
  const t = strings.webhooks;
  confirm({
    title: t.removeTitle,
    text: t.removeText(endpoint.url),
    act: t.acts.remove,
    send: () => command("DELETE", pathOf(endpoint)),
    done() {
      say(t.removed);
      changed();
    },
  });
}

function showDeliveries(endpoint) {
  const t = strings.webhooks;
  const place = region("div");
  const path = `${pathOf(endpoint)}/deliveries`;
  const following = live({
    name: () => path,
    load: (signal) => get(path, { signal, query: { limit: SHOWN } }),
    show: ({ items }) => swap(place, items.length === 0 ? h("p.quiet", t.noDeliveries)
      : h("ul.keys", { "aria-label": t.acts.deliveries }, items.map((item) => deliveryRow(path, item, endpoint, following.refresh)))),
    fail: (problem) => failure(place, problem, following.refresh),
  });
  openDialog({ title: t.acts.deliveries, content: () => place, closed: following.stop });
}

function deliveryRow(path, delivery, endpoint, changed) {
  const t = strings.webhooks;
  const kinds = { delivered: "health-healthy", failed: "health-trouble", pending: "link-creating" };
  return h("li",
    h("div.key-name", h("strong", delivery.type), tag(kinds[delivery.state] ?? "current", t.states[delivery.state] ?? humanised(delivery.state))),
    h("p.quiet", time(delivery.at), delivery.seq && ` · #${delivery.seq}`, delivery.attempts > 0 && ` · ${t.attempts(delivery.attempts)}`,
      delivery.error && ` · ${translated(delivery.error)}`, delivery.due_at && delivery.attempts > 0 && [" · ", t.next, " ", time(delivery.due_at)]),
    endpoint.enabled && h("button", {
      type: "button",
      key: `again ${delivery.id}`,
      onclick: (event) => act(event, "POST", `${path}/${encodeURIComponent(delivery.id)}/redeliver`, undefined, t.sentAgain, changed),
    }, t.again, h("span.visually-hidden", ` ${delivery.type}`)));
}
