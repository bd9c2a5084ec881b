// The queues: how much waits, for how long, and what is paused.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { ago, number, tag } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { hashOf, title } from "../lib/router.js";
import { strings } from "../strings.js";
import { showCharts } from "./operator-charts.js";
import { pauseButton, pauses } from "./operator-pause.js";
import { failure, pageHead, region } from "./page.js";

const PACE = 2_000;

/** Draws one line a kind of job. */
export function showQueues({ root }) {
  const t = strings.queues;
  title(t.title);
  const list = region("section.card.list-card");
  const following = live({
    name: () => "queues",
    load: async (signal) => {
      const [queues, paused] = await Promise.all([get("/admin/queues", { signal }), pauses(signal)]);
      return { queues, paused };
    },
    show: (data) => draw(list, data, following.refresh),
    fail: (problem) => failure(list, problem, following.refresh),
    pace: () => PACE,
  });
  const charts = h("div");
  swap(root, pageHead(t.title, { lead: t.lead }), charts, list);
  const stopCharts = showCharts(charts);
  return () => {
    stopCharts();
    following.stop();
  };
}

function draw(list, { queues, paused }, changed) {
  const t = strings.queues;
  const { kind, ready, delayed, inFlight, oldest, dead, act } = t.columns;
  const pauseOf = (queue) => paused.find((pause) => pause.kind === queue.kind);
  swap(list,
    !queues.redis && h("p.notice.notice-warn", icon("warning"), t.noRedis),
    queues.more_dead && h("p.notice.notice-warn", icon("warning"), t.moreDead),
    h("div.scrolls", { tabindex: "0", role: "region", "aria-label": t.title },
      h("table.table",
        h("thead", h("tr", h("th", { scope: "col" }, kind), [dead, ready, delayed, inFlight, oldest].map((name) => h("th.amount", { scope: "col" }, name)),
          h("th", { scope: "col" }, h("span.visually-hidden", act)))),
        h("tbody", queues.items.map((queue) => row(queue, pauseOf(queue), changed))))));
}

function row(queue, pause, changed) {
  const dead = h("a", { href: hashOf("/jobs", { state: "dead", kind: queue.kind }) }, number(queue.dead));
  return h("tr",
    h("th", { scope: "row" }, h("code", queue.kind), pause && tag("paused", strings.pauses.paused), pause && h("p.quiet", pause.reason)),
    h("td.amount", queue.dead > 0 ? h("strong.loss", dead) : "0"),
    [queue.ready, queue.delayed, queue.in_flight].map((count) => h("td.amount", count === undefined ? "–" : number(count))),
    h("td.amount", queue.oldest_due_at ? ago(queue.oldest_due_at) : "–"),
    h("td.amount", pauseButton({ what: { kind: queue.kind }, name: queue.kind, pause, changed })));
}
