#!/bin/sh
# Tries the two commands of the README on a machine that has nothing: dev/fresh-machine.sh bookworm|trixie|noble [COMMAND...]
# Makes a minimal system with debootstrap, clones the last commit into it, and runs there, each in a shell of its own,
# `./weir lab nat` twice and `npm test` (or the given COMMANDs). All mounts live in a mount namespace that ends with the run.
# KEEP=1 leaves the system in place; BASE=FOLDER keeps fresh systems there and copies them, to be quicker the next time.
set -eu
suite=${1:?usage: dev/fresh-machine.sh bookworm|trixie|noble [COMMAND...]}
shift
[ $# -gt 0 ] || set -- './weir lab nat' './weir lab nat' 'npm test'
[ "$(id -u)" -eq 0 ] || { echo "debootstrap needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is not installed: apt-get install debootstrap" >&2; exit 1; }
checkout=$(cd "$(dirname "$0")/.." && pwd)
machine=$(mktemp -d "${TMPDIR:-/tmp}/fresh-$suite.XXXXXX")
trap '[ -n "${KEEP:-}" ] && echo "left in $machine" || rm -rf --one-file-system "$machine"' EXIT
trap 'exit 130' INT TERM HUP

new_system() {
    case $suite in
        noble) debootstrap --no-check-gpg --variant=minbase --components=main,universe --include=ca-certificates,git \
            noble "$1" http://archive.ubuntu.com/ubuntu gutsy ;;
        *) debootstrap --variant=minbase --include=ca-certificates,git "$suite" "$1" ;;
    esac >"$machine.log" 2>&1 || { tail "$machine.log"; exit 1; }
    rm -f "$machine.log"
}

if [ -n "${BASE:-}" ]; then
    [ -d "$BASE/$suite" ] || new_system "$BASE/$suite"
    cp -a "$BASE/$suite/." "$machine"
else
    new_system "$machine"
fi
cp /etc/resolv.conf "$machine/etc/resolv.conf"
cp /etc/hosts "$machine/etc/hosts"
home=/root
git clone -q --no-hardlinks "$checkout" "$machine$home/weir"
# A network whose proxy has its own certificate authority: node must trust it.
[ -n "${NODE_EXTRA_CA_CERTS:-}" ] && cp "$NODE_EXTRA_CA_CERTS" "$machine/etc/extra-ca.pem"

cat >"$machine/inside.sh" <<'INSIDE'
mount -t proc proc "$1/proc"
mount --rbind /sys "$1/sys"
mount --rbind /dev "$1/dev"
umount -l "$1/sys/fs/bpf" 2>/dev/null || true
exec chroot "$1" env -i HOME=/root TERM=dumb LANG=C.UTF-8 CI="${CI:-}" ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=/etc/extra-ca.pem} \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -c 'cd "$HOME/weir" && eval "$1"' sh "$2"
INSIDE

for command; do
    echo "== $suite: $command"
    start=$(date +%s)
    status=0
    unshare --mount --propagation private sh "$machine/inside.sh" "$machine" "$command" </dev/null || status=$?
    echo "== $suite: $command: status $status after $(($(date +%s) - start)) s"
    [ "$status" -eq 0 ] || exit "$status"
done
