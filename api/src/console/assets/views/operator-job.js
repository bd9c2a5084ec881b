// One job: what became of it, and for one that is dead, what an operator can do.

import { command, get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { PACE, live } from "../lib/live.js";
import { say } from "../lib/notify.js";
import { hashOf, title } from "../lib/router.js";
import { translatedError } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { confirmWithReason } from "./confirm.js";
import { failure, pageHead, region } from "./page.js";

/** Draws the job and follows it. */
export function showJob({ root, params: [id] }) {
  const path = `/admin/jobs/${encodeURIComponent(id)}`;
  const page = region("div");
  title(strings.jobs.one);
  const following = live({
    name: () => path,
    load: (signal) => get(path, { signal }),
    show: (job) => draw(page, job, path, following.refresh),
    fail: (problem) => failure(page, problem, following.refresh, strings.jobs.one),
    pace: (job) => (job.state === "queued" ? PACE.busy : PACE.calm),
  });
  swap(root, page);
  return following.stop;
}

function draw(page, job, path, changed) {
  const t = strings.jobs;
  const dead = job.state === "dead";
  swap(page,
    pageHead(job.kind, {
      back: h("a.back", { href: "#/jobs" }, icon("back"), t.title),
      more: tag(`job-${job.state}`, t.states[job.state] ?? job.state),
      buttons: [
        dead && h("button.quiet-danger", { type: "button", key: "discard", onclick: () => act("discard", path, changed) }, icon("trash"), t.acts.discard.name),
        dead && h("button.primary", { type: "button", key: "retry", onclick: () => act("retry", path, changed) }, icon("play"), t.acts.retry.name),
      ],
    }),
    h("section.card.setting",
      job.last_error && h("div.notice.notice-bad", h("div", icon("warning")), h("div", h("p.notice-title", t.lastError), h("p", translatedError(job.last_error)))),
      facts(job)));
}

function facts(job) {
  const t = strings.jobs;
  const row = (name, value) => value && h("div", h("dt", name), h("dd", value));
  return h("dl.facts",
    row(t.id, h("code", job.id)),
    row(t.merchant, job.merchant_id && h("a", { href: `#/merchants/${job.merchant_id}` }, job.merchant_id)),
    row(t.attempt, String(job.attempt)),
    row(t.crashes, job.crashes > 0 && String(job.crashes)),
    row(t.created, time(job.created_at)),
    row(t.runAt, job.state === "queued" && time(job.run_at)),
    row(t.giveUpAt, job.state === "queued" && job.give_up_at && time(job.give_up_at)),
    row(t.finished, job.finished_at && time(job.finished_at)),
    row(t.trace, job.trace_id && [h("code", job.trace_id), h("p.quiet", t.traceHint)]),
    row(t.about, job.payload && [h("code", JSON.stringify(job.payload)), h("p", questions(job.payload))]));
}

/** What can be asked about: why is answered of orders, links and texts. */
function questions(payload) {
  const ids = Object.values(payload).filter((id) => /^(ord|link|msg)_/.test(id));
  return ids.map((id) => h("a", { href: hashOf("/why", { about: id }) }, strings.why.title));
}

/** `retry` or `discard`. */
function act(what, path, changed) {
  const words = strings.jobs.acts[what];
  confirmWithReason({
    ...words,
    kind: what === "retry" ? "primary" : undefined,
    send: (reason) => command("POST", `${path}/${what}`, { reason }),
    done() {
      say(words.done);
      changed();
    },
  });
}
