#!/bin/sh
# Lives through a Debian package as an operator does, as root, on a base from Debian's packages: it is installed, started, upgraded while
# it holds rows, removed and purged; what was earned stays.
#   scripts/package.sh OLD.deb NEW.deb [FOLDER]    FOLDER holds the base and is made if it is not there (needs debootstrap)
set -eu
old=$(realpath "$1")
new=$(realpath "$2")
base=${3:-target/package-base}
mirror=${PAYLINK_DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ ! -x "$base/usr/bin/redis-server" ]; then
    debootstrap --variant=minbase --include=adduser,ca-certificates,redis-server,tzdata bookworm "$base" "$mirror" >&2
fi
base=$(realpath "$base")
cp "$old" "$base/tmp/old.deb"
cp "$new" "$base/tmp/new.deb"

# Mounts, and whatever still runs, end with this shell.
unshare --mount --pid --fork --mount-proc sh -eu -s "$base" <<'INSIDE'
base=$1
mount --bind /dev "$base/dev"
mount -t proc proc "$base/proc"
inside() { chroot "$base" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
as_paylink() {
    chroot --userspec=paylink:paylink "$base" /usr/bin/env -i PATH=/usr/bin LC_ALL=C \
        PAYLINK_LISTEN=127.0.0.1:18932 PAYLINK_DATA_DIR=/var/lib/paylink PAYLINK_PUBLIC_URL=http://127.0.0.1:18932 "$@"
}
fails() {
    echo "$1" >&2
    [ ! -e "$base/tmp/log" ] || tail -n 20 "$base/tmp/log" >&2
    exit 1
}
starts() {
    as_paylink /usr/bin/paylink up 2>>"$base/tmp/log" >&2 &
    tries=0
    until as_paylink /usr/bin/paylink healthy >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 150 ] || fails "it does not start"
        sleep 0.2
    done
}
stops() {
    # Only what is in here is seen. Its file may have been replaced under it, so that it goes by its name.
    inside sh -c 'for id in /proc/[0-9]*; do [ "$(cat "$id/comm")" != paylink ] || kill "${id#/proc/}"; done'
    wait
}
rm -f "$base/tmp/log"
inside dpkg --purge paylink >/dev/null 2>&1 || true
rm -rf "$base/var/lib/paylink"

inside dpkg --install /tmp/old.deb >/dev/null || fails "it is not installed"
for file in /usr/share/bash-completion/completions/paylink /usr/share/zsh/vendor-completions/_paylink \
    /usr/share/fish/vendor_completions.d/paylink.fish /usr/share/man/man1/paylink.1.gz /lib/systemd/system/paylink.service; do
    # What documentation a base leaves out is in the package all the same.
    inside dpkg --listfiles paylink | grep -qx "$file" || fails "$file is not in the package"
done
[ "$(stat -c %a:%U "$base/etc/paylink/environment")" = 600:root ] || fails "the environment can be read"
[ "$(inside stat -c %a:%U /var/lib/paylink)" = 700:paylink ] || fails "the data can be read"
starts
id=$(as_paylink /usr/bin/paylink merchant create 'Example Merchant')
echo "installed and started: $(inside dpkg-query --show paylink)"

# By hand here, what the package's postinst has systemd do.
echo '# kept' >>"$base/etc/paylink/environment"
inside dpkg --install /tmp/new.deb >/dev/null || fails "it is not upgraded"
stops
starts
as_paylink /usr/bin/paylink merchant list | grep -q "$id" || fails "what it held is gone"
grep -q '# kept' "$base/etc/paylink/environment" || fails "the settings are written over"
stops
echo "upgraded, with what it held: $(inside dpkg-query --show paylink)"

inside dpkg --remove paylink >/dev/null
inside dpkg --purge paylink >/dev/null
[ ! -e "$base/usr/bin/paylink" ] && [ ! -e "$base/etc/paylink" ] || fails "it is not removed"
[ -e "$base/var/lib/paylink/paylink.db" ] || fails "a purge has taken what was earned"
echo "removed and purged; what was earned stays"
INSIDE
