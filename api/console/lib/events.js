// What this page has changed, told to its other parts, such as the balance after a text was sent.

const hearers = new Set();

/** Hears every event until the answer is called: `hear({ kind, ...ids })`. */
export function listen(hear) {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

/** Tells of a change. */
export function tell(event) {
  for (const hear of [...hearers]) hear(event);
}
