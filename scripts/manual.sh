#!/bin/sh
# Has a program write its manual and what shells complete, for packages: scripts/manual.sh PROGRAM FOLDER
set -eu
program=$(realpath "$1")
mkdir -p "$2/man" "$2/completions"
"$program" manual "$2/man"
"$program" completions bash >"$2/completions/paylink.bash"
"$program" completions zsh >"$2/completions/_paylink"
"$program" completions fish >"$2/completions/paylink.fish"
