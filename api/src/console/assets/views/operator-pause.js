// Pausing the jobs of a kind, or of a merchant, and letting them go on.

import { command, get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { complain, say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { confirmWithReason } from "./confirm.js";

/** Everything that is paused. */
export async function pauses(signal) {
  return (await get("/admin/jobs/paused", { signal })).items;
}

/** The button that pauses or resumes `what`, a `kind` or a `merchant_id`, which people call `name`; `pause` is the one that there is. */
export function pauseButton({ what, name, pause, changed }) {
  const t = strings.pauses;
  const key = `pause ${name}`;
  const of = h("span.visually-hidden", ` ${name}`);
  return pause
    ? h("button", { type: "button", key, onclick: () => resume(what, name, changed) }, icon("play"), t.resume, of)
    : h("button", { type: "button", key, onclick: () => ask(what, name, changed) }, icon("pause"), t.pause, of);
}

async function resume(what, name, changed) {
  try {
    await command("POST", "/admin/jobs/resume", what);
    say(strings.pauses.resumed(name));
    changed();
  } catch (problem) {
    complain(problem);
  }
}

function ask(what, name, changed) {
  const t = strings.pauses;
  confirmWithReason({
    title: t.title(name),
    text: t.text,
    name: t.pause,
    send: (reason) => command("POST", "/admin/jobs/pause", { ...what, reason }),
    done() {
      say(t.done(name));
      changed();
    },
  });
}
