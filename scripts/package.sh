#!/bin/sh
# Lives through a Debian package as an operator does, as root, on a base from Debian's packages: it is installed, started, upgraded while
# it runs and holds rows, first as roles and then as one process, removed and purged; what was earned stays. A script plays systemd's part.
#   scripts/package.sh OLD.deb NEW.deb [FOLDER]    FOLDER holds the base and is made if it is not there (needs debootstrap)
set -eu
old=$(realpath "$1")
new=$(realpath "$2")
systemctl=$(realpath "$(dirname "$0")/systemctl.sh")
base=${3:-target/package-base}
mirror=${PAYLINK_DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ ! -x "$base/usr/bin/redis-server" ]; then
    debootstrap --variant=minbase --include=adduser,ca-certificates,redis-server,tzdata bookworm "$base" "$mirror" >&2
fi
base=$(realpath "$base")
cp "$old" "$base/tmp/old.deb"
cp "$new" "$base/tmp/new.deb"
install -m 0755 "$systemctl" "$base/usr/local/bin/systemctl"

# Mounts, and whatever still runs, end with this shell.
unshare --mount --pid --fork --mount-proc sh -eu -s "$base" <<'INSIDE'
base=$1
mount --bind /dev "$base/dev"
mount -t proc proc "$base/proc"
mount -t tmpfs run "$base/run"
mkdir -p "$base/run/systemd/system"
inside() { chroot "$base" /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
# A sub-command with the settings that the units read.
paylink() { inside systemctl run paylink "$@"; }
fails() {
    echo "$1" >&2
    tail -n 20 "$base/run/log" >&2
    exit 1
}
answer() {
    for unit; do
        tries=0
        until inside systemctl healthy "$unit" >/dev/null 2>&1; do
            tries=$((tries + 1))
            [ "$tries" -lt 150 ] || fails "$unit does not answer"
            sleep 0.2
        done
    done
}
# The processes of these units, and whether each runs the program that is installed now.
are_of() {
    for unit in $2; do
        case $(readlink "/proc/$(inside systemctl pid "$unit")/exe") in
        *' (deleted)') version=before ;;
        */usr/bin/paylink) version=now ;;
        *) version=none ;;
        esac
        [ "$version" = "$1" ] || fails "$unit runs the program of $version, not of $1"
    done
}
begins() {
    inside dpkg --purge paylink >/dev/null 2>&1 || true
    rm -rf "$base/var/lib/paylink"
    inside dpkg --install /tmp/old.deb >/dev/null || fails "it is not installed"
    printf '%s\n' PAYLINK_LISTEN=127.0.0.1:18932 PAYLINK_PUBLIC_URL=http://127.0.0.1:18932 "$@" '# kept' >>"$base/etc/paylink/environment"
}
keeps() {
    paylink merchant list | grep -q "$1" || fails "what it held is gone"
    grep -q '# kept' "$base/etc/paylink/environment" || fails "the settings are written over"
}

roles="paylink-api paylink-worker paylink-scheduler"
begins 'PAYLINK_DATABASE_URL=sqlite:///var/lib/paylink/paylink.db?mode=rwc' PAYLINK_REDIS_URL=redis+unix:///run/redis.sock \
    PAYLINK_STORE_URL=file:///var/lib/paylink/documents PAYLINK_SECRET_KEY="$(head -c 32 /dev/urandom | base64)" \
    PAYLINK_OPERATOR_KEY="$(head -c 32 /dev/urandom | base64)"
for file in /usr/share/bash-completion/completions/paylink /usr/share/zsh/vendor-completions/_paylink \
    /usr/share/fish/vendor_completions.d/paylink.fish /usr/share/man/man1/paylink.1.gz /lib/systemd/system/paylink.service; do
    # What documentation a base leaves out is in the package all the same.
    inside dpkg --listfiles paylink | grep -qx "$file" || fails "$file is not in the package"
done
[ "$(stat -c %a:%U "$base/etc/paylink/environment")" = 600:root ] || fails "the environment can be read"
[ "$(inside stat -c %a:%U /var/lib/paylink)" = 700:paylink ] || fails "the data can be read"
inside redis-server --port 0 --unixsocket /run/redis.sock --unixsocketperm 777 --save '' --daemonize yes >/dev/null
paylink migrate
id=$(paylink merchant create 'Example Merchant')
inside systemctl start $roles
answer $roles
echo "installed and started as roles: $(inside dpkg-query --show paylink)"

# A schema that cannot be brought up to date: those of before go on.
sed -i 's|^PAYLINK_DATABASE_URL=sqlite:///var/lib|&/nowhere|' "$base/etc/paylink/environment"
! inside dpkg --install /tmp/new.deb >>"$base/run/log" 2>&1 || fails "it says nothing of a schema that is not up to date"
answer $roles
are_of before "$roles"
sed -i 's|/nowhere||' "$base/etc/paylink/environment"
inside dpkg --configure paylink >/dev/null || fails "it is not upgraded"
answer $roles
are_of now "$roles"
# One that refuses the schema ends, and is started again for a while.
! grep -q 'run `paylink migrate`' "$base/run/log" || fails "a process was started on the schema of before"
keeps "$id"
inside systemctl stop $roles
echo "roles upgraded, with what they held: $(inside dpkg-query --show paylink)"

begins
inside systemctl start paylink
answer paylink
id=$(paylink merchant create 'Example Merchant')
inside dpkg --install /tmp/new.deb >/dev/null || fails "it is not upgraded"
answer paylink
are_of now paylink
keeps "$id"
for role in $roles; do ! inside systemctl is-active "$role" || fails "$role was started, and nobody had done so before"; done
echo "one process upgraded, with what it held: $(inside dpkg-query --show paylink)"

inside dpkg --remove paylink >/dev/null
! inside systemctl is-active paylink || fails "it still runs"
inside dpkg --purge paylink >/dev/null
[ ! -e "$base/usr/bin/paylink" ] && [ ! -e "$base/etc/paylink" ] || fails "it is not removed"
[ -e "$base/var/lib/paylink/paylink.db" ] || fails "a purge has taken what was earned"
echo "removed and purged; what was earned stays"
INSIDE
