#!/bin/sh
# Has the version before run behind HAProxy, and replaces it by this one under load: 50 calls a second, and Redis' primary dies meanwhile.
#   scripts/upgrade.sh REVISION   builds that version, into target/before
#   scripts/upgrade.sh BINARY     takes this one
set -eu
cd "$(dirname "$0")/.."
before=${1:?which version was before: a revision of git, or a binary}
if [ ! -x "$before" ] || [ -d "$before" ]; then
    revision=$(git rev-parse --verify "$before^{commit}")
    source=target/before/$revision
    mkdir -p "$source"
    git archive "$revision" | tar -x -C "$source"
    (cd "$source" && CARGO_TARGET_DIR=../build cargo build --locked --bin paylink)
    before=target/before/paylink-$revision
    cp target/before/build/debug/paylink "$before"
fi
PAYLINK_BEFORE=$(realpath "$before") cargo test --locked --test system rolling_upgrade -- --ignored --nocapture
