#!/bin/sh
# Runs on Valkey, in the place of Redis, what depends on it: the queue's tests, the story, commands while it is away, fail-overs behind
# Sentinels and in a cluster; and starts the program where there is only a valkey-server.
#   scripts/valkey.sh [SERVER]   with this server instead of the one that scripts/setup.sh valkey has installed
set -eu
cd "$(dirname "$0")/.."
here=$PWD
server=${1:-$(find "$here/target/valkey/lib" -name valkey-server -type f 2>/dev/null | head -n 1)}
[ -x "$server" ] || { echo "there is no Valkey: scripts/setup.sh valkey" >&2; exit 1; }

# Tests, and the program first, start what is called redis-server.
place=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null || true; rm -rf "$place"' EXIT
mkdir "$place/redis" "$place/only"
ln -s "$server" "$place/redis/redis-server"
ln -s "$server" "$place/only/valkey-server"
"$place/redis/redis-server" --version | grep '^Valkey'

without=""
if ! ldd "$server" | grep -q libssl; then
    echo "NOT TESTED: TLS, which this server was built without"
    without="--skip tls_with --skip what_redis_refuses --skip who_calls"
fi
PATH="$place/redis:$PATH" cargo test --locked -p queue --test redis
# shellcheck disable=SC2086
PATH="$place/redis:$PATH" cargo test --locked --test system -- --test-threads=3 $without \
    story:: without_redis:: faults::many_redis faults::redis

echo "Only a valkey-server in the path:"
export PAYLINK_DATA_DIR="$place/data" PAYLINK_PUBLIC_URL=http://localhost PAYLINK_LISTEN=127.0.0.1:0
PATH="$place/only" target/debug/paylink up 2>"$place/log" &
pid=$!
for _ in $(seq 1 300); do
    said=$(target/debug/paylink doctor --offline 2>/dev/null | grep 'redis: ') || true
    case "$said" in *"it is Valkey"*) break ;; esac
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
done
echo "$said"
case "$said" in *"it is Valkey"*) ;; *) cat "$place/log"; exit 1 ;; esac
