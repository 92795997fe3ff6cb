// What is in each Debian package: its fields, its files, and what it does when it comes and goes. dev/package.mjs makes them.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const LIB = 'usr/lib/weir';
/** Where Ansible finds it by its name. */
const COLLECTION = 'usr/share/ansible/collections/ansible_collections/weir/director';
const OF_KEEPALIVED = /\/(?:keepalived(?:\.8|\.conf\.5)?|genhash(?:\.1)?)$/;

const COMMON = {
  Section: 'net',
  Priority: 'optional',
  Maintainer: 'The weir developers <weir@localhost>',
};

const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: weir

Files: *
Copyright: The weir developers
License: Apache-2.0
 The text is in /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/weir/dist/*.bpf.o
Copyright: The weir developers
License: GPL-2.0-only or BSD-2-Clause
 The text of the former is in /usr/share/common-licenses/GPL-2; that of the latter is LICENSE.BSD-2-Clause beside this file.
`;

/** systemd's part of a package that has a unit: known, and switched on at the first installation, as Debian's own packages do it. */
const enable = (unit) => `    if [ -x /usr/bin/deb-systemd-helper ]; then
        deb-systemd-helper unmask ${unit} >/dev/null || true
        if deb-systemd-helper --quiet was-enabled ${unit}; then
            deb-systemd-helper enable ${unit} >/dev/null || true
        else
            deb-systemd-helper update-state ${unit} >/dev/null || true
        fi
    fi
    if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
`;

const forget = (unit) => `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
if [ -x /usr/bin/deb-systemd-helper ]; then
    case $1 in
        remove) deb-systemd-helper mask ${unit} >/dev/null || true ;;
        purge)
            deb-systemd-helper purge ${unit} >/dev/null || true
            deb-systemd-helper unmask ${unit} >/dev/null || true
            ;;
    esac
fi
`;

const POSTINST = `#!/bin/sh
set -e

# V8 compiles the program for the node of this host, so that each start is quick. A start without that is only slower.
compile() {
    rm -f /${LIB}/dist/weir*.compiled
    for program in weir ipvsadm keepalived; do
        WEIR_MAKE_COMPILED=1 "/${LIB}/bin/$program" </dev/null >/dev/null 2>&1 ||
            echo "weir: no compiled form of $program could be made: every start of it will be slower" >&2
    done
}

# Loaded here, it gets this version's programs under traffic; nothing is loaded where nothing was.
renew() {
    status=0
    weir status >/dev/null 2>&1 || status=$?
    case $status in
        0 | 4) weir load || echo "weir: the datapath goes on with the programs of before: see what weir doctor prints" >&2 ;;
    esac
}

case $1 in
    configure)
        compile
${enable('ipvsadm.service').replaceAll(/^(?=.)/gm, '    ')}        if [ -e /run/udev/control ]; then udevadm control --reload || true; fi
        if [ -n "\${2-}" ]; then
            renew
            if [ -d /run/systemd/system ]; then deb-systemd-invoke try-restart weir-sync.service weir-run.service || true; fi
        fi
        ;;
    triggered) compile ;;
esac
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ]; then
    if [ -d /run/systemd/system ]; then deb-systemd-invoke stop weir-run.service weir-sync.service weir-switch.service weir-apply.service ipvsadm.service || true; fi
    # Of this network namespace; those of others go with them.
    status=0
    weir status >/dev/null 2>&1 || status=$?
    if [ "$status" -ne 3 ]; then weir unload || echo "weir: the datapath could not be unloaded: a reboot removes it" >&2; fi
    rm -f /${LIB}/dist/weir*.compiled
fi
`;

