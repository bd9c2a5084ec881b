// What is to be known of an order beside its tag, as loud as the tag.

import { humanised, tag } from "../lib/format.js";
import { strings } from "../strings.js";

/** A tag for each. */
export function noticeTags(order) {
  return (order.notices ?? []).map((notice) => tag(`notice-${notice}`, strings.order.notices[notice] ?? humanised(notice)));
}
