// Line icons on a grid of 24, drawn with the colour of the text around them.

const PATHS = {
  home: ["M4 11l8-7 8 7", "M6 9.5V20h12V9.5", "M10 20v-6h4v6"],
  orders: ["M6 3h12v18l-3-2-3 2-3-2-3 2z", "M9 8h6", "M9 12h6"],
  conversations: ["M4 5h16v11H9l-5 4z"],
  credits: ["M12 3c4.4 0 8 1.3 8 3s-3.6 3-8 3-8-1.3-8-3 3.6-3 8-3z", "M4 6v6c0 1.7 3.6 3 8 3s8-1.3 8-3V6", "M4 12v6c0 1.7 3.6 3 8 3s8-1.3 8-3v-6"],
  settings: ["M4 7h9", "M19 7h1", "M4 17h1", "M11 17h9", "M16 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z", "M8 14.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z"],
  signOut: ["M10 4H5v16h5", "M15 8l4 4-4 4", "M19 12H9"],
  link: ["M10 14a4 4 0 0 0 5.7 0l2.8-2.8a4 4 0 0 0-5.7-5.7l-1.2 1.2", "M14 10a4 4 0 0 0-5.7 0l-2.8 2.8a4 4 0 0 0 5.7 5.7l1.2-1.2"],
  send: ["M21 3 3 10.5l7 3 3 7z", "M21 3 10 13.5"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  open: ["M14 4h6v6", "M20 4l-9 9", "M18 14v6H4V6h6"],
  document: ["M6 3h8l4 4v14H6z", "M14 3v4h4", "M9 13h6", "M9 17h4"],
  upload: ["M12 16V4", "M7 9l5-5 5 5", "M4 16v4h16v-4"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  plus: ["M12 5v14", "M5 12h14"],
  back: ["M15 5l-7 7 7 7"],
  forward: ["M9 5l7 7-7 7"],
  search: ["M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14z", "M16 16l4.5 4.5"],
  warning: ["M12 4 2.5 20h19z", "M12 10v4", "M12 17h.01"],
  info: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", "M12 11v5", "M12 8h.01"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  void: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", "M5.6 5.6l12.8 12.8"],
  download: ["M12 4v12", "M7 11l5 5 5-5", "M4 20h16"],
  qr: ["M4 4h6v6H4z", "M14 4h6v6h-6z", "M4 14h6v6H4z", "M14 14h2v2h-2z", "M18 18h2v2h-2z", "M18 14h2", "M14 18v2"],
  queues: ["M4 6h16", "M4 12h11", "M4 18h6"],
  jobs: ["M4 12h4l2-6 4 12 2-6h4"],
  merchants: ["M4 10l1.5-5h13L20 10", "M5 10v9h14v-9", "M4 10a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0 2.7 2.7 0 0 0 5.3 0", "M10 19v-5h4v5"],
  pause: ["M9 5v14", "M15 5v14"],
  play: ["M7 5l11 7-11 7z"],
  key: ["M15 4a5 5 0 1 1-4.6 7L4 17.4V20h3v-2h2v-2h2l1.6-1.6"],
  globe: ["M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18z", "M3 12h18", "M12 3c2.5 2.5 3.8 5.5 3.8 9s-1.3 6.5-3.8 9c-2.5-2.5-3.8-5.5-3.8-9s1.3-6.5 3.8-9z"],
  trash: ["M4 7h16", "M9 7V4h6v3", "M6 7l1 13h10l1-13"],
};

/** Those that point somewhere, and point the other way where a page runs from right to left. */
const POINTING = ["back", "forward", "send", "signOut", "open", "queues"];

const SVG = "http://www.w3.org/2000/svg";

/** A decorative icon: the text beside it says what it means. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", POINTING.includes(name) ? "icon icon-points" : "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
