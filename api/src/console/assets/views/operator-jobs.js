// Jobs by state, newest first.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { tag, time } from "../lib/format.js";
import { live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { pager } from "../lib/pager.js";
import { go, title } from "../lib/router.js";
import { translatedError } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirmWithReason } from "./confirm.js";
import { showCharts } from "./operator-charts.js";
import { showErrors } from "./operator-errors.js";
import { empty, failure, pageHead, region } from "./page.js";

const PATH = "/jobs";
const PACE = 3_000;
const STATES = ["dead", "queued", "done", "discarded"];

/** Draws a page of them, narrowed as the address says. */
export function showJobs({ root, query }) {
  const t = strings.jobs;
  title(t.title);
  const narrowed = { state: query.state ?? STATES[0], kind: query.kind, merchant_id: query.merchant_id, error: query.error, cursor: query.cursor };
  const list = region("section.card.list-card");
  const following = live({
    name: () => `jobs ${JSON.stringify(narrowed)}`,
    load: (signal) => get("/admin/jobs", { query: narrowed, signal }),
    show: (page) => draw(list, page, narrowed),
    fail: (problem) => failure(list, problem, following.refresh),
    pace: () => PACE,
  });
  const [charts, errors] = [h("div"), h("div")];
  swap(root, pageHead(t.title, { lead: t.lead, buttons: bulkButtons(narrowed, following.refresh) }), filters(narrowed), charts, errors, list);
  const stops = [following.stop, narrowed.kind && showCharts(charts, narrowed.kind), isWhole(narrowed) && showErrors(errors, narrowed.state)];
  return () => stops.filter(Boolean).forEach((stop) => stop());
}

/** Whether nothing is left out of what may fail. */
function isWhole({ state, kind, merchant_id, error }) {
  return ["dead", "queued"].includes(state) && !(kind ?? merchant_id ?? error);
}

/** All dead jobs of a kind, or of a merchant, at once: never all there are. */
function bulkButtons(narrowed, changed) {
  const t = strings.jobs;
  const { state, kind, merchant_id, error } = narrowed;
  if (state !== "dead" || !(kind ?? merchant_id ?? error)) return [];
  const button = (what, selector) => h(selector, { type: "button", key: what, onclick: () => change(what) }, t.bulk[what].name);
  const change = (what) => confirmWithReason({
    ...t.bulk[what],
    kind: what === "retry" ? "primary" : undefined,
    send: (reason) => command("POST", `/admin/jobs/${what}`, { kind, merchant_id, error, reason }),
    done({ job_ids }) {
      say(t.bulk[what].done(job_ids.length));
      changed();
    },
  });
  return [button("discard", "button.quiet-danger"), button("retry", "button")];
}

function filters(narrowed) {
  const t = strings.jobs;
  const choices = STATES.map((state) => h("label.choice",
    h("input", { type: "radio", name: "state", value: state, checked: state === narrowed.state, onchange: () => go(PATH, { ...narrowed, cursor: undefined, state }) }),
    h("span", t.states[state])));
  const only = [narrowed.kind, narrowed.merchant_id, narrowed.error].filter(Boolean);
  return h("div.filters",
    h("fieldset.choices", h("legend.visually-hidden", t.state), choices),
    only.length > 0 && h("p.narrowed", t.only, " ", only.map((part) => [h("code", part), " "]),
      h("button.as-link", { type: "button", onclick: () => go(PATH, { state: narrowed.state }) }, t.all)));
}

function draw(list, page, narrowed) {
  const t = strings.jobs;
  if (page.items.length === 0) return swap(list, empty(t.none[narrowed.state], narrowed.state === "dead" && t.noneDead));
  swap(list, h("ul.rows", { "aria-label": t.title }, page.items.map(row)), pager(PATH, narrowed, page.next_cursor));
}

function row(job) {
  const t = strings.jobs;
  return h("li", h("a.job-row", { href: `#${PATH}/${job.id}`, key: job.id },
    h("span.job-kind", h("code", job.kind)),
    tag(`job-${job.state}`, t.states[job.state] ?? job.state),
    h("span.job-error", job.last_error && translatedError(job.last_error)),
    h("span.job-facts.quiet", t.attempts(job.attempt), " · ", time(job.created_at, { short: true }))));
}
