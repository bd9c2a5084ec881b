// What the reader has no setting for: it is as light or dark as its surroundings, also when those change, and where there is no room for its
// list of calls, the page has one of its own.

const reader = document.querySelector("rapi-doc");
const contents = document.getElementById("contents");

// The console's colours.
const COLOURS = {
  light: { "bg-color": "#ffffff", "text-color": "#171c28", "primary-color": "#1a54e8", "nav-bg-color": "#171d29" },
  dark: { "bg-color": "#0e121a", "text-color": "#edf0f7", "primary-color": "#86a8ff", "nav-bg-color": "#171d29" },
};

const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = () => {
  const theme = dark.matches ? "dark" : "light";
  for (const [name, value] of Object.entries({ theme, ...COLOURS[theme] })) reader.setAttribute(name, value);
};
dark.addEventListener("change", colour);
colour();

const element = (name, text, href) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (href) made.href = href;
  return made;
};

reader.addEventListener("spec-loaded", ({ detail }) => {
  const list = contents.querySelector("nav");
  const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  list.replaceChildren(
    element("h2", "To begin with"),
    element("a", "Your key", "#auth"),
    ...detail.infoDescriptionHeaders.map(({ text }) => element("a", text, `#overview--${slug(text)}`)),
    ...detail.tags.flatMap((tag) => [
      element("h2", tag.name),
      ...tag.paths.map((path) => element("a", path.summary, `#${path.elementId}`)),
    ]),
  );
});

contents.addEventListener("click", ({ target }) => {
  if (target.localName === "a") contents.open = false;
});
