// The merchant's logo: shown on the buyer's page.

import { addressOf, command, put } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { mark } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";

const PATH = "/merchant/logo";
const LARGEST = 64 * 1024;
const TYPES = ["image/png", "image/jpeg"];

/** The logo as it is, and how to change it. It is stored when it is chosen. */
export function logoField(merchant) {
  const t = strings.profile;
  const chooser = h("input.visually-hidden", { type: "file", id: "logo", accept: TYPES.join(), "aria-label": t.logo, "aria-describedby": "logo-error logo-hint" });
  const shown = h("div.logo-shown");
  const draw = (logo) => swap(shown,
    logo ? h("img.logo", { src: addressOf(PATH, { of: logo.sha256 }), alt: t.logoAlt }) : h("span.logo.no-logo", { "aria-hidden": "true" }, icon("merchants")),
    h("label.button", { for: "logo", key: "logo" }, icon("upload"), logo ? t.changeLogo : t.chooseLogo),
    logo && h("button.quiet-danger", { type: "button", key: "remove-logo", onclick: remove }, t.removeLogo));

  async function take(file) {
    chooser.value = "";
    await attempt(refusalOf(file), async () => {
      draw((await put(PATH, file)).logo);
      say(t.logoSaved);
    });
  }
  async function remove() {
    await attempt(null, async () => {
      await command("DELETE", PATH);
      draw(null);
      say(t.logoRemoved);
    });
  }
  async function attempt(refusal, act) {
    mark(chooser, refusal);
    if (refusal) return;
    try {
      await act();
    } catch (problem) {
      mark(chooser, problem.message);
    }
  }
  chooser.addEventListener("change", () => chooser.files.length > 0 && take(chooser.files[0]));
  draw(merchant.logo);
  return h("div.field.logo-field",
    h("span.field-name", t.logo), chooser, shown,
    h("p.hint", { id: "logo-hint" }, t.logoHint),
    h("p.field-error", { id: "logo-error", role: "alert", hidden: true }));
}

function refusalOf(file) {
  const t = strings.profile;
  if (!TYPES.includes(file.type)) return t.logoType(file.name);
  return file.size > LARGEST ? t.logoTooLarge(file.name) : null;
}
