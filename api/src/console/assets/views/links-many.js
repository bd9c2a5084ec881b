// What is done with many links: one call for each, so that one that is refused holds up no other and says why.

import { command, csv, get } from "../lib/api.js";
import { hundredths, text } from "../lib/decimal.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { tell } from "../lib/events.js";
import { money, ofToday } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { complain } from "../lib/notify.js";
import { save } from "../lib/save.js";
import { strings } from "../strings.js";

/** Why a buyer gets nothing that is sent to many: their page says that no reminder comes, or they want no texts. */
const WHY_NOT = {
  not_recognised: (link) => link.unrecognised_at,
  payment_expected: (link) => link.expected?.status === "pending",
  opted_out: (link) => link.opted_out,
};

/** Why the buyer of this link is not reminded at all, as far as is known here. */
export function whyNot(link) {
  return Object.keys(WHY_NOT).find((name) => WHY_NOT[name](link));
}

/** Whether the buyer may know of the link: nobody is reminded of what did not reach them. */
export function isTold({ delivery }) {
  return Boolean(delivery) && !["failed", "undelivered", "scheduled"].includes(delivery);
}

/** Reminds the buyer of each of the links, which were sent before. */
export function remindMany(links, chosen, done) {
  const t = strings.links.many;
  const { wanted, left } = sorted(links);
  const cost = costOf(wanted, "reminder");
  doMany({ title: t.remindTitle(wanted.length), text: t.remindText, left, more: cost.node, skipped: skipped(chosen - links.length, t.notReminded), act: t.remind, kind: "primary", verb: "send", body: () => ({ purpose: "reminder", ready: cost.isReady() }), links: wanted, done });
}

/** Sends each of the links, also those that were sent before. */
export function sendMany(links, chosen, done) {
  const t = strings.links.many;
  const { wanted, left } = sorted(links);
  const cost = costOf(wanted, "request");
  doMany({ title: t.sendTitle(wanted.length), text: t.sendText, left, more: cost.node, skipped: skipped(chosen - links.length, t.skipped), act: t.send, kind: "primary", verb: "send", body: () => ({ only_wanted: true, ready: cost.isReady() }), links: wanted, done, texted: wanted.filter((link) => link.delivery).length });
}

/** Those whose buyers may be texted, and how many others there are for which reason. The server decides once more. */
function sorted(links) {
  const left = Object.keys(WHY_NOT).map((name) => [name, links.filter((link) => whyNot(link) === name).length]).filter(([, count]) => count > 0)
    .map(([name, count]) => h("p.notice.notice-info", icon("info"), strings.links.many.leftOut(count, strings.refused[name])));
  return { wanted: links.filter((link) => !whyNot(link)), left };
}

/** How many of those that were chosen are none of these. */
function skipped(count, said) {
  return count > 0 && h("p.notice.notice-info", icon("info"), said(count));
}

/** Voids each of the links. */
export function voidMany(links, chosen, done) {
  const t = strings.links.many;
  doMany({ title: t.voidTitle(links.length), text: t.voidText, skipped: skipped(chosen - links.length, t.skipped), act: t.void, kind: "danger", keep: t.keep, verb: "void", body: () => ({}), links, done });
}

/** What the first of them is about to say, and what all come to if each is as long; nothing until that is known. */
function costOf(links, purpose) {
  const t = strings.links.many;
  const node = h("div.many", { "aria-live": "polite" });
  const ready = h("input", { type: "checkbox", name: "ready" });
  const [first] = links;
  const load = async () => {
    const [merchant, { available }] = await Promise.all([get("/merchant"), get("/credits")]);
    const usual = primary(merchant.language ?? "en");
    const others = links.filter((link) => link.customer_language && primary(link.customer_language) !== usual).length;
    ready.checked = others > 0;
    const show = async () => {
      const { body, language } = await textFor(first, purpose, usual, ready.checked);
      const { text, credits } = await command("POST", "/message-template/preview", { body, link_id: first.id, purpose, language });
      const all = credits * links.length;
      swap(node, others > 0 && h("label.check", ready, t.ready(others)),
        h("p", t.example(links.length, first.customer_name ?? strings.erased)), h("div.bubble.outgoing", { dir: "auto" }, text),
        all > available ? h("p.notice.notice-warn", icon("warning"), h("span", t.costs(all, available), " ", t.enough(Math.floor(available / credits)), " ", h("a", { href: "#/credits" }, strings.credits.title))) : h("p", t.costs(all, available)));
    };
    ready.addEventListener("change", () => show().catch(() => {}));
    await show();
  };
  // Without it the question is asked all the same; what cannot be sent says so when it is tried.
  if (first) load().catch(() => {});
  return { node, isReady: () => ready.checked };
}

