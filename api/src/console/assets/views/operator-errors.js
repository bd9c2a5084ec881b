// Why jobs fail: each error once, with how many have it.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { ago, number } from "../lib/format.js";
import { live } from "../lib/live.js";
import { hashOf } from "../lib/router.js";
import { translatedError } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { failure } from "./page.js";

/** Draws the errors of the `dead` or `queued` jobs into `place` and follows them; answers how to stop. */
export function showErrors(place, state) {
  const following = live({
    name: () => `errors ${state}`,
    load: (signal) => get("/admin/jobs/errors", { query: { state }, signal }),
    show: (errors) => draw(place, errors, state),
    fail: (problem) => failure(place, problem, following.refresh),
  });
  return following.stop;
}

function draw(place, { items, more }, state) {
  const t = strings.jobs.errors;
  swap(place, items.length > 0 && h("section.card.list-card.errors",
    h("h2", t.title),
    h("ul.rows", items.map((error) => row(error, state))),
    more && h("p.quiet", t.more)));
}

/** Leads to the jobs that have it, if a part of it finds them: all of its kind would be others, too. */
function row({ kind, known_kind, error, contains, jobs, last_at }, state) {
  const t = strings.jobs.errors;
  const of = { state, kind: known_kind ? kind : undefined, error: contains };
  return h("li", h(contains ? "a.job-row" : "div.job-row", { href: contains && hashOf("/jobs", of), key: `${kind} ${error}` },
    h("span.job-kind", h("code", kind)),
    h("span.error-count", h("strong", number(jobs)), h("span.visually-hidden", ` ${t.jobs}`)),
    h("span.job-error", translatedError(error)),
    h("span.job-facts.quiet", t.last, " ", ago(last_at))));
}
