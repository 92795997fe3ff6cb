# What ./weir needs around it: Debian packages, a Node of version 20 or later with npm, node_modules. POSIX sh, read by ./weir,
# which sets $root. Everything here is quick when nothing is missing: tests for commands and files, no package manager asked.

die() {
    echo "weir: $*" >&2
    exit 1
}

# need WORD PACKAGE: a command (or, with a slash, a file) and the package that brings it.
need() {
    case $1 in
        */*) [ -e "$1" ] && return ;;
        *) command -v "$1" >/dev/null 2>&1 && return ;;
    esac
    lacking="$lacking $2"
}

needs_of_build() {
    need clang clang
    need llvm-strip llvm
    need cc gcc
    need /usr/include/stdio.h libc6-dev
    need /usr/include/bpf/bpf_helpers.h libbpf-dev
    need /usr/include/pcre2.h libpcre2-dev
}

needs_of_lab() {
    need ip iproute2
    need nginx nginx-light
    need curl curl
    need tcpdump tcpdump
    need ethtool ethtool
    need iptables iptables
    need nft nftables
    need sysctl procps
    need ab apache2-utils
    need unshare util-linux
}

needs_of_test() {
    need nft nftables
    need ping iputils-ping
    need arping iputils-arping
    need ifconfig net-tools
    need watch procps
    need python3 python3
    need busybox busybox-static
    need keepalived keepalived
    need tshark tshark
    need tmux tmux
    need openssl openssl
    need prove perl
    need promtool prometheus
    need prometheus-node-exporter prometheus-node-exporter
    need dnsmasq dnsmasq-base
    need groff groff-base
    need debootstrap debootstrap
    need mandoc mandoc
    need vsftpd vsftpd
    need ansible-playbook ansible-core
    need ansible-lint ansible-lint
    need ganesha.nfsd nfs-ganesha-vfs
    need rpcbind rpcbind
    need dbus-run-session dbus
    need gio libglib2.0-bin
    need /usr/libexec/gvfsd-nfs gvfs-backends
    need /usr/libexec/gvfsd-fuse gvfs-fuse
    need haproxy haproxy
    need wrk wrk
    # Ubuntu has it as a snap alone; without it the tests of the dashboard are skipped.
    if grep -q '^ID=debian' /etc/os-release 2>/dev/null; then need chromium chromium; fi
    # A host has one mail server: apt would remove another one. Without OpenSMTPD its one test is skipped.
    [ -x /usr/sbin/sendmail ] || need smtpd opensmtpd
    # Ubuntu has it only per kernel, in a package of its kernel's tools; the one test that needs it is skipped without it.
    if grep -q '^ID=debian' /etc/os-release 2>/dev/null; then need bpftool bpftool; fi
}

needs_of_bench() {
    need nft nftables
    need wrk wrk
    need keepalived keepalived
    need tcpdump tcpdump
    need haproxy haproxy
    need iperf3 iperf3
    # An nginx of its makers has the stream module inside; Debian's and Ubuntu's load it.
    nginx -V 2>&1 | grep -Eq -- '--with-stream( |$)' || need /usr/lib/nginx/modules/ngx_stream_module.so libnginx-mod-stream
    need taskset util-linux
}

why_build="to build the datapath"
why_lab="for the lab's hosts"
why_test="for the tests"
why_bench="for the bench and its peers"

# A node that will do: version 20 or later.
good_node() {
    [ -x "$1" ] || return 1
    version=$("$1" --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge 20 ] 2>/dev/null
}

find_node() {
    if node=$(command -v node) && good_node "$node" && npm=$(command -v npm); then return; fi
    node=$root/.node/bin/node npm=$root/.node/bin/npm
    good_node "$node" && [ -x "$npm" ]
}

# Ends with one line where root cannot be reached.
need_root() {
    [ "$(id -u)" -eq 0 ] && return
    command -v sudo >/dev/null 2>&1 || die "this needs root and there is no sudo: run it as root"
    if [ -t 0 ]; then
        sudo -v || die "this needs root"
    else
        sudo -n true 2>/dev/null || die "this needs root, and sudo wants a password that nobody is there to type: run it as root"
    fi
}

# Runs a command as root: as it is, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# become_root COMMAND...: the command takes this process's place, as root, and where network namespaces can be entered.
become_root() {
    if ! grep -q '^[^ ]* [^ ]* [^ ]* [^ ]* / ' /proc/self/mountinfo; then
        set -- unshare --mount --propagation unchanged sh "$root/dev/firm-root.sh" "$(pwd)" "$@"
    fi
    [ "$(id -u)" -eq 0 ] && exec "$@"
    need_root
    # sudo keeps no variables: these two are the tests'.
    exec sudo -- env "CI=${CI:-}" "WEIR_TEST_COUNTS=${WEIR_TEST_COUNTS:-}" "$@"
}

# Names the shortfall of the running kernel, if any, in one line.
need_kernel() {
    read -r release </proc/sys/kernel/osrelease
    major=${release%%.*} minor=${release#*.}
    minor=${minor%%[!0-9]*}
    [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 1 ]; } ||
        die "Linux 6.1 or later is needed, this is $release: Debian 12's kernel will do"
    grep -qw bpf /proc/filesystems ||
        die "this kernel has no BPF file system: boot one built with CONFIG_BPF_SYSCALL=y, as Debian's and Ubuntu's are"
    [ -e /sys/kernel/btf/vmlinux ] ||
        die "this kernel does not describe its types (or /sys is not mounted): boot one built with CONFIG_DEBUG_INFO_BTF=y, as Debian's and Ubuntu's are"
}

# make_plan ROOM...: what these rooms (build lab test bench) lack: in $plan for people, in $all, $bring_node, $no_npm and $modules for us.
make_plan() {
    all= plan= bring_node= no_npm= modules=
    for room; do
        lacking=
        "needs_of_$room"
        [ -z "$lacking" ] && continue
        eval "why=\$why_$room"
        add_to_plan "${lacking# } ($why)"
        all="$all$lacking"
    done
    command -v npm >/dev/null 2>&1 || no_npm=yes
    if ! find_node; then
        bring_node=yes
        add_to_plan "Node 20 and npm inside .node/ (here: $(node --version 2>/dev/null || echo no node)${no_npm:+, no npm})"
        # Debian's own node runs npm for the first time; npm's own node follows.
        command -v node >/dev/null 2>&1 || all="$all nodejs"
    fi
    [ -z "$no_npm" ] || add_to_plan "/usr/local/bin/npm (runs .node's)"
    if ! cmp -s "$root/package-lock.json" "$root/node_modules/.weir-lock"; then
        modules=yes
        add_to_plan "node_modules (compiler, bundler, lint)"
    fi
}

add_to_plan() {
    plan="$plan${plan:+, }$1"
}

# set_up ROOM...: installs what these rooms need, after printing once what that is and why; sets $node and $npm.
set_up() {
    make_plan "$@"
    [ -z "$plan" ] && return
    echo "weir: installing $plan" >&2
    if [ -t 0 ] && [ -t 2 ]; then
        printf 'weir: go on? [Y/n] ' >&2
        read -r answer
        case $answer in [Nn]*) die "nothing was installed" ;; esac
    fi
    [ -z "$all$no_npm" ] || need_root
    mkdir -p "$root/dist"
    # One set-up at a time; a second one then has little to do.
    exec 9>"$root/dist/.setup"
    if command -v flock >/dev/null 2>&1; then
        flock -w 900 9 || die "another set-up of this checkout has been at work for 15 minutes"
        make_plan "$@"
    fi
    log=$root/dist/setup.log
    : >"$log"
    [ -z "$all" ] || install_packages $all
    [ -z "$bring_node" ] || install_node
    [ -z "$no_npm" ] || as_root sh "$root/dev/install.sh" launcher "$root" >>"$log" 2>&1 || failed "could not write /usr/local/bin/npm"
    [ -z "$modules" ] || install_modules
    exec 9>&-
}

failed() {
    tail -n 15 "$log" >&2
    die "$1 (all of it: dist/setup.log)"
}

install_packages() {
    command -v apt-get >/dev/null 2>&1 || die "no apt-get here; install by your own means what these Debian packages bring: $*"
    as_root sh "$root/dev/install.sh" packages "$@" >>"$log" 2>&1 || failed "could not install: $*"
}

install_node() {
    mkdir -p "$root/.node/bin" "$root/.node/first"
    if command -v npm >/dev/null 2>&1 && npm --version >/dev/null 2>&1; then
        set -- npm
    else
        as_root sh "$root/dev/install.sh" npm "$root/.node/first" >>"$log" 2>&1 || failed "could not fetch npm from Debian's archive"
        set -- env NODE_PATH="$root/.node/first/usr/share/nodejs" node "$root/.node/first/usr/share/nodejs/npm/bin/npm-cli.js"
    fi
    case $(uname -m) in
        x86_64) cpu=x64 ;;
        aarch64) cpu=arm64 ;;
        *) die "npm's node package has no build for $(uname -m): put Node 20 or later and npm on the PATH" ;;
    esac
    # npm's `node` package only picks, by a script, the package for this system; named here, no script has to run.
    (cd "$root/.node" && "$@" install --prefix . --ignore-scripts --no-audit --no-fund "node-linux-$cpu@20" npm@10) >>"$log" 2>&1 ||
        failed "could not get Node 20 from npm"
    rm -rf "$root/.node/first"
    ln -sf "../node_modules/node-linux-$cpu/bin/node" "$root/.node/bin/node"
    # npm itself, run by the node beside it, independent of PATH.
    printf '%s\n' '#!/bin/sh' 'here=$(dirname "$(readlink -f "$0")")' 'PATH=$here:$PATH exec "$here/node" "$here/../node_modules/npm/bin/npm-cli.js" "$@"' >"$root/.node/bin/npm"
    chmod +x "$root/.node/bin/npm"
    find_node || die "Node from npm does not run here: $root/.node/bin/node --version"
}

install_modules() {
    (cd "$root" && PATH=$(dirname "$node"):$PATH "$npm" ci --ignore-scripts --no-audit --no-fund) >>"$log" 2>&1 || failed "npm ci failed"
    cp "$root/package-lock.json" "$root/node_modules/.weir-lock"
}

build() {
    (unset NODE_EXTRA_CA_CERTS && exec "$node" "$root/dev/build.mjs" "$@")
}

built() {
    for file in weir.cjs weir.js weir-ipvsadm.js weir-daemon.js weir-api.js weir-dashboard.js weir.node weir-signals.so weir.bpf.o node; do
        [ -f "$root/dist/$file" ] || return 1
    done
}
