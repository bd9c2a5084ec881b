// Pages of a list by cursor. A cursor only leads on; where a page came from is remembered here.

import { strings } from "../strings.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { hashOf } from "./router.js";

const cameFrom = new Map();

/** Links to the page before and after, or nothing if there is only one page. Lists run from the newest; others have words of their own. */
export function pager(path, query, nextCursor, words = strings.pager) {
  if (nextCursor) cameFrom.set(nextCursor, query.cursor);
  if (!nextCursor && !query.cursor) return null;
  const newer = hashOf(path, { ...query, cursor: cameFrom.get(query.cursor) });
  const older = hashOf(path, { ...query, cursor: nextCursor });
  return h("nav.pager", { "aria-label": strings.pager.label },
    query.cursor ? h("a.button", { href: newer, key: "newer" }, icon("back"), words.newer) : h("span"),
    nextCursor && h("a.button", { href: older, key: "older" }, words.older, icon("forward")));
}
