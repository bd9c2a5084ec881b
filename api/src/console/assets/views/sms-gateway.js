// A carrier that is described: the HTTP request that hands over a text, as JSON, and the secrets that stand in it.

import { h } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { strings } from "../strings.js";

const EXAMPLE = {
  url: "https://sms.example/v1/messages",
  method: "POST",
  headers: { "Authorization": "Bearer {{secrets.token}}", "Content-Type": "application/json" },
  body: '{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}", "callback": "{{report_url}}"}',
  id: "/id",
  final_codes: ["400", "404", "422"],
  retryable_codes: ["429"],
  reports: { id: "/id", status: "/status", delivered: ["delivered"], undelivered: ["failed", "expired"] },
  incoming: { id: "/id", from: "/from", text: "/text" },
};

/** The fields, as a part of a form: what they make of the body, and what is wrong with them. */
export function gatewayFields(connection) {
  const t = strings.sms;
  const described = h("textarea.code", {
    name: "gateway", rows: "14", required: true, spellcheck: "false", value: JSON.stringify(connection?.gateway ?? EXAMPLE, null, 2),
  });
  const secrets = h("textarea.code", { name: "secrets", rows: "2", spellcheck: "false", autocomplete: "off", placeholder: "token=…" });
  return {
    node: h("fieldset.group",
      field({ label: t.gateway, control: described, hint: t.gatewayHint }),
      field({ label: t.secrets, control: secrets, hint: t.secretsHint })),
    body: () => ({ gateway: parsed(described.value), secrets: secrets.value.trim() ? pairs(secrets.value) : undefined }),
    check: () => [
      parsed(described.value) === undefined && { field: "gateway", reason: t.notJson },
      pairs(secrets.value) === null && { field: "secrets", reason: t.notPairs },
    ].filter(Boolean),
    forget: () => (secrets.value = ""),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `name=value`, one a line; `null` if a line is none of that. */
function pairs(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const found = lines.map((line) => /^(\w+)=(.+)$/.exec(line));
  return found.includes(null) ? null : Object.fromEntries(found.map(([, name, value]) => [name, value.trim()]));
}
