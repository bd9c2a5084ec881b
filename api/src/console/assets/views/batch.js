// One batch: what each row would become or has become, what it costs, and the buttons that begin and end it.

import { command, csv, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number, tag } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { complain } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { title } from "../lib/router.js";
import { may } from "../lib/scope.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { failure, pageHead, region } from "./page.js";

const LIMIT = 100;

/** Draws the batch. */
export function showBatch({ root, params: [id], query }) {
  const t = strings.batches;
  title(t.one);
  const path = `/batches/${encodeURIComponent(id)}`;
  const place = region("div.batch");
  const following = live({
    name: () => `${path} ${query.cursor ?? ""}`,
    load: async (signal) => {
      const [batch, rows] = await Promise.all([get(path, { signal }), get(`${path}/rows`, { query: { limit: LIMIT, cursor: query.cursor }, signal })]);
      return { batch, rows };
    },
    show: (found) => draw({ place, path, query, found, following }),
    fail: (problem) => failure(place, problem, () => following.refresh()),
    pace: ({ batch }) => (batch.status === "running" ? PACE.busy : PACE.calm),
  });
  swap(root, pageHead(t.one, { back: h("a.back", { href: "#/batches" }, icon("back"), t.title) }), place);
  return following.stop;
}

function draw({ place, path, query, found: { batch, rows }, following }) {
  const t = strings.batches;
  swap(place,
    h("section.card.setting",
      h("p", { role: "status" }, tag(`batch-${batch.status}`, t.states[batch.status] ?? batch.status, { busy: batch.status === "running" }), " ", t.sentences[batch.status]),
      h("dl.home-figures", ["ready", "done", "refused", "failed", "cancelled"].filter((it) => batch[it] > 0 || it === "ready").map((it) =>
        h("div", h("dt", t.counts[it]), h("dd", number(batch[it])))),
        batch.send && h("div", h("dt", t.cost), h("dd", strings.preview.credits(batch.credits)))),
      h("div.buttons", buttons({ path, batch, following }))),
    h("section.card.list-card", h("ul.rows", { "aria-label": t.rowsLabel }, rows.items.map(row)), pager(path, { cursor: query.cursor }, rows.next_cursor)));
}

function buttons({ path, batch, following }) {
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
  const open = ["ready", "running", "paused"].includes(batch.status);
  return [
    batch.status === "ready" && batch.ready > 0 && may("write")
      && h("button.primary", { type: "button", key: "start", onclick: act("start") }, batch.send ? t.startAndSend(batch.ready) : t.start(batch.ready)),
    batch.status === "paused" && may("write") && h("button.primary", { type: "button", key: "resume", onclick: act("resume") }, t.resume),
    batch.status === "running" && may("write") && h("button", { type: "button", key: "pause", onclick: act("pause") }, t.pause),
    open && may("write") && h("button", { type: "button", key: "cancel", onclick: act("cancel") }, batch.status === "ready" ? t.discard : t.stop),
    h("button", { type: "button", key: "results", onclick: () => download(`${path}/rows`) }, icon("download"), t.results),
  ];
}

async function download(path) {
  try {
    const address = URL.createObjectURL(new Blob([await csv(path)], { type: "text/csv" }));
    h("a", { href: address, download: strings.batches.resultsFile }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  } catch (problem) {
    complain(problem);
  }
}

function row({ number: at, key, status, problem, detail, order_id }) {
  const t = strings.batches;
  return h("li.matter", { key: String(at) },
    h("span.matter-what", h("strong", `${at}. ${key}`), " ", translated(detail) ?? t.problems[problem] ?? problem,
      order_id && h("a", { href: `#/orders/${order_id}` }, " ", t.order)),
    tag(`row-${status}`, t.rowStates[status] ?? status));
}
