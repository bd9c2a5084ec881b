#!/bin/sh
# Plays systemd's part where that does not run, for scripts/package.sh: does with paylink's units what its verbs would do. Beside those:
#   run PROGRAM…     runs a program as the units do      healthy UNIT     whether its process answers      pid UNIT     its process
set -eu
[ "$1" != --quiet ] || shift
verb=$1
shift

of_unit() { sed -n "s/^$2=//p" "/lib/systemd/system/$1.service"; }
# Its own address for each, so that each can be asked whether it answers.
metrics_of() {
    case $1 in
    paylink-api) echo 127.0.0.1:18933 ;;
    paylink-worker) echo 127.0.0.1:18934 ;;
    paylink-scheduler) echo 127.0.0.1:18935 ;;
    *) echo 127.0.0.1:18936 ;;
    esac
}
as_unit() {
    unit=$1
    shift
    cd /var/lib/paylink
    # shellcheck disable=SC2046
    exec setpriv --reuid=paylink --regid=paylink --init-groups --no-new-privs env -i PATH=/usr/bin LC_ALL=C PAYLINK_DATA_DIR=/var/lib/paylink \
        PAYLINK_METRICS_LISTEN="$(metrics_of "$unit")" $(grep -v '^#' /etc/paylink/environment) "$@"
}
pid_of() { cat "/run/$1.pid" 2>/dev/null; }
is_active() { pid=$(pid_of "$1") && kill -0 "$pid" 2>/dev/null; }
stop() {
    is_active "$1" || return 0
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
start() {
    # shellcheck disable=SC2046
    if [ "$(of_unit "$1" Type)" = oneshot ]; then
        (as_unit "$1" $(of_unit "$1" ExecStart)) >>/run/log 2>&1
    else
        (as_unit "$1" $(of_unit "$1" ExecStart)) >>/run/log 2>&1 </dev/null &
        echo $! >"/run/$1.pid"
    fi
}

case $verb in
daemon-reload) ;;
run) as_unit none "$@" ;;
pid) pid_of "$1" ;;
healthy) is_active "$1" && as_unit "$1" env -u PAYLINK_LISTEN PAYLINK_LISTEN=127.0.0.1:1 paylink healthy ;;
is-active)
    for unit; do
        if is_active "$unit"; then exit 0; fi
    done
    exit 3
    ;;
start) for unit; do start "$unit"; done ;;
stop) for unit; do stop "$unit"; done ;;
try-restart)
    for unit; do
        if is_active "$unit"; then
            stop "$unit"
            start "$unit"
        fi
    done
    ;;
*)
    echo "systemctl.sh does not know $verb" >&2
    exit 2
    ;;
esac
