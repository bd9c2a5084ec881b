#!/bin/sh
# Lays out Garage's one node and makes the bucket and its key, once. Prints the key as variables for .env.
set -eu
garage() { docker compose exec -T garage /garage "$@"; }
node=$(garage node id -q | cut -d@ -f1)
garage layout assign -z here -c 10G "$node" >&2
garage layout apply --version 1 >&2
garage bucket create paylink >&2
garage key create paylink >&2
garage bucket allow --read --write paylink --key paylink >&2
garage key info --show-secret paylink | sed -n 's/^Key ID: */AWS_ACCESS_KEY_ID=/p; s/^Secret key: */AWS_SECRET_ACCESS_KEY=/p'
