// One batch: what each row would become or has become, what it costs, and the buttons that begin and end it.

import { command, csv, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { money, number, phone, tag } from "../lib/format.js";
import { sentence } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { complain } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { hashOf, title } from "../lib/router.js";
import { save } from "../lib/save.js";
import { may } from "../lib/scope.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";
import { empty, failure, pageHead, region } from "./page.js";

const LIMIT = 100;
const STATES = ["ready", "done", "refused", "failed", "cancelled"];

/** The API's fields, as an error names them, and the columns that they come from. */
const FIELDS = {
  number: "number", amount: "amount", currency: "currency", notes: "notes", key: "key",
  "customer.name": "customer_name", "customer.phone": "customer_phone", "customer.language": "customer_language",
  invoice_date: "invoice_date", due_date: "due_date",
};

/** Draws the batch. */
export function showBatch({ root, params: [id], query }) {
  const t = strings.batches;
  title(t.one);
  const path = `/batches/${encodeURIComponent(id)}`;
  const place = region("div.batch");
  const following = live({
    name: () => `${path} ${query.status ?? ""} ${query.cursor ?? ""}`,
    load: async (signal) => {
      const rows = get(`${path}/rows`, { query: { limit: LIMIT, cursor: query.cursor, status: query.status }, signal });
      const [batch, page, credits] = await Promise.all([get(path, { signal }), rows, get("/credits", { signal })]);
      return { batch, page, available: credits.available };
    },
    show: (found) => draw({ place, path, query, found, following }),
    fail: (problem) => failure(place, problem, () => following.refresh()),
    pace: ({ batch }) => PACE[{ running: "busy", paused: "watched" }[batch.status] ?? "calm"],
  });
  swap(root, pageHead(t.one, { back: h("a.back", { href: "#/batches" }, icon("back"), t.title) }), place);
  return following.stop;
}

function draw({ place, path, query, found: { batch, page, available }, following }) {
  const t = strings.batches;
  const totals = batch.totals.map(({ amount, currency }) => h("span", money(amount, currency)));
  const missing = batch.send && batch.status === "ready" ? batch.credits - available : 0;
  swap(place,
    h("section.card.setting.setting-wide",
      batch.name && h("h2", h("bdi", batch.name)),
      h("p", { role: "status" }, tag(`batch-${batch.status}`, t.states[batch.status] ?? batch.status, { busy: batch.status === "running" }), " ", t.sentences[batch.status]),
      h("dl.home-figures", STATES.filter((it) => batch[it] > 0 || it === "ready").map((it) => h("div", h("dt", t.counts[it]), h("dd", number(batch[it])))),
        totals.length > 0 && h("div", h("dt", t.sum), h("dd", totals)),
        batch.send && h("div", h("dt", t.cost), h("dd", strings.preview.credits(batch.credits)))),
      missing > 0 && h("p.notice.notice-warn", icon("warning"), h("span", t.missing(missing), " ", h("a", { href: "#/credits" }, strings.nav.credits))),
      h("div.buttons", buttons({ path, batch, missing, following }))),
    filter(path, batch, query.status),
    h("section.card.list-card", page.items.length === 0 ? empty(t.noRows, null)
      : h("ul.rows", { "aria-label": t.rowsLabel }, page.items.map(row)), pager(path, query, page.next_cursor, t.pager)));
}

/** All rows, or those in one state. */
function filter(path, batch, chosen) {
  const t = strings.batches;
  const choice = (status, label, count) => h("a.button", { href: hashOf(path, { status }), "aria-current": (chosen ?? "") === (status ?? "") ? "true" : null }, `${label} (${number(count)})`);
  return h("nav.buttons.row-filter", { "aria-label": t.filter }, choice(undefined, strings.orders.all, batch.rows),
    STATES.filter((it) => batch[it] > 0).map((it) => choice(it, t.counts[it], batch[it])));
}

function buttons({ path, batch, missing, following }) {
  const t = strings.batches;
  const act = (what) => async ({ currentTarget }) => {
    currentTarget.disabled = true;
    try {
      await command("POST", `${path}/${what}`);
    } catch (problem) {
      complain(problem);
    }
    following.refresh();
  };
  // Who wants no texts gets a link all the same.
  const sends = batch.send && batch.texts > 0;
  const some = batch.texts < batch.ready;
  const name = !sends ? t.start(batch.ready) : some ? t.startAndSendSome(batch.ready, batch.texts) : t.startAndSend(batch.ready);
  const ask = () => confirm({
    title: !sends ? t.startTitle(batch.ready) : some ? t.sendSomeTitle(batch.ready, batch.texts) : t.sendTitle(batch.ready),
    text: sends ? t.sendText(strings.preview.credits(batch.credits)) : t.startText,
    fields: [batch.send && some && h("p.notice.notice-info", icon("info"), t.withoutText(batch.ready - batch.texts)), h("p", h("strong", strings.links.many.inAll(batch.totals.map(({ amount, currency }) => money(amount, currency)).join(" + "))))],
    act: t.startNow,
    kind: "primary",
    payload: () => batch.id,
    send: ({ idempotencyKey }) => command("POST", `${path}/start`, undefined, { idempotencyKey }),
    done: () => following.refresh(),
  });
  const open = ["ready", "running", "paused"].includes(batch.status);
  return [
    batch.status === "ready" && batch.ready > 0 && may("write")
      && h("button.primary", { type: "button", key: "start", disabled: missing > 0, onclick: ask }, name),
    batch.status === "paused" && may("write") && h("button.primary", { type: "button", key: "resume", onclick: act("resume") }, t.resume),
    batch.status === "running" && may("write") && h("button", { type: "button", key: "pause", onclick: act("pause") }, t.pause),
    open && may("write") && h("button", { type: "button", key: "cancel", onclick: act("cancel") }, batch.status === "ready" ? t.discard : t.stop),
    h("button", { type: "button", key: "results", onclick: () => download(`${path}/rows`) }, icon("download"), t.results),
  ];
}

async function download(path) {
  try {
    save(await csv(path), strings.batches.resultsFile);
  } catch (problem) {
    complain(problem);
  }
}

/** What was read of a row, and what is wrong with it. */
function row({ number: at, key, status, order_number: order, customer_name: name, customer_phone: buyer, amount, currency, problem, detail, order_id: id, read }) {
  const t = strings.batches;
  const label = order ?? key;
  const said = problem && (t.problems[problem] ?? (detail ? explained(detail) : problem));
  return h("li.matter", { key: String(at) },
    h("span.row-at.quiet", number(at)),
    h("span.matter-what",
      id ? h("a", { href: `#/orders/${id}`, dir: "auto" }, label) : h("strong", { dir: "auto" }, label), " ",
      name && h("bdi", name), " ", phone(buyer),
      read && h("span.quiet", h("bdi", read.customer_name ?? ""), " ", h("bdi", read.customer_phone ?? "")),
      said && h("p.hint", said)),
    h("span.row-end",
      amount ? h("span.amount", money(amount, currency)) : read?.amount && h("bdi.quiet", read.amount),
      tag(`row-${status}`, t.rowStates[status] ?? status)));
}

/** Each fault of a row with its column, in the language of the console. */
function explained(detail) {
  const faults = detail.split("; ").map((fault) => {
    const [field, ...reason] = fault.split(" ");
    const column = FIELDS[field];
    return column ? `${strings.batches.meanings[column]}: ${translated(reason.join(" "))}` : sentence(fault);
  });
  return faults.join(" · ");
}
