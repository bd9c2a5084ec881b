// Why a buyer got no text: what became of a phone number, an order, a link or a text, and what it waits for.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { humanised, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { go, title } from "../lib/router.js";
import { translated, translatedError } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { empty, failure, pageHead, region } from "./page.js";

const PATH = "/why";
/** How the server writes a time within a sentence. */
const MOMENT = /(\d{4}-\d\d-\d\dT[\d:]+Z)/;

/** Draws the question, and the answer to the one in the address. */
export function showWhy({ root, query }) {
  const t = strings.why;
  title(t.title);
  const about = (query.about ?? "").trim();
  const search = h("input", { type: "search", name: "about", "aria-label": t.label, placeholder: t.label, value: about, autocomplete: "off" });
  const ask = (event) => {
    event.preventDefault();
    go(PATH, { about: search.value.trim() });
  };
  const question = h("form.filters", { role: "search", onsubmit: ask },
    h("div.search", icon("search"), search), h("button.primary", { type: "submit" }, t.ask));
  const answer = h("div.why");
  swap(root, pageHead(t.title, { lead: t.lead }), question, answer);
  return about ? follow(answer, about) : undefined;
}

function follow(answer, about) {
  swap(answer, region("div"));
  const following = live({
    name: () => `why ${about}`,
    load: (signal) => get("/admin/why", { query: { about }, signal }),
    show: (told) => draw(answer, told),
    fail: (problem) => failure(answer, problem, following.refresh),
  });
  return following.stop;
}

function draw(answer, { items, left_out }) {
  const t = strings.why;
  if (items.length === 0) return swap(answer, h("div.card", empty(t.none, t.noneHint)));
  swap(answer,
    wholes(items).map((parts) => h("section.card.why-whole", parts.map(explained))),
    left_out.map((sentence) => h("p.quiet", translated(sentence))));
}

/** Each thing that was asked about with its parts, which come after it. */
function wholes(items) {
  const all = [];
  for (const item of items) {
    if (item.depth === 0) all.push([]);
    all.at(-1).push(item);
  }
  return all;
}

function explained(item) {
  const t = strings.why;
  return h(`article.why-part.why-depth-${item.depth}`,
    h("div.title-line", h(`h${item.depth + 2}`, t.subjects[item.subject] ?? humanised(item.subject)), item.state && tag(item.state, stateName(item))),
    h("p.quiet", h("code", item.id), " · ", h("a", { href: `#/merchants/${item.merchant_id}` }, strings.jobs.merchant), " · ", time(item.since)),
    item.sentences.length > 0 && h("ul.why-said", item.sentences.map((sentence) => h("li", said(sentence)))),
    item.jobs.length > 0 && h("ul.why-jobs", { "aria-label": strings.jobs.title }, item.jobs.map(job)),
    item.timeline.length > 0 && history(item));
}

function stateName({ subject, state }) {
  const names = { order: strings.tags, link: strings.link.states, message: strings.message.states };
  return names[subject]?.[state] ?? humanised(state);
}

function job({ job: { id, kind, state, last_error }, waits }) {
  return h("li",
    h("p.title-line", h("a", { href: `#/jobs/${id}` }, h("code", kind)), tag(`job-${state}`, strings.jobs.states[state] ?? state)),
    waits && h("p", said(waits)),
    last_error && h("p.quiet", translatedError(last_error)));
}

function history({ id, timeline }) {
  const t = strings.link;
  return h("details.timeline", { key: `timeline ${id}` },
    h("summary", t.timeline),
    h("ol", [...timeline].reverse().map(({ at, event, detail }) => h("li",
      h("span.event", t.events[event] ?? humanised(event)), time(at), detail && h("div.detail.quiet", translated(detail))))));
}

/** A sentence of the server, with its times as people read them. */
function said(sentence) {
  return translated(sentence).split(MOMENT).map((part) => (MOMENT.test(part) ? time(part) : part));
}
