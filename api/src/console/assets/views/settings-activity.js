// Who did what: the audit log, narrowed as the address says.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { dateText, humanised, money, time } from "../lib/format.js";
import { live } from "../lib/live.js";
import { complain } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { people, person } from "../lib/people.js";
import { hashOf, narrow } from "../lib/router.js";
import { ELSEWHERE } from "../lib/timeline-details.js";
import { strings } from "../strings.js";
import { empty, failure, region } from "./page.js";

const PATH = "/settings/activity";
const LIMIT = 50;
const OF_BATCH = 100;
const TYPING = 250;
const AN_ID = /^[a-z]+_[0-9a-f]{32}$/;
const A_PACK = /^(\d+) for ([\d.]+) ([A-Z]{3})$/;

/** Draws it. */
export function showActivity(root, query) {
  const t = strings.activity;
  const list = region("div");
  const narrowed = { actor: query.actor, subject: query.subject, q: query.q, cursor: query.cursor };
  const following = live({
    name: () => `audit ${JSON.stringify(narrowed)}`,
    load: (signal) => get("/audit-log", { query: { ...narrowed, folded: isWhole(narrowed) ? "true" : undefined, limit: LIMIT }, signal }),
    show: (page) => draw(list, page, narrowed),
    fail: (problem) => failure(list, problem, () => following.refresh()),
  });
  const change = (changes) => {
    Object.assign(narrowed, { cursor: undefined }, changes);
    narrow(PATH, narrowed);
    following.refresh();
  };
  swap(root, h("section.card.setting.setting-wide", h("h2", t.title), h("p", t.lead), filters(narrowed, change), list));
  return following.stop;
}

/** Who looks for something finds each row of a batch; who reads the log reads of the batch. */
function isWhole({ actor, subject, q }) {
  return !actor && !subject && !q;
}

function filters(narrowed, change) {
  const t = strings.activity;
  const who = h("select", { "aria-label": t.who, onchange: () => change({ actor: who.value || undefined }) }, h("option", { value: "" }, t.everybody));
  const offer = (id, name) => who.append(h("option", { value: id, selected: id === narrowed.actor }, name));
  offer("operator", t.operator);
  // Without the names there is still the rest of the log.
  people().then((all) => all.forEach(({ id, name, last_four: four }) => offer(id, four ? `${name} …${four}` : name))).catch(() => {});
  let typing;
  const subject = h("input", {
    type: "search", "aria-label": t.subject, placeholder: t.subjectHint, value: narrowed.subject ?? narrowed.q ?? "", autocomplete: "off", spellcheck: "false",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => change(meant(subject.value.trim())), TYPING);
    },
  });
  return h("div.filters", who, subject);
}

/** An id, or what people call it. */
function meant(text) {
  return AN_ID.test(text) ? { subject: text, q: undefined } : { subject: undefined, q: text || undefined };
}

function draw(list, page, narrowed) {
  const t = strings.activity;
  if (page.items.length === 0) return swap(list, empty(t.none));
  const items = page.items.map((one) => entry(one, isWhole(narrowed)));
  swap(list, h("ul.activity", { "aria-label": t.title }, items), pager(PATH, narrowed, page.next_cursor));
}

function entry(one, isFolded) {
  const t = strings.activity;
  const { at, actor, action, again, detail = "" } = one;
  return h("li",
    h("div.activity-what", person(actor) ?? h("span.person", actor.startsWith("operator") ? t.operator : humanised(actor)),
      h("strong", t.actions[again ? "link.remind" : action] ?? humanised(action.replace(".", ": "))), time(at, { short: true })),
    about(aboutWhat(one), detail !== one.batch_id && detailOf(detail, action)),
    isFolded && action === "batch.start" && rowsOf(one.subject));
}

/** What a batch has done, row by row, once somebody opens it. */
function rowsOf(batch) {
  const t = strings.activity;
  const rows = h("ul.activity", { "aria-label": t.ofBatch });
  const more = h("button", { type: "button", key: `more ${batch}`, hidden: true, onclick: () => load() }, t.more);
  let cursor;
  const load = async () => {
    more.disabled = true;
    try {
      const page = await get("/audit-log", { query: { batch_id: batch, limit: OF_BATCH, cursor } });
      rows.append(...page.items.map((one) => entry(one, false)));
      cursor = page.next_cursor;
      more.hidden = !cursor;
    } catch (problem) {
      complain(problem);
      more.hidden = false;
    }
    more.disabled = false;
  };
  const open = ({ currentTarget }) => currentTarget.open && rows.childElementCount === 0 && load();
  return h("details.fold", { key: `rows ${batch}`, ontoggle: open }, h("summary", t.ofBatch), rows, more);
}

function about(...parts) {
  const [first, ...rest] = parts.filter(Boolean);
  // What is a link or a name already keeps its parts apart itself.
  const apart = (part) => (typeof part === "string" ? h("bdi", part) : part);
  return first && h("p.quiet", apart(first), rest.map((part) => [" · ", apart(part)]));
}

/** Which text it was about, what was bought and how money came elsewhere, in the reader's language; of everything else what was given. */
function detailOf(detail, action) {
  if (AN_ID.test(detail)) return namedBy(detail);
  if (action.startsWith("template.")) return templateOf(detail);
  if (action === "credits.buy") return packOf(detail);
  const [, way, on, note] = ELSEWHERE.exec(detail) ?? [];
  if (!way) return detail;
  return [strings.paidBy[way.replace(" ", "_")], dateText(on), note].filter(Boolean).join(strings.comma);
}

/** What was bought, and its price. */
function packOf(detail) {
  const [, credits, price, currency] = A_PACK.exec(detail) ?? [];
  return credits ? [strings.preview.credits(Number(credits)), money(price, currency.toLowerCase())].join(strings.comma) : detail;
}

/** The purpose of a text, and its language if it has one. */
function templateOf(detail) {
  const { purposes, languages } = strings.template;
  const [purpose, language] = detail.split(" ");
  return [purposes[purpose] ?? purpose, languages[language] ?? language].filter(Boolean).join(strings.comma);
}

function aboutWhat({ subject, order_id: order, order_number: number, invoice_number: invoice, amount, currency }) {
  if (!order) return namedBy(subject);
  const what = [strings.order.title(number), invoice !== number && invoice, amount && money(amount, currency)].filter(Boolean);
  return h("a", { href: `#/orders/${order}` }, what.map((part, at) => [at > 0 && strings.comma, h("bdi", part)]));
}

/** What has this id, by name, and where it is found. Of a session or a text the line says all that there is to say. */
function namedBy(id) {
  const [kind] = id.split("_", 1);
  const [path, name] = {
    bat: [`/batches/${id}`, strings.batches.one],
    conv: [`/conversations/${id}`, strings.conversations.one],
    whe: ["/settings/webhooks", strings.webhooks.title],
  }[kind] ?? [];
  return path ? h("a", { href: hashOf(path) }, name) : person(id);
}
