// What became of a message.

import { command } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { tell } from "../lib/events.js";
import { humanised, time } from "../lib/format.js";
import { complain, say } from "../lib/notify.js";
import { may } from "../lib/scope.js";
import { person } from "../lib/people.js";
import { translated } from "../lib/server-words.js";
import { strings } from "../strings.js";

const UNDER_WAY = ["queued", "sending"];
const GIVEN_BACK = ["failed", "cancelled"];

/** State, cost and time in a line, and why it failed; a message that was refused costs nothing. */
export function messageState(message) {
  const t = strings.message;
  const until = message.waits_until;
  const busy = UNDER_WAY.includes(message.status) && !until;
  return h("span.message-state",
    h(`span.state.state-${message.status}`, busy && h("span.spinner", { "aria-hidden": "true" }), until ? [t.waitsUntil, " ", time(until, { short: true })] : t.states[message.status] ?? humanised(message.status)),
    person(message.actor),
    t.origins[message.origin] && h("span", t.origins[message.origin]),
    message.credits > 0 && !GIVEN_BACK.includes(message.status) && h("span", strings.preview.credits(message.credits)),
    time(message.status === "scheduled" ? message.send_at : message.created_at, { short: true }),
    message.status === "scheduled" && may("write") && takeBack(message),
    message.error && h("span.message-error", translated(message.error)),
    message.status === "unknown" && h("span.message-error", t.unknownHint));
}

/** The button that takes a scheduled message back. */
function takeBack(message) {
  const t = strings.message;
  const button = h("button.as-link", { type: "button", async onclick() {
    button.disabled = true;
    try {
      const { conversation_id, link_id } = await command("DELETE", `/messages/${message.id}`);
      say(t.takenBack);
      tell({ kind: "message.updated", id: message.id, conversation_id, link_id });
      tell({ kind: "credits.updated" });
    } catch (problem) {
      button.disabled = false;
      complain(problem);
    }
  } }, t.takeBack);
  return button;
}
