// The box to answer in a conversation.

import { command } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { keptIn } from "../lib/drafts.js";
import { tell } from "../lib/events.js";
import { form } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { optOut } from "./settings-opt-outs.js";

/** How long nobody types before the text is counted. */
const TYPING = 300;

/** The form and what is said beside it; `sent` is called when the buyer was answered, or wants no more texts. */
export function replyBox(place, sent) {
  const t = strings.conversations;
  const path = `${place}/messages`;
  const text = h("textarea", { id: "reply", name: "body", rows: "2", required: true, maxlength: "1600", placeholder: t.placeholder, "aria-describedby": "reply-error reply-hint" });
  const forget = keptIn(text, `reply ${path}`);
  const cost = h("p.hint.cost", { role: "status" });
  const count = costOf(`${place}/preview`, text, cost);
  const body = () => ({ body: text.value });
  const node = form({
    fields: [
      h("label.visually-hidden", { for: "reply" }, t.reply),
      h("div.reply-line", text, h("button.primary", { type: "submit", "data-submit": true }, icon("send"), h("span.label", t.send))),
      h("p.field-error", { id: "reply-error", hidden: true }),
      h("p.hint", { id: "reply-hint" }, t.replyHint, h("span.only-keyboard", " ", t.replyKeys)),
      cost,
    ],
    payload: () => JSON.stringify(body()),
    send: ({ idempotencyKey }) => command("POST", path, body(), { idempotencyKey }),
    done: () => {
      text.value = "";
      forget();
      count();
      tell({ kind: "credits.updated" });
      sent();
    },
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) node.requestSubmit();
  });
  if (text.value) count();
  const note = h("p.notice.notice-warn", { hidden: true });
  let phone;
  const stop = h("button.as-link.no-more", { type: "button", key: "no-more-texts", onclick: () => optOut(phone, sent) }, t.noMore);
  node.append(stop);
  return {
    node: h("footer.reply", { hidden: !may("write") }, note, node),
    allow(conversation) {
      phone = conversation.phone;
      const reason = !conversation.phone ? t.erasedNote : conversation.opted_out_at ? t.optedOutNote : null;
      note.hidden = !reason;
      note.textContent = reason ?? "";
      node.hidden = Boolean(reason);
    },
  };
}

/** Says what the text will cost, as the server counts it, while it is written. */
function costOf(path, text, place) {
  const t = strings.preview;
  let timer;
  let asked = 0;
  const ask = async (mine) => {
    try {
      const { segments, credits, available, encoding } = await command("POST", path, { body: text.value });
      if (mine !== asked) return;
      place.classList.toggle("too-much", credits > available);
      place.textContent = [t.segments(segments), t.credits(credits), t.encodings[encoding.toLowerCase().replaceAll("-", "_")],
        credits > available && strings.send.available(available)].filter(Boolean).join(" · ");
    } catch {
      // It is counted again with the next letter, and in any case when it is sent.
      if (mine === asked) place.textContent = "";
    }
  };
  const count = () => {
    clearTimeout(timer);
    asked += 1;
    const mine = asked;
    if (!text.value.trim()) return void (place.textContent = "");
    timer = setTimeout(() => ask(mine), TYPING);
  };
  text.addEventListener("input", count);
  return count;
}
