// How many conversations hold something that was not read, on every page.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { live } from "../lib/live.js";
import { strings } from "../strings.js";

/** Keeps the number in `badge`; answers how to stop. */
export function followUnread(badge) {
  const following = live({
    name: () => "unread",
    load: (signal) => get("/conversations/unread", { signal }),
    hears: ({ kind }) => kind === "message.updated" || kind === "conversation.read",
    show: ({ conversations }) => {
      badge.hidden = conversations === 0;
      swap(badge, number(conversations), h("span.visually-hidden", " ", strings.nav.unread));
    },
    fail: () => (badge.hidden = true),
  });
  return following.stop;
}
