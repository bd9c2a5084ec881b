// What became of a message.

import { h } from "../lib/dom.js";
import { humanised, time } from "../lib/format.js";
import { person } from "../lib/people.js";
import { strings } from "../strings.js";

const UNDER_WAY = ["queued", "sending"];

/** State, cost and time in a line, and why it failed; a message that was refused costs nothing. */
export function messageState(message) {
  const t = strings.message;
  const busy = UNDER_WAY.includes(message.status);
  return h("span.message-state",
    h(`span.state.state-${message.status}`, busy && h("span.spinner", { "aria-hidden": "true" }), t.states[message.status] ?? humanised(message.status)),
    person(message.actor),
    t.origins[message.origin] && h("span", t.origins[message.origin]),
    message.credits > 0 && message.status !== "failed" && h("span", strings.preview.credits(message.credits)),
    time(message.created_at, { short: true }),
    message.error && h("span.message-error", message.error),
    message.status === "unknown" && h("span.message-error", t.unknownHint));
}
