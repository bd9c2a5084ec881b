#!/bin/sh
# Builds the Debian package of a program that is built already, and tries all that goes to an operator, as root, without a container engine and
# without systemd as the first process:
#   - the package is installed, started, upgraded, removed and purged on a base from Debian's packages (scripts/package.sh);
#   - the image's steps are done without a container engine, and its program runs on a root that cannot be written (scripts/image.sh);
#   - systemd judges what its units may do: none has an exposure of more than 3.0;
#   - others judge what they are to read: compose.yaml by Compose's own schema, the workflow by GitHub's, the Dockerfile by hadolint, the
#     Caddyfile by Caddy.
#   scripts/packages.sh [release|dev]    The program is where cargo has put it: in CARGO_TARGET_DIR, or else in target. PAYLINK_BEFORE is
#   the previous version's, from which to upgrade; without it the same is installed over itself.
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
cargo deb --quiet --no-build --no-strip --locked --profile "$profile" --deb-revision 2 --output target/package/paylink_2.deb >/dev/null
# The one before it differs by its version and, where the previous program is at hand, by that.
before=$(mktemp -d)
dpkg-deb --raw-extract target/package/paylink_2.deb "$before"
sed -i 's/^\(Version: .*\)-2$/\1-1/' "$before/DEBIAN/control"
[ -z "${PAYLINK_BEFORE:-}" ] || install -m 0755 "$PAYLINK_BEFORE" "$before/usr/bin/paylink"
dpkg-deb -Zgzip -z1 --root-owner-group --build "$before" target/package/paylink_1.deb >/dev/null
rm -rf "$before"
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
