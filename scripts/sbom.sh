#!/bin/sh
# Writes what the program is made of as a CycloneDX 1.6 document (https://cyclonedx.org) to the standard output: every crate that is
# linked into it, with its version, licence and checksum. Needs jq.
set -eu
cd "$(dirname "$0")/.."
metadata=$(mktemp)
trap 'rm -f "$metadata"' EXIT
cargo metadata --locked --format-version 1 --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" >"$metadata"
# The lock file alone knows the checksums.
sums=$(awk -F'"' '/^name = /{name=$2} /^version = /{version=$2} /^checksum = /{print name "@" version " " $2}' Cargo.lock)
jq --arg sums "$sums" '
  ($sums | split("\n") | map(split(" ") | {(.[0]): .[1]}) | add) as $sum
  | (.packages | map({(.id): .}) | add) as $package
  | (.resolve.nodes | map({(.id): [.deps[] | select(any(.dep_kinds[]; .kind == null)) | .pkg]}) | add) as $needs
  | (.packages[] | select(.name == "paylink") | .id) as $root
  | def ref: $package[.] | "pkg:cargo/\(.name)@\(.version)";
  ({seen: [$root], next: [$root]}
    | until(.next == []; . as $at | ([.next[] | $needs[.][]] | unique - $at.seen) as $more | {seen: (.seen + $more), next: $more})
    | .seen) as $linked
  | {
      bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
      metadata: {component: {type: "application", "bom-ref": ($root | ref), name: "paylink", version: $package[$root].version}},
      components: [$linked[] | select(. != $root) | $package[.] | {
        type: "library", "bom-ref": (.id | ref), name, version, purl: (.id | ref)
      } + (if .license then {licenses: [{expression: (.license | gsub("/"; " OR "))}]} else {} end)
        + ($sum["\(.name)@\(.version)"] as $hash | if $hash then {hashes: [{alg: "SHA-256", content: $hash}]} else {} end)],
      dependencies: [$linked[] | {ref: ref, dependsOn: ($needs[.] | map(ref) | unique)}]
    }' "$metadata"
