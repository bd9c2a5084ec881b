// Conversations with buyers: the list, and beside it the one that is open.

import { getPage } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number, phone, tag, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { pager } from "../lib/pager.js";
import { people, person } from "../lib/people.js";
import { hashOf, narrow, title } from "../lib/router.js";
import { ownKey } from "../lib/scope.js";
import { saidByBuyer } from "../lib/server-words.js";
import { strings } from "../strings.js";
import { empty, failure, pageHead, region } from "./page.js";
import { showThread } from "./thread.js";

const PATH = "/conversations";
const LIMIT = 50;
const TYPING = 250;
const STATUSES = ["", "open", "closed"];
const NOBODY = "nobody";
/** A text that did not reach the buyer, or may not have. */
const NOT_ARRIVED = ["failed", "undelivered", "unknown"];

/** Draws the list and the conversation that the address names. */
export function showConversations({ root, params: [open], query }) {
  const t = strings.conversations;
  title(t.title);
  const list = region("div.card.list-card");
  const side = h("div.thread-side");
  const narrowed = { q: query.q, status: query.status, assigned_to: query.assigned_to, cursor: query.cursor };
  let thread = null;
  const following = live({
    name: () => `conversations ${JSON.stringify(narrowed)}`,
    load: (signal) => getPage(PATH, { query: { limit: LIMIT, ...narrowed }, signal }),
    hears: ({ kind }) => kind === "message.updated",
    show: (page) => {
      drawList(list, page, open, narrowed);
      thread?.told(page.items.find((conversation) => conversation.id === open));
    },
    fail: (problem) => failure(list, problem, () => following.refresh()),
  });
  const change = (changes) => {
    Object.assign(narrowed, { cursor: undefined }, changes);
    narrow(open ? `${PATH}/${open}` : PATH, narrowed);
    following.refresh();
  };
  swap(root, pageHead(t.title), filters(narrowed, change), h(open ? "div.conversations.one-open" : "div.conversations", list, side));
  if (open) thread = showThread({ root: side, id: open, changed: () => following.refresh() });
  else swap(side, h("p.quiet.choose", t.choose));
  return () => {
    following.stop();
    thread?.stop();
  };
}

function filters(narrowed, change) {
  const t = strings.conversations;
  let typing;
  const search = h("input", {
    type: "search", placeholder: t.searchHint, "aria-label": t.search, value: narrowed.q ?? "", autocomplete: "off",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => change({ q: search.value.trim() || undefined }), TYPING);
    },
  });
  const choices = STATUSES.map((value) => h("label.choice",
    h("input", { type: "radio", name: "status", value, checked: value === (narrowed.status ?? ""), onchange: () => change({ status: value || undefined }) }),
    h("span", value === "" ? t.all : t.statuses[value])));
  return h("div.filters",
    h("div.search", icon("search"), search),
    whose(narrowed, change),
    h("fieldset.choices", h("legend.visually-hidden", t.filter), choices));
}

/** Whose: one's own and nobody's first, then those of everybody who has a key. */
function whose(narrowed, change) {
  const t = strings.conversations;
  const chosen = narrowed.assigned_to ?? "";
  const select = h("select", { "aria-label": t.whose, onchange: () => change({ assigned_to: select.value || undefined }) });
  const offer = (id, name) => select.append(h("option", { value: id, selected: id === chosen }, name));
  offer("", t.everybodys);
  offer(ownKey(), t.mine);
  offer(NOBODY, t.nobodys);
  const others = (all) => all.filter(({ id, last_four: known }) => id !== ownKey() && (known || id === chosen));
  // Without the names there is still the rest of the list.
  people().then((all) => others(all).forEach(({ id, name }) => offer(id, name)), () => {});
  return select;
}

function drawList(list, page, open, narrowed) {
  const t = strings.conversations;
  if (page.items.length === 0 && !narrowed.cursor) {
    return swap(list, narrowed.q || narrowed.status || narrowed.assigned_to
      ? empty(t.nothingFound, null, h("a.button", { href: `#${PATH}`, onclick: showAll }, t.clear))
      : empty(t.emptyTitle, t.empty));
  }
  swap(list,
    h("ul.rows", { "aria-label": t.list }, page.items.map((conversation) => row(conversation, open, narrowed))),
    pager(PATH, narrowed, page.next_cursor));
}

/** The address was narrowed without the router: the plain one may be the one that it still knows. */
function showAll(event) {
  event.preventDefault();
  narrow(PATH, {});
  dispatchEvent(new HashChangeEvent("hashchange"));
}

function row(conversation, open, narrowed) {
  const t = strings.conversations;
  const { last_message: last, unread } = conversation;
  const isNew = unread > 0 && conversation.id !== open;
  const marks = [
    conversation.opted_out_at && tag("opted-out", t.optedOut),
    conversation.status === "closed" && tag("closed", t.statuses.closed),
    person(conversation.assigned_to),
    isNew && h("span.unread-count", number(unread), h("span.visually-hidden", ` ${t.unread}`)),
  ];
  return h("li", h(isNew ? "a.conversation-row.unread" : "a.conversation-row", {
    href: hashOf(`${PATH}/${conversation.id}`, narrowed), key: conversation.id, "aria-current": conversation.id === open && "true",
  },
    h("span.conversation-name", { dir: "auto" }, conversation.customer_name ?? phone(conversation.phone) ?? t.erased),
    h("span.conversation-time", time(conversation.last_message_at, { short: true })),
    h("span.conversation-said", last ? saidLast(last) : phone(conversation.phone)),
    marks.some(Boolean) && h("span.conversation-marks", marks)));
}

function saidLast(message) {
  const t = strings.conversations;
  const text = message.body === undefined ? t.textErased : saidByBuyer(message.body) || (message.pictures ? t.picture : t.textEmpty);
  const until = message.waits_until && h("span", strings.message.waitsUntil, " ", time(message.waits_until, { short: true }), " · ");
  const failed = NOT_ARRIVED.includes(message.status) && [h(`span.state.state-${message.status}`, strings.message.states[message.status]), " · "];
  return [until, failed, message.direction === "outgoing" && h("span", t.youSaid("")), h("span.said-what", { dir: "auto" }, text)];
}
