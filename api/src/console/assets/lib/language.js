// In which language the console speaks: the one that the person chose in this browser, else the merchant's, else the browser's.
//
// The server sends the texts of one language with everything else, so it has to know before any script runs: by cookies.

import { strings } from "../strings.js";

const CHOSEN = "paylink_language";
const MERCHANTS = "paylink_merchant_language";
const LANGUAGES = ["en", "es", "fr", "de", "pt", "zh", "ar"];
const YEAR = 31_536_000;

/** The languages that there are, each by the name that its speakers have for it. */
export function languages() {
  return LANGUAGES.map((language) => {
    const tag = language === "zh" ? "zh-Hans" : language;
    return [language, new Intl.DisplayNames(tag, { type: "language" }).of(tag)];
  });
}

/** Speaks this one from now on. */
export function choose(language) {
  keep(CHOSEN, language);
  location.reload();
}

/** Speaks as the merchant does, if the person chose nothing; answers whether the page begins anew for it. */
export function speakAs(tag = "") {
  const language = LANGUAGES.find((one) => tag === one || tag.startsWith(`${one}-`)) ?? "";
  if (kept(MERCHANTS) === language) return false;
  keep(MERCHANTS, language);
  // A browser that keeps no cookies would begin anew for ever.
  const isOther = language ? language !== strings.language : true;
  if (kept(CHOSEN) || kept(MERCHANTS) !== language || !isOther) return false;
  location.reload();
  return true;
}

function kept(name) {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? "";
}

function keep(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/console; Max-Age=${value ? YEAR : 0}; SameSite=Lax${secure}`;
}
