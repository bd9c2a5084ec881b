// One page an address: `#/orders/ord_…?tag=paid`. A view is a function that draws itself and answers how to stop it.

import { strings } from "../strings.js";
import { closeDialogs } from "./dialog.js";

/** The address that the hash says. */
export function current() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/", query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The hash of a path and what narrows it; what is empty is left out. */
export function hashOf(path, query = {}) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return parameters.size > 0 ? `#${path}?${parameters}` : `#${path}`;
}

/** Goes there. */
export function go(path, query) {
  location.hash = hashOf(path, query);
}

const lastAt = new Map();

/** The address at which this list was last seen, narrowed as it was then. */
export function backTo(path) {
  return lastAt.get(path) ?? `#${path}`;
}

/** Changes the address of the view that is shown, without showing it anew. */
export function narrow(path, query) {
  history.replaceState(history.state, "", hashOf(path, query));
  lastAt.set(path, hashOf(path, query));
}

/** Shows the view of each address in `outlet`; `moved` is told the path. Answers how to stop. */
export function start({ outlet, routes, home, moved }) {
  let leave = () => {};
  let first = true;
  const show = () => {
    const { path, query } = current();
    const found = routes.map(([pattern, view]) => [pattern.exec(path), view]).find(([match]) => match);
    if (!found) return location.replace(`#${home}`);
    leave();
    closeDialogs();
    outlet.replaceChildren();
    const [match, view] = found;
    lastAt.set(path, hashOf(path, query));
    leave = view({ root: outlet, params: match.slice(1), query }) ?? (() => {});
    moved(path);
    if (!first) arrive(outlet);
    first = false;
  };
  addEventListener("hashchange", show);
  show();
  return () => {
    removeEventListener("hashchange", show);
    leave();
  };
}

/** Names the page, in the tab. */
export function title(text) {
  document.title = text ? strings.pageTitle(text) : strings.product;
}

function arrive(outlet) {
  scrollTo(0, 0);
  outlet.focus({ preventScroll: true });
}
