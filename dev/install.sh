#!/bin/sh
# The parts of the set-up that must be root: sh dev/install.sh packages NAME... | npm FOLDER | launcher CHECKOUT
# Its output may be long: ./weir writes it to dist/setup.log.
set -eu
export DEBIAN_FRONTEND=noninteractive

apt() {
    apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@"
}

# apt-get update does not wait for the lists' lock by itself: try for two minutes. A failed update is not fatal if the lists are still usable.
update() {
    tries=0
    while ! out=$(apt update 2>&1); do
        printf '%s\n' "$out"
        tries=$((tries + 1))
        case $out in *"Could not get lock"*) [ $tries -lt 24 ] && sleep 5 && continue ;; esac
        return 0
    done
}

# Servers that come with a package must not start: the lab runs its own. An existing policy of the host is kept.
packages() {
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    update
    apt install -y --no-install-recommends "$@"
    # Nor at the next boot, where they would take a port that a virtual service needs.
    for service in nginx haproxy opensmtpd vsftpd nfs-ganesha rpcbind; do
        case " $* " in *" $service"*) systemctl disable $service || update-rc.d $service disable || true ;; esac
    done
}

# Debian's npm depends on some 380 packages. It is needed once, to fetch node and npm themselves, so its packages are only unpacked.
npm() {
    mkdir -p "$1/debs/partial"
    update
    apt install -y --download-only --no-install-recommends -o Dir::Cache::archives="$1/debs" npm
    for package in "$1"/debs/node-*.deb "$1"/debs/npm_*.deb; do
        dpkg-deb -x "$package" "$1"
    done
    rm -rf "$1/debs"
    chown -R "$(stat -c %u:%g "$1/..")" "$1"
}

# `npm test` works in a new shell though the host has no npm of its own.
launcher() {
    [ -e /usr/local/bin/npm ] && return
    mkdir -p /usr/local/bin
    printf '#!/bin/sh\n# written by ./weir setup\nexec "%s/.node/bin/npm" "$@"\n' "$1" >/usr/local/bin/npm
    chmod +x /usr/local/bin/npm
}

what=$1
shift
"$what" "$@"
