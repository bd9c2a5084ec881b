// What a change, or a webhook, is about.

/** Whether it is about `"order"`, `"link"`, `"message"`, `"credits"` or `"attention"`: what stands before the dot of its type. */
export function isAbout(change, about) {
  return change.type.startsWith(`${about}.`);
}
