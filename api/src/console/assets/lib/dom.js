// Elements without markup: every text is a text node, so nothing that a person typed is ever read as HTML.

/**
 * Makes an element: `h("p.hint", { id: "x" }, "text", child, condition && other)`.
 * A property that is a function and begins with `on` becomes a listener; `key` names the element across re-rendering.
 */
export function h(selector, ...rest) {
  const [tag, ...classes] = selector.split(".");
  const node = document.createElement(tag);
  // What people write runs as its own letters do.
  if (document.dir === "rtl" && (tag === "input" || tag === "textarea")) {
    node.dir = "auto";
    // The style sheet knows by it that nothing is written yet.
    node.placeholder = " ";
  }
  if (classes.length > 0) node.className = classes.join(" ");
  if (isProperties(rest[0])) {
    for (const [name, value] of Object.entries(rest.shift())) set(node, name, value);
  }
  append(node, rest);
  return node;
}

/** Puts `children` in place of what `region` holds, keeping focus and opened `<details>` by their keys. */
export function swap(region, ...children) {
  const focused = keyOf(region.contains(document.activeElement) ? document.activeElement : null);
  const opened = new Map([...region.querySelectorAll("details[data-key]")].map((it) => [it.dataset.key, it.open]));
  region.replaceChildren();
  append(region, children);
  for (const details of region.querySelectorAll("details[data-key]")) {
    if (opened.has(details.dataset.key)) details.open = opened.get(details.dataset.key);
  }
  if (focused) byKey(focused, region)?.focus({ preventScroll: true });
}

/** The key of the element, if it has one. */
export function keyOf(node) {
  return node?.dataset?.key;
}

/** The element with this key. */
export function byKey(key, within = document) {
  return within.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

/** An id that no other element has. */
export function uniqueId(prefix) {
  uniqueId.last = (uniqueId.last ?? 0) + 1;
  return `${prefix}-${uniqueId.last}`;
}

/** The address if it can be followed without running anything, else nothing. */
export function safeAddress(address) {
  return /^(https?:\/\/|\/|#)/i.test(address ?? "") ? address : undefined;
}

function isProperties(value) {
  return value !== null && typeof value === "object" && !(value instanceof Node) && !Array.isArray(value);
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child);
  }
}

function set(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (typeof value === "function" && name.startsWith("on")) {
    node.addEventListener(name.slice(2), value);
  } else if (name === "key") {
    node.dataset.key = value;
  } else if (name === "value" || name === "checked" || name === "selected") {
    node[name] = value;
  } else {
    node.setAttribute(name, value === true ? "" : value);
  }
}
