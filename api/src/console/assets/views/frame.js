// The frame that pages stand in: a bar with the places to go to, and where the page is shown.

import { h, swap } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { start } from "../lib/router.js";
import { strings } from "../strings.js";
import { brand } from "./brand.js";
import { languageChoice } from "./language.js";
import { whose } from "./whose.js";

/**
 * Draws it; answers how to take it away. `places` are the entries of the navigation, the first of them the home; `name` says
 * whose console it is, and `end` stands above the button to sign out.
 */
export function frame({ root, signOut, name, end, routes, places }) {
  const links = places.map((place) => h("a.nav-link", { href: `#${place.path}` }, icon(place.icon), h("span", place.label), place.more));
  const outlet = h("main.page", { id: "page", tabindex: "-1" });
  const toContent = (event) => {
    event.preventDefault();
    outlet.focus();
  };
  swap(root,
    h("a.skip", { href: "#page", onclick: toContent }, strings.skipToContent),
    h("div.shell",
      h("header.bar",
        h("div.bar-start", brand(), whose(name)),
        h("nav.nav", { "aria-label": strings.nav.label }, links),
        h("div.bar-end", end, languageChoice(),
          h("button.plain.sign-out", { type: "button", onclick: signOut }, icon("signOut"), h("span", strings.nav.signOut)))),
      h("div.content", h("p.banner", { id: "connection", role: "status", hidden: true }, strings.problems.disconnected), outlet)));
  const stop = start({ outlet, routes, home: places[0].path, moved: (path) => markPlace(places, links, path) });
  return () => {
    stop();
    root.replaceChildren();
  };
}

function markPlace(places, links, path) {
  places.forEach((place, index) => {
    if (path.startsWith(place.within ?? place.path)) links[index].setAttribute("aria-current", "page");
    else links[index].removeAttribute("aria-current");
  });
}
