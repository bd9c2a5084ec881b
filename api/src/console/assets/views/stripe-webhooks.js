// How Stripe tells us of payments: the webhook endpoint, its secrets, and whether they work.

import { command } from "../lib/api.js";
import { copyable } from "../lib/clipboard.js";
import { h } from "../lib/dom.js";
import { dayText, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { complain, say } from "../lib/notify.js";
import { whileBusy } from "../lib/pdf.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";

const ENDPOINT = "/stripe-integration/webhook-endpoint";

/** The section; `changed` gets the connection as it is after something was done. */
export function webhooks(connection, changed) {
  const t = strings.stripe;
  const { health, webhook_endpoint: endpoint, last_event_at: heard } = connection;
  // What works needs nobody to press anything.
  const isWell = health?.status === "healthy" && endpoint?.status !== "failed";
  const button = registerButton(connection, changed);
  return h("section.health",
    h("div.setting-head", h("h3", t.webhooks), health && healthTag(health, heard)),
    health && health.status !== "healthy" && h("div.notice.notice-warn", h("div", icon("warning")),
      h("div", h("p", health.advice), health.at && h("p", t.lookedAt, " ", time(health.at)))),
    endpoint?.status === "failed" && h("p.notice.notice-bad", icon("warning"), translated(endpoint.reason)),
    endpoint?.status === "registering" && h("p.loading-line", h("span.spinner", { "aria-hidden": "true" }), t.registering),
    h("dl.facts", h("div", h("dt", t.webhookSecret), h("dd", secretsOf(connection)))),
    !isWell && button,
    h("details.fold", { key: "by-hand" }, h("summary", isWell ? t.webhookAgain : t.byHand), isWell && button,
      copyable(t.webhook, connection.webhook_url, { key: "copy-webhook" }), h("p.hint", t.webhookHint)));
}

/** Whether it works, as far as is known: before the first event nothing is known to be wrong. */
function healthTag({ status }, heard) {
  const t = strings.stripe;
  if (status !== "healthy") return tag("health-trouble", t.health[status] ?? status);
  return heard ? tag("health-healthy", t.health.healthy) : tag("health-waiting", t.health.waiting);
}

function secretsOf(connection) {
  const t = strings.stripe;
  const secrets = connection.webhook_secrets ?? [];
  if (secrets.length === 0) return t.notSet;
  return secrets.map(({ last_four: four, until }) => h("span.secret", t.ending(four), until && ` ${t.until(dayText(new Date(until)))}`));
}

function registerButton(connection, changed) {
  const t = strings.stripe;
  if (connection.webhook_endpoint?.status === "registering") return null;
  const register = (event) => whileBusy(event.currentTarget, async () => {
    try {
      changed(await command("POST", ENDPOINT));
      say(t.registeringNow);
    } catch (problem) {
      complain(problem);
    }
  });
  const again = connection.webhook_endpoint?.status === "registered";
  return h("button", { type: "button", key: "register", onclick: register }, icon("link"), again ? t.registerAgain : t.register);
}
