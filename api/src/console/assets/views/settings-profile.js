// Who the merchant is, to their buyers: name, contact, logo and colour; and where they are: region, currency, time zone.

import { command, get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { useRegion, useTimeZone } from "../lib/format.js";
import { actions, currencies, field, form, input } from "../lib/form.js";
import { speakAs } from "../lib/language.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { logoField } from "./logo.js";
import { editable } from "./setting.js";
import { callShop } from "./whose.js";

const PATH = "/merchant";
const PLAIN_COLOUR = "#1f5eff";
/** Codes that browsers have names for and that are no countries. */
const NO_COUNTRIES = new Set(["EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"]);

/** Draws the editor. */
export function showProfile(root) {
  const { title, lead } = strings.profile;
  return editable(root, { title, lead, load: (signal) => get(PATH, { signal }), content: editor });
}

function editor(merchant) {
  const t = strings.profile;
  const colour = colourChoice(merchant.colour);
  const fields = {
    name: input("name", { required: true, maxlength: "120", value: merchant.name, autocomplete: "organization" }),
    contact: input("contact", { maxlength: "200", value: merchant.contact ?? "" }),
    address: h("textarea", { name: "address", rows: "3", maxlength: "720", autocomplete: "street-address" }, merchant.address ?? ""),
    tax_number: input("tax_number", { maxlength: "64", spellcheck: "false", value: merchant.tax_number ?? "" }),
    region: select("region", regions(), merchant.region),
    currency: input("currency", { maxlength: "3", spellcheck: "false", list: "merchant-currencies", value: (merchant.currency ?? "").toUpperCase(), placeholder: (merchant.region_currency ?? "").toUpperCase() }),
    language: h("select", { name: "language" }, spoken(merchant.language).map(([value, label]) => h("option", { value, selected: value === (merchant.language ?? "") }, label))),
    time_zone: select("time_zone", zones(merchant.time_zone), merchant.time_zone),
  };
  const body = () => ({
    name: fields.name.value.trim(),
    contact: fields.contact.value.trim() || null,
    address: fields.address.value.trim() || null,
    tax_number: fields.tax_number.value.trim() || null,
    region: fields.region.value,
    currency: fields.currency.value.trim().toLowerCase() || null,
    language: fields.language.value || null,
    time_zone: fields.time_zone.value,
    colour: colour.value(),
  });
  return [
    logoField(merchant),
    form({
      fields: [
        field({ label: t.name, control: fields.name, hint: t.nameHint }),
        field({ label: t.contact, control: fields.contact, hint: t.contactHint }),
        field({ label: t.address, control: fields.address, hint: t.addressHint }),
        field({ label: t.taxNumber, control: fields.tax_number, hint: t.taxNumberHint }),
        h("div.columns", field({ label: t.region, control: fields.region, hint: t.regionHint }),
          field({ label: t.currency, control: fields.currency, hint: t.currencyHint })),
        h("div.columns", field({ label: t.timeZone, control: fields.time_zone, hint: t.timeZoneHint }),
          field({ label: t.language, control: fields.language, hint: t.languageHint })),
        colour.node,
        currencies("merchant-currencies"),
        actions(t.submit),
      ],
      payload: () => JSON.stringify(body()),
      send: () => command("PATCH", PATH, body()),
      done(saved) {
        useRegion(saved.region);
        useTimeZone(saved.time_zone);
        callShop(saved.name);
        if (!speakAs(saved.language)) say(strings.settings.saved);
      },
    }),
  ];
}

function select(name, options, chosen) {
  return h("select", { name, required: true }, options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)));
}

/** Every region that has a name. */
function regions() {
  const names = new Intl.DisplayNames(strings.locale, { type: "region", fallback: "none" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  // Codes of before, such as DD, stand for those of today, and some are of no country.
  const isOfToday = (code) => !NO_COUNTRIES.has(code) && Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`;
  const named = codes.filter(isOfToday).map((code) => [code, names.of(code)]).filter(([, name]) => name);
  return named.sort(([, one], [, other]) => one.localeCompare(other, strings.locale));
}

/** None, those in which there are texts, and the merchant's own in any case. */
function spoken(own) {
  const names = strings.template.languages;
  const known = Object.entries(names);
  return [["", strings.profile.noLanguage], ...known, ...(own && !names[own] ? [[own, own]] : [])];
}

/** Every time zone that the browser knows, and the merchant's own in any case. */
function zones(own) {
  const known = new Set([...Intl.supportedValuesOf("timeZone"), own]);
  return [...known].sort().map((zone) => [zone, zone.replaceAll("_", " ")]);
}

/** A colour of the merchant's own, or the plain one. */
function colourChoice(colour) {
  const t = strings.profile;
  const own = h("input", { type: "checkbox", checked: Boolean(colour), onchange: () => draw() });
  const picker = h("input", { type: "color", name: "colour", value: colour ?? PLAIN_COLOUR, required: true });
  const place = field({ label: t.colour, control: picker, hint: t.colourHint });
  const draw = () => (place.hidden = !own.checked);
  draw();
  return {
    node: h("div.field", h("label.check", own, t.ownColour), place),
    value: () => (own.checked ? picker.value : null),
  };
}
