// Conversations with buyers: the list, and beside it the one that is open.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number, phone, tag, time } from "../lib/format.js";
import { live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { title } from "../lib/router.js";
import { strings } from "../strings.js";
import { empty, failure, pageHead, region } from "./page.js";
import { showThread } from "./thread.js";

const PATH = "/conversations";
const LIMIT = 50;

/** Draws the list and the conversation that the address names. */
export function showConversations({ root, params: [open], query }) {
  const t = strings.conversations;
  title(t.title);
  const list = region("div.card.list-card");
  const side = h("div.thread-side");
  let thread = null;
  const following = live({
    name: () => `conversations ${query.cursor ?? ""}`,
    load: (signal) => get(PATH, { query: { limit: LIMIT, cursor: query.cursor }, signal }),
    hears: ({ kind }) => kind === "message.updated",
    show: (page) => {
      drawList(list, page, open, query);
      thread?.told(page.items.find((conversation) => conversation.id === open));
    },
    fail: (problem) => failure(list, problem, () => following.refresh()),
  });
  swap(root, pageHead(t.title), h(open ? "div.conversations.one-open" : "div.conversations", list, side));
  if (open) thread = showThread({ root: side, id: open, changed: () => following.refresh() });
  else swap(side, h("p.quiet.choose", t.choose));
  return () => {
    following.stop();
    thread?.stop();
  };
}

function drawList(list, page, open, query) {
  const t = strings.conversations;
  if (page.items.length === 0 && !query.cursor) return swap(list, empty(t.emptyTitle, t.empty));
  swap(list,
    h("ul.rows", { "aria-label": t.list }, page.items.map((conversation) => row(conversation, open))),
    pager(PATH, query, page.next_cursor));
}

function row(conversation, open) {
  const t = strings.conversations;
  const { last_message: last, unread } = conversation;
  const isNew = unread > 0 && conversation.id !== open;
  return h("li", h(isNew ? "a.conversation-row.unread" : "a.conversation-row", {
    href: `#${PATH}/${conversation.id}`, key: conversation.id, "aria-current": conversation.id === open && "true",
  },
    h("span.conversation-name", conversation.customer_name ?? phone(conversation.phone) ?? t.erased),
    h("span.conversation-time", time(conversation.last_message_at, { short: true })),
    h("span.conversation-said", last ? saidLast(last) : phone(conversation.phone)),
    conversation.opted_out_at && tag("opted-out", t.optedOut),
    isNew && h("span.unread-count", number(unread), h("span.visually-hidden", ` ${t.unread}`))));
}

function saidLast(message) {
  const t = strings.conversations;
  const text = message.body === undefined ? t.textErased : message.body || (message.pictures ? t.picture : t.textEmpty);
  return message.direction === "outgoing" ? t.youSaid(text) : text;
}
