// What pages have in common.

import { h, swap } from "../lib/dom.js";
import { problemBox } from "../lib/form.js";
import { strings } from "../strings.js";

/** The head of a page: its name, what it is about, and what can be done. */
export function pageHead(title, { back, lead, more, buttons = [] } = {}) {
  return h("div.page-head",
    h("div.page-title", back, h("div.title-line", h("h1", title), more), lead && h("p.lead", lead)),
    h("div.buttons", buttons));
}

/** A region that says that it is loading, until it has something to show. */
export function region(selector, properties = {}) {
  return h(selector, properties, h("p.loading", { role: "status" }, h("span.spinner", { "aria-hidden": "true" }), strings.loading));
}

/** Shows in `place` why there is nothing to show; `heading` where nothing else names the page. */
export function failure(place, problem, retry, heading) {
  swap(place, heading && pageHead(heading), problemBox(problem, problem.status === 404 ? undefined : retry));
}

/** What is said where a list is empty. */
export function empty(title, text, ...more) {
  return h("div.empty", h("h2", title), text && h("p", text), more);
}