/** The text that this buyer gets: what is written in their language, or, if that is wished, what is ready in it. */
async function textFor({ customer_language: language }, purpose, usual, isReady) {
  const path = `/message-templates/${purpose}`;
  const found = await get(path, { query: { language } });
  const isTheirs = !language || primary(found.language ?? usual) === primary(language);
  return isTheirs || !isReady ? found : get(path, { query: { language, ready: "true" } });
}

function primary(tag) {
  return tag.toLowerCase().split("-", 1)[0];
}

/** Asks, does one after the other, and says what became of each. */
function doMany({ title, text, left = [], more, skipped, texted = 0, act, kind, keep = strings.cancel, verb, body, links, done }) {
  const t = strings.links.many;
  let isStopped = false;
  let isBegun = false;
  const place = h("div.many");
  const run = async (close) => {
    isBegun = true;
    const failed = [];
    let made = 0;
    const line = h("p", { role: "status" });
    const bar = h("progress", { max: String(links.length), value: 0, "aria-label": title });
    swap(place, line, bar);
    for (const link of links) {
      if (isStopped) break;
      line.textContent = t.doing(made + failed.length + 1, links.length);
      try {
        // One key for each press of the button: what was lost on the way is not done twice.
        await command("POST", `/payment-links/${link.id}/${verb}`, body(), { idempotencyKey: crypto.randomUUID() });
        made += 1;
      } catch (problem) {
        failed.push({ link, problem });
        // What stops one for want of credits, or of a session, stops the rest as well.
        if ([401, 402].includes(problem.status)) break;
      }
      bar.value = made + failed.length;
    }
    tell({ kind: "credits.updated" });
    swap(place, results(made, failed, links.length),
      h("div.actions", h("button.primary", { type: "button", autofocus: true, onclick: close }, strings.close)));
    place.querySelector("button").focus();
  };
  openDialog({
    title,
    content(close) {
      swap(place, links.length > 0 && [h("p", h("strong", t.inAll(sums(links)))), h("p", text)], left, more, texted > 0 && h("p.notice.notice-warn", icon("warning"), t.texted(texted)), skipped,
        h("div.actions", h("button", { type: "button", onclick: close, autofocus: true }, keep),
          links.length > 0 && h(`button.${kind}`, { type: "button", onclick: () => run(close) }, act)));
      return place;
    },
    closed() {
      isStopped = true;
      if (isBegun) done();
    },
  });
}

/** What they ask for, by currency: anything with an amount. */
export function sums(links) {
  const totals = new Map();
  for (const { amount, currency } of links) {
    const one = hundredths(amount ?? "");
    if (one === null) continue;
    const { sum, like } = totals.get(currency) ?? { sum: 0n, like: amount };
    totals.set(currency, { sum: sum + one, like });
  }
  return [...totals].map(([currency, { sum, like }]) => money(text(sum, like), currency)).join(" + ");
}

function results(made, failed, all) {
  const t = strings.links.many;
  const left = all - made - failed.length;
  return [
    h("p", { role: "status" }, t.made(made, all)),
    failed.length > 0 && h("ul.failures", failed.map(({ link, problem }) =>
      h("li", h("a", { href: `#/orders/${link.order_id}` }, link.invoice_number ?? strings.erased), ": ", problem.message))),
    left > 0 && h("p.notice.notice-warn", icon("warning"), t.left(left)),
  ];
}

/** Saves the links that the list is narrowed to, or those of them with these ids, as CSV. */
export async function exportLinks({ cursor: _, ...narrowed }, ids) {
  try {
    const text = await csv("/payment-links", { query: narrowed });
    const kept = ids ? linesOf(text).filter((line, index) => index === 0 || ids.has(line.split(",", 1)[0])).join("\r\n") + "\r\n" : text;
    save(kept, ofToday(strings.links.file));
  } catch (problem) {
    complain(problem);
  }
}

/** The records of a CSV: a line break between quotes is no end of one. */
function linesOf(text) {
  const lines = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    else if (!quoted && text[at] === "\r" && text[at + 1] === "\n") {
      lines.push(text.slice(start, at));
      start = at + 2;
    }
  }
  return lines;
}
