// Texts of which nobody knows whether the carrier took them, for a person to settle.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { time } from "../lib/format.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { title } from "../lib/router.js";
import { strings } from "../strings.js";
import { confirmWithReason } from "./confirm.js";
import { empty, failure, pageHead, region } from "./page.js";

const PATH = "/texts";
const OUTCOMES = ["failed", "sent"];

/** Draws a page of them. */
export function showTexts({ root, query }) {
  const t = strings.unknownTexts;
  title(t.title);
  const list = region("section.card.list-card");
  const following = live({
    name: () => `texts ${query.cursor ?? ""}`,
    load: (signal) => get("/admin/messages", { query: { status: "unknown", cursor: query.cursor }, signal }),
    show: (page) => draw(list, page, query, following.refresh),
    fail: (problem) => failure(list, problem, following.refresh),
  });
  swap(root, pageHead(t.title, { lead: t.lead }), list);
  return following.stop;
}

function draw(list, page, query, changed) {
  const t = strings.unknownTexts;
  if (page.items.length === 0) return swap(list, empty(t.none, t.noneHint));
  swap(list, h("ul.rows", { "aria-label": t.title }, page.items.map((message) => row(message, changed))), pager(PATH, query, page.next_cursor));
}

function row(message, changed) {
  const t = strings.unknownTexts;
  return h("li.text-row",
    h("div", h("code", message.id),
      h("p.quiet", time(message.created_at, { short: true }), " · ", strings.preview.credits(message.credits),
        message.parked_at && [" · ", t.waitsSince, " ", time(message.parked_at, { short: true })])),
    h("div.buttons", OUTCOMES.map((outcome) => h("button", { type: "button", key: `${outcome} ${message.id}`, onclick: () => settle(message, outcome, changed) },
      t.acts[outcome].name))));
}

function settle(message, outcome, changed) {
  const words = strings.unknownTexts.acts[outcome];
  confirmWithReason({
    ...words,
    send: (reason) => command("POST", `/admin/messages/${encodeURIComponent(message.id)}/resolve`, { outcome, reason }),
    done() {
      say(words.done);
      changed();
    },
  });
}