function program({ stage, root, read, inPlace, share, dropIns, gzip }) {
  stage.file(`${LIB}/bin/weir`, join(root, 'bin/weir'));
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'tcpvsadm', 'keepalived', 'genhash'])
    stage.link(`${LIB}/bin/${name}`, 'weir');
  for (const name of readdirSync(join(root, 'dist')).filter((one) =>
    /^weir(?:\.cjs|(?!-asan)[\w-]*\.(?:js|css|bpf\.o|node|so))$/.test(one),
  ))
    stage.file(`${LIB}/dist/${name}`, join(root, 'dist', name));
  stage.text(`${LIB}/dist/node`, '/usr/bin/node\n');
  stage.text(`${LIB}/share/udev/90-weir.rules`, read('share/udev/90-weir.rules'));
  for (const name of ['ipvsadm-service', 'follow-firewall'])
    stage.text(`${LIB}/share/systemd/${name}`, inPlace(read(`share/systemd/${name}`)));
  stage.text(`${LIB}/share/packaged`, 'The files of weir are those of its Debian package.\n');
  for (const name of ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'tcpvsadm'])
    stage.link(`usr/sbin/${name}`, `../lib/weir/bin/${name}`);
  for (const unit of ['ipvsadm', 'weir-apply', 'weir-run', 'weir-switch', 'weir-firewall', 'weir-sync'].map((name) => `${name}.service`))
    stage.text(`usr/lib/systemd/system/${unit}`, inPlace(read(`share/systemd/${unit}`)));
  for (const [path, text] of dropIns) stage.text(`usr/lib/systemd/system/${path}`, inPlace(text));
  stage.text('usr/lib/udev/rules.d/90-weir.rules', inPlace(read('share/udev/90-weir.rules')));
  share((path) => !OF_KEEPALIVED.test(path));
  stage.text('usr/share/weir/schema/weir.schema.json', read('share/schema/weir.schema.json'));
  for (const path of readdirSync(join(root, 'ansible'), { recursive: true }).filter((one) => /\.\w+$/.test(one)))
    if (lstatSync(join(root, 'ansible', path)).isFile()) stage.file(`${COLLECTION}/${path}`, join(root, 'ansible', path));
  const doc = 'usr/share/doc/weir';
  stage.text(`${doc}/copyright`, COPYRIGHT);
  stage.text(`${doc}/LICENSE.BSD-2-Clause`, read('bpf/LICENSE.BSD-2-Clause'));
  gzip(`${doc}/changelog`, read('CHANGELOG.md'));
  for (const name of readdirSync(join(root, 'docs'), { recursive: true }).filter((one) => one.endsWith('.md')))
    stage.text(`${doc}/${name}`, read(`docs/${name}`));
  // Of weir.yaml and of the key of a stream.
  stage.folder('etc/weir');
}

function keepalived({ stage, read, inPlace, share, gzip }) {
  stage.link('usr/sbin/keepalived', '../lib/weir/bin/keepalived');
  stage.link('usr/bin/genhash', '../lib/weir/bin/genhash');
  stage.folder('etc/keepalived');
  stage.text('usr/lib/systemd/system/keepalived.service', inPlace(read('share/systemd/weir-keepalived.service')));
  share((path) => OF_KEEPALIVED.test(path));
  const doc = 'usr/share/doc/weir-keepalived';
  stage.text(`${doc}/copyright`, COPYRIGHT);
  stage.text(`${doc}/examples/rsyslog.conf`, read('share/rsyslog/keepalived.conf'));
  gzip(`${doc}/changelog`, read('CHANGELOG.md'));
}

/** `glibc`, `libbpf`: the newest symbols that the addon asks for; `version`: of the packages. */
export const packages = ({ glibc, libbpf, version }) => [
  {
    name: 'weir',
    control: {
      ...COMMON,
      Depends: `nodejs (>= 18), libbpf1 (>= 1:${libbpf}), libpcre2-8-0 (>= 10.32), libc6 (>= ${glibc}), iproute2`,
      Suggests: `weir-keepalived (= ${version})`,
      Provides: 'ipvsadm',
      Conflicts: 'ipvsadm',
      Replaces: 'ipvsadm',
      Description: `Linux Virtual Server on an eBPF datapath
 Balances connections over real servers as the kernel's IPVS does, with the
 command line of ipvsadm, by BPF programs that it attaches to the interfaces.
 Needs no kernel module; the programs are compiled already.`,
    },
    scripts: {
      postinst: POSTINST,
      prerm: PRERM,
      postrm: forget('ipvsadm.service'),
      triggers: 'interest-noawait /usr/bin/node\n',
    },
    fill: program,
  },
  {
    name: 'weir-keepalived',
    control: {
      ...COMMON,
      Depends: `weir (= ${version})`,
      Provides: 'keepalived',
      Conflicts: 'keepalived',
      Replaces: 'keepalived',
      Description: `keepalived on weir's datapath
 VRRP, BFD and health checks by the configuration and with the command line of
 keepalived, for the virtual servers of the package weir.`,
    },
    scripts: {
      postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
${enable('keepalived.service')}    # The daemon's processes are of one build.
    if [ -n "\${2-}" ] && [ -d /run/systemd/system ]; then deb-systemd-invoke try-restart keepalived.service || true; fi
fi
`,
      prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then deb-systemd-invoke stop keepalived.service || true; fi
`,
      postrm: forget('keepalived.service'),
    },
    fill: keepalived,
  },
];
