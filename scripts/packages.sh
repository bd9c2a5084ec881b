#!/bin/sh
# Builds the Debian package of a program that is built already, and tries all that goes to an operator, as root, without a container engine and
# without systemd as the first process:
#   - the package is installed, started, upgraded, removed and purged on a base from Debian's packages (scripts/package.sh);
#   - the image's steps are done without a container engine, and its program runs on a root that cannot be written (scripts/image.sh);
#   - systemd judges what its units may do: none has an exposure of more than 3.0;
#   - others judge what they are to read: compose.yaml by Compose's own schema, the workflow by GitHub's, the Dockerfile by hadolint, the
#     Caddyfile by Caddy.
#   scripts/packages.sh [release|dev]    The program is where cargo has put it: in CARGO_TARGET_DIR, or else in target.
# What cannot be tried so: that the units start under systemd, and that an engine builds the image and runs the compose file.
set -eu
cd "$(dirname "$0")/.."
profile=${1:-release}
built=${CARGO_TARGET_DIR:-target}/$profile
[ "$profile" != dev ] || built=${CARGO_TARGET_DIR:-target}/debug
[ -x "$built/paylink" ] || { echo "$built/paylink is not there: build it first" >&2; exit 1; }
scripts/setup.sh packages
PATH=$HOME/.cargo/bin:$PATH

scripts/manual.sh "$built/paylink" target/package
for revision in 1 2; do
    cargo deb --quiet --no-build --no-strip --locked --profile "$profile" --deb-revision "$revision" \
        --output "target/package/paylink_$revision.deb" >/dev/null
done
ls -l target/package/*.deb | awk '{ printf "%s: %.1f MB\n", $NF, $5 / 1e6 }'
scripts/package.sh target/package/paylink_1.deb target/package/paylink_2.deb
scripts/image.sh "$built/paylink"

for unit in packaging/systemd/*.service; do
    systemd-analyze security --offline=true --threshold=30 --no-pager "$unit" |
        sed -n "s|.*Overall exposure level for \(.*\): \([0-9.]*\) .*|\1: exposure \2|p"
done

judges=target/packaging/bin
"$judges/check-jsonschema" --builtin-schema vendor.compose-spec compose.yaml
"$judges/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$judges/hadolint" Dockerfile && echo "Dockerfile: hadolint finds nothing"
caddy validate --adapter caddyfile --config packaging/compose/Caddyfile 2>/dev/null && echo "Caddyfile: valid"
