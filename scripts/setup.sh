#!/bin/sh
# Installs what is missing on a Debian machine that has Rust. Says what it does; does nothing where nothing is missing.
#   scripts/setup.sh run    what `make run` needs: a C compiler and a Redis (or Valkey) server
#   scripts/setup.sh test   that, and what the tests start: PostgreSQL
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

missing=""
has cc || missing="$missing build-essential"
has redis-server || has valkey-server || missing="$missing redis-server"
if [ "${1:-run}" = test ]; then
    has postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
fi

if ! has cargo; then
    echo "Rust is missing: see https://rustup.rs" >&2
    exit 1
fi
[ -n "$missing" ] || exit 0

echo "Installing:$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# Debian starts what it installs; we start our own, so a service that cannot start here is no error.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
