#!/bin/bash
# Holds the running product against its own description, /openapi.json:
# - schemathesis with every check, for keys of each scope, a token for a page, and the operator's;
# - a TypeScript and a Python client that are generated from it, under their strictest settings, live through the story;
# - clients/js, packed and installed in an empty folder, does what its README says, and a program that is written with it, under the same
#   settings, holds a copy and believes its webhooks.
#   scripts/contract.sh quick   only schemathesis' coverage, for an administrator's key and the operator's
#   scripts/contract.sh send    only schemathesis, for one of them: read, send, write, admin, token or operator
set -euo pipefail
cd "$(dirname "$0")/.."
how="${1:-whole}" failed=""
here=$PWD
tools=target/contract
binary="${CONTRACT_BINARY:-target/debug/paylink}"
data=$(mktemp -d)
pid=""
trap 'ends; rm -rf "$data"' EXIT

ends() {
    [ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null || true
    pid=""
}
begins() { # begins [VARIABLE=VALUE]...: a fresh demo with these settings
    ends
    rm -rf "$data/data" "$data/hello.json"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    env -u PAYLINK_URL -u PAYLINK_API_KEY -u PAYLINK_SANDBOX_URL \
        PAYLINK_DATA_DIR="$data/data" PAYLINK_LISTEN="127.0.0.1:$port" PAYLINK_REQUESTS_PER_SECOND=0 PAYLINK_TRUSTED_PROXIES=127.0.0.0/8 "$@" \
        "$binary" up --demo --json >"$data/hello.json" 2>"$data/log" &
    pid=$!
    # On a busy machine a start takes its time; one that has failed is not waited for.
    for _ in $(seq 1 900); do [ -s "$data/hello.json" ] || ! kill -0 "$pid" 2>/dev/null && break; sleep 0.2; done
    [ -s "$data/hello.json" ] || { cat "$data/log"; exit 1; }
    url=$(said url) merchant=$(said merchant_id) operator=$(said operator_key)
    export PAYLINK_URL="$url" PAYLINK_API_KEY PAYLINK_SANDBOX_URL
    PAYLINK_API_KEY=$(said api_key) PAYLINK_SANDBOX_URL=$(said sandbox_url)
}
said() { python3 -c "import json, sys; print(json.load(open('$data/hello.json'))['$1'])"; }
made() { # made SCOPE: a key of this scope
    curl -sSf "$url/v1/admin/merchants/$merchant/keys" -H "Authorization: Bearer $operator" -H 'Content-Type: application/json' \
        -d "{\"name\": \"$1\", \"scope\": \"$1\"}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])'
}

origin=https://shop.example.com
token() { # a token of the demo's order, for pages of that origin
    curl -sSf "$url/v1/client-tokens" -H "Authorization: Bearer $(said api_key)" -H 'Content-Type: application/json' \
        -d "{\"order_id\": \"$(said order_id)\", \"may\": [\"read\", \"create_link\", \"send\", \"void\"], \"minutes\": 60, \"origin\": \"$origin\"}" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])'
}

# What ends the key that asks, or the merchant it is of, is looked at elsewhere; a stream has no end.
judge() { # judge NAME KEY PHASES EXAMPLES
    echo "== $1"
    # It keeps a cache where it runs. The origin is the token's; whoever calls with a key may have any.
    # How long an answer takes is looked at by `make bench`, not here, where the machine may be busy.
    (cd "$data" && SCHEMATHESIS_HOOKS="$here/tests/contract/hooks.py" "$here/$tools/bin/schemathesis" \
        --config-file "$here/tests/contract/schemathesis.toml" run "$url/openapi.json" \
        --header "Authorization: Bearer $2" --header "Origin: $origin" --checks all --exclude-checks positive_data_acceptance \
        --phases "$3" --max-examples "$4" --continue-on-failure --generation-deterministic \
        --suppress-health-check all --warnings off --request-timeout 60 --max-response-time 60 \
        --exclude-path /v1/events --exclude-path '/v1/admin/merchants/{id}/suspend' \
        --exclude-path '/v1/buyers/{phone}' --exclude-operation-id delete_api_key --exclude-operation-id delete_admin_merchant_key)
}

judge_whole() { # judge_whole WHO: every phase
    case "$1" in
    token) key=$(token) path="/v1/orders/$(said order_id)" ;;
    operator) key=$operator path=/v1/admin/merchants ;;
    *) key=$(made "$1") path=/v1/merchant ;;
    esac
    opens "$1" "$key" "$path" || return 1
    judge "$1" "$key" examples,coverage,fuzzing,stateful "${CONTRACT_EXAMPLES:-30}" || return 1
    # Whoever is let in nowhere is refused everywhere as described.
    opens "$1" "$key" "$path"
}
opens() { # opens NAME KEY PATH
    curl -sSf -o "$data/opened" "$url$3" -H "Authorization: Bearer $2" -H "Origin: $origin" || { echo "the key of $1 opens nothing"; return 1; }
}

begins
if [ "$how" = quick ]; then
    key=$(made admin)
    judge administrator "$key" coverage 1 || failed=yes
    opens administrator "$key" /v1/merchant || failed=yes
    judge operator "$operator" coverage 1 || failed=yes
    [ -z "$failed" ]
    exit
fi
if [ "$how" != whole ]; then
    judge_whole "$how"
    exit
fi
curl -sSf "$url/openapi.json" >"$data/openapi.json"

echo "== TypeScript"
npx --prefix "$tools/node" openapi-typescript "$data/openapi.json" -o "$tools/node/schema.d.ts" --default-non-nullable=false
echo '{"type": "module"}' >"$tools/node/package.json"
cp tests/contract/story.ts tests/contract/tsconfig.json "$tools/node/"
(cd "$tools/node" && npx tsc && node story.js)

echo "== Python"
rm -rf "$tools/client"
PATH="$here/$tools/bin:$PATH" "$tools/bin/openapi-python-client" generate --path "$data/openapi.json" --output-path "$tools/client" \
    --config tests/contract/python.yaml --fail-on-warning
# Of an operation with two kinds of bytes for a body the generator makes code that lacks an import, and of one that takes a text as well
# as JSON code that takes the text for bytes.
(cd "$tools/client" && ../bin/mypy --strict --exclude 'put_merchant_logo|create_batch' paylink_client && PYTHONPATH=. ../bin/python ../../../tests/contract/story.py)

echo "== clients/js"
begins PAYLINK_WEBHOOKS_ALLOW_PRIVATE=true
mkdir "$data/readme"
(cd "$data/readme"
    npm pack --silent "$here/clients/js"
    npm install --silent --offline --no-audit --no-fund ./paylink-client-*.tgz
    # The first JavaScript that it shows, and what it says of lists.
    awk '/^```js/ { block += 1; inside = 1; next } /^```/ { inside = 0 } inside && block <= 2' "$here/clients/js/README.md" >first.mjs
    PAYLINK_KEY=$PAYLINK_API_KEY node first.mjs | tee said
    grep -q "$url/p/.* is on its way to the buyer" said
    cp "$here/tests/contract/board.ts" "$here/tests/contract/tsconfig.json" .
    echo '{"extends": "./tsconfig.json", "compilerOptions": {"typeRoots": ["'"$here/$tools/node/node_modules/@types"'"]}, "files": ["board.ts"]}' >board.json
    npm pkg set type=module
    "$here/$tools/node/node_modules/.bin/tsc" -p board.json
    PAYLINK_KEY=$PAYLINK_API_KEY node board.js)

begins
for who in read send write admin token operator; do
    judge_whole "$who" || failed=yes
done
[ -z "$failed" ]
