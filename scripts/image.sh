#!/bin/sh
# The steps of the Dockerfile without a container engine, as root: a base from Debian's packages, a user, the program; then it runs there
# as that user, with a root that cannot be written, and is asked whether it is healthy.
#   scripts/image.sh PROGRAM [FOLDER]    FOLDER holds the image and is made if it is not there (needs debootstrap)
set -eu
program=$(realpath "$1")
image=${2:-target/image}
mirror=${PAYLINK_DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ ! -x "$image/usr/bin/env" ]; then
    debootstrap --variant=minbase --include=ca-certificates,tzdata bookworm "$image" "$mirror" >&2
fi
image=$(realpath "$image")
chroot "$image" getent passwd paylink >/dev/null ||
    chroot "$image" useradd --uid 10001 --home-dir /var/lib/paylink --create-home --shell /usr/sbin/nologin paylink
install -m 755 "$program" "$image/usr/bin/paylink"

# What `docker run --read-only --tmpfs /tmp --volume paylink:/var/lib/paylink` makes of it.
unshare --mount sh -eu -s "$image" <<'INSIDE'
image=$1
mount --bind "$image" "$image"
mount --bind /dev "$image/dev"
mount -t proc proc "$image/proc"
mount -t tmpfs tmpfs "$image/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs "$image/var/lib/paylink"
mount -o remount,ro,bind "$image"
# In place of whatever shell calls it.
becomes() {
    exec chroot --userspec=10001:10001 "$image" /usr/bin/env -i PATH=/usr/bin \
        PAYLINK_LISTEN=127.0.0.1:18931 PAYLINK_DATA_DIR=/var/lib/paylink PAYLINK_PUBLIC_URL=http://127.0.0.1:18931 \
        PAYLINK_DATABASE_URL='sqlite:///var/lib/paylink/paylink.db?mode=rwc' PAYLINK_REDIS_URL=redis://127.0.0.1:1 \
        PAYLINK_STORE_URL=file:///var/lib/paylink/documents PAYLINK_SECRET_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
        /usr/bin/paylink "$@"
}
if (becomes healthy); then
    echo "somebody else is at our address" >&2
    exit 1
fi
(becomes migrate)
becomes api 2>"$image/tmp/log" &
api=$!
tries=0
until (becomes healthy); do
    tries=$((tries + 1))
    if [ "$tries" -gt 50 ]; then
        cat "$image/tmp/log" >&2
        exit 1
    fi
    sleep 0.2
done
if touch "$image/usr/bin/written" 2>/dev/null; then
    echo "the root can be written" >&2
    exit 1
fi
echo "healthy, as $(ps -o uid= -p "$api" | tr -d ' '), on a root that cannot be written"
kill "$api"
wait "$api"
INSIDE
du -sh --exclude=proc "$image" | sed 's/\t.*/ in the image/'
