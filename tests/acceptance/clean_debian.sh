#!/bin/sh
# Proves a promise on a Debian that has python3, git and make, and nothing more:
#
#   clean_debian.sh run CACHE     `make run` trades on paper, the CLI shows it, SIGTERM ends it
#   clean_debian.sh test CACHE    `make test` passes
#
# Needs root and debootstrap. The release, the mirror and the way to it and to Python packages are this machine's own.
# CACHE keeps the system as it was before Bulkhead came, for the next time.
set -eu

what=$1
cache=$2
source=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)

# Once more, as the first process of its own process and mount namespaces. The clean system lives in a tmpfs there and
# shares no folder with this machine: it goes, with all that runs in it, when this script ends. Nothing is to be cleaned.
if [ "${CLEAN_DEBIAN-}" != inside ]; then
    CLEAN_DEBIAN=inside exec unshare --mount --pid --fork --kill-child -- "$0" "$@"
fi

make_system() {
    # shellcheck disable=SC2016  # apt fills these in
    release_and_mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' | head -n 1)
    debootstrap --variant=minbase --include=python3,git,make,ca-certificates \
        "${release_and_mirror% *}" "$clean" "${release_and_mirror#* }" >"$cache/debootstrap.log" 2>&1 ||
        { tail "$cache/debootstrap.log"; exit 1; }
    tar -C "$clean" -cf "$cache/system.tar.part" --one-file-system .
    mv "$cache/system.tar.part" "$cache/system.tar"
}

# A proxy or a certificate that this machine needs outwards, the clean one needs as well.
bring_way_outwards() {
    cp /etc/resolv.conf /etc/hosts "$clean/etc/"
    apt-config dump --format '%f "%v";%n' Acquire >"$clean/etc/apt/apt.conf.d/90machine"
    cp /etc/ssl/certs/ca-certificates.crt "$clean/etc/ssl/certs/"
    [ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$clean/etc/"
}

# What a clone of the next commit would hold.
bring_tree() {
    mkdir "$clean/bulkhead"
    git -C "$source" ls-files --cached --others --exclude-standard -z |
        tar -C "$source" --null --files-from=- -cf - | tar -C "$clean/bulkhead" -xf -
}

in_clean() {
    env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
        chroot "$clean" sh -euc "cd /bulkhead; $1"
}

# shellcheck disable=SC2016  # for the shell inside
trades_on_paper='
make run & run=$!
until ./bulkhead fills -o json 2>/dev/null | grep -q order_id; do
    kill -0 $run || { echo "make run ended early"; exit 1; }
    sleep 1
done
./bulkhead status
kill -TERM $run
wait $run || true
status=0
./bulkhead status || status=$?
test $status -eq 3
'

clean=$cache/root
mkdir -p "$clean"
mount -t tmpfs -o mode=755 tmpfs "$clean"
if [ -f "$cache/system.tar" ]; then tar -C "$clean" -xf "$cache/system.tar"; else make_system; fi
bring_way_outwards
bring_tree
mount -t proc proc "$clean/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$clean/dev/pts"

case $what in
    run) in_clean "$trades_on_paper" ;;
    test) in_clean 'make test' ;;
esac
