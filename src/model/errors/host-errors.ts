// Why a VIP or a real server cannot be set up on this host. Nothing was changed.
import { shellWord } from '../shell-word.js';
import type { ErrorRows } from './error-row.js';

interface Address {
  readonly address: string;
}
interface Name {
  readonly name: string;
}
interface Tuning {
  readonly key: string;
}
interface Placed extends Address {
  readonly prefixLength: number;
  readonly interface: string;
}
interface Label {
  readonly label: string;
}

const removal = ({ address, prefixLength, interface: name }: Placed): string =>
  `ip addr del ${address}/${prefixLength} dev ${shellWord(name)}`;

export const hostErrors = {
  'metrics-twice': {
    text: ({ pid }: { pid: number }) => `node_exporter (process ${pid}) has node_ipvs_* from the kernel's IPVS, which is loaded here, too`,
    hint: 'start node_exporter with --no-collector.ipvs, or write without these names: --family keepalived,weir',
    exitStatus: 1,
  },
  'vip-impossible': { text: ({ address }: Address) => `${address} cannot be a VIP`, exitStatus: 1 },
  'vip-of-network': {
    text: ({ address, network, broadcast }: Address & { network: string; broadcast: boolean }) =>
      `${address} is the ${broadcast ? 'broadcast' : 'first'} address of the network ${network}: no host can have it`,
    exitStatus: 1,
  },
  'vip-of-routers': {
    text: ({ address, network }: Address & { network: string }) =>
      `${address} is the address of all routers of the network ${network} (RFC 4291): no host can have it`,
    exitStatus: 1,
  },
  'vip-on-loopback': {
    text: ({ name }: Name) => `${name} is the loopback`,
    hint: 'VIPs of a real server go there, with weir realserver start',
    exitStatus: 1,
  },
  'interface-down': {
    text: ({ name }: Name) => `${name} is down`,
    hint: ({ name }: Name) => `ip link set ${shellWord(name)} up`,
    exitStatus: 1,
  },
  'interface-without-ipv6': {
    text: ({ name }: Name) => `IPv6 is off on ${name}`,
    hint: ({ name }: Name) => `sysctl -w ${shellWord(`net.ipv6.conf.${name.replaceAll('.', '/')}.disable_ipv6=0`)}`,
    exitStatus: 1,
  },
  'interface-is-loopback': {
    text: ({ name }: Name) => `${name} is the loopback`,
    hint: '--iface names an interface that faces the cluster',
    exitStatus: 1,
  },
  'vip-elsewhere': {
    text: ({ address, prefixLength, interface: name }: Placed) => `${address}/${prefixLength} is on ${name} already`,
    hint: (placed: Placed) => `leave it there, where its services find it, or remove it first: ${removal(placed)}`,
    exitStatus: 1,
  },
  'vip-not-added-here': {
    text: ({ address, interface: name }: Placed) => `${address} on ${name} was not added by weir vip`,
    hint: (placed: Placed) => `${removal(placed)} removes it all the same`,
    exitStatus: 1,
  },
  'vip-taken': {
    text: ({ address, interface: name, mac, asks }: Address & { interface: string; mac: string; asks: boolean }) =>
      `${mac} ${asks ? 'is asking for' : 'answers for'} ${address} on ${name}: another host has it`,
    hint: 'weir doctor names the real server where it is one',
    exitStatus: 1,
  },
  'vip-of-vrrp': {
    text: ({ address, instance, file, running }: Address & { instance: string; file: string; running: boolean }) =>
      `${instance} of ${file} manages ${address}: ${running ? 'only the master may have it' : 'it comes and goes with VRRP, which does not run here'}`,
    hint: ({ address, running, file }: Address & { instance: string; file: string; running: boolean }) =>
      running
        ? `weir doctor shows where it is; to add it by hand, first remove it from ${file} on every node and reload`
        : `start keepalived, or where no other node has ${address}: the same command with --force`,
    exitStatus: 1,
  },
  'vip-perhaps-of-vrrp': {
    text: ({ address, file, fault }: Address & { file: string; fault: string }) =>
      `whether a VRRP instance manages ${address} cannot be known: a keepalived runs with ${file}, which is broken now: ${fault}`,
    hint: ({ file }: { file: string }) =>
      `correct it (weir config lint ${shellWord(file)}); where you know that no instance has the address: the same command with --force`,
    exitStatus: 1,
  },
  'install-foreign': {
    text: ({ paths }: { paths: readonly string[] }) => `${paths.join(', ')}: not weir's; nothing was installed`,
    hint: 'move it away, then run weir install again',
    exitStatus: 1,
  },
  'install-changed': {
    text: ({ paths }: { paths: readonly string[] }) => `${paths.join(', ')}: changed since weir installed it; nothing was installed`,
    hint: 'move it away, run weir install again, and take your changes over',
    exitStatus: 1,
  },
  'install-packaged': {
    text: () => 'a package of this system installed weir; there is nothing to add to it',
    hint: 'keepalived and genhash come with the package weir-keepalived',
    exitStatus: 1,
  },
  'label-form': {
    text: ({ label, interface: name }: Label & { interface: string }) => `label ${label} must be ${name}:N`,
    exitStatus: 1,
  },
  'label-impossible': {
    text: ({ label, interface: name, lengthMax }: Label & { interface: string; lengthMax: number }) =>
      `label ${label} cannot be: ${name}:N, at most ${lengthMax} characters`,
    exitStatus: 1,
  },
  'label-of-ipv6': {
    text: ({ label }: Label) => `label ${label}: IPv6 addresses have no labels`,
    exitStatus: 1,
  },
  'label-taken': { text: ({ label, holder }: Label & { holder: string }) => `label ${label} is ${holder}'s`, exitStatus: 1 },
  'vip-answers-arp': {
    text: ({ address, interface: name }: Address & { interface: string }) =>
      `${address} is on ${name}: a real server that answers ${address.includes(':') ? 'neighbour solicitations' : 'ARP'} for the VIP takes it from the director`,
    exitStatus: 1,
  },
  'vip-whole-subnet': {
    text: ({ address, prefixLength }: Placed) => `${address}/${prefixLength} is on lo, which makes the whole subnet local`,
    hint: removal,
    exitStatus: 1,
  },
  'tunnel-differs': {
    text: ({ name }: Name) => `${name} is there already, and takes other packets than those that are asked for`,
    hint: ({ name }: Name) => `weir realserver stop, if that made it, else ip link del ${shellWord(name)}; then start again`,
    exitStatus: 1,
  },
  'tunnel-taken': {
    text: ({ name, kind }: Name & { kind: string }) =>
      `${name} takes the packets of every ${kind} tunnel that no other device is for, and there can be one such device`,
    hint: '--from DIRECTOR names those that a device of weir is for',
    exitStatus: 1,
  },
  'tunnel-accepts-all': {
    text: ({ name }: Name) => `${name} takes packets of every director already`,
    hint: 'weir realserver stop, then start with --from',
    exitStatus: 1,
  },
  'tunnel-unknown': {
    text: ({ kind }: { kind: string }) => `this kernel has no ${kind} devices`,
    hint: 'install the package with its modules, or take another --tun-type; weir realserver stop undoes what was done',
    exitStatus: 1,
  },
  'gue-absent': {
    text: ({ why }: { why: string }) => `this kernel takes no GUE: ${why}`,
    hint: 'a kernel with CONFIG_NET_FOU and its module fou, as those of Debian are; or a director with ipip or GRE',
    exitStatus: 1,
  },
  'rip-absent': {
    text: ({ address }: Address) => `${address} is not an address of this host`,
    hint: '--rip is the address by which the director has this host as a real server',
    exitStatus: 1,
  },
  'tuning-refused': { text: ({ key, why }: Tuning & { why: string }) => `${key} is never set: ${why}`, exitStatus: 2 },
  'tuning-unknown': {
    text: ({ key, roles }: Tuning & { roles: string; near?: string }) => `${key} is not in the table of ${roles}`,
    hint: ({ near, roles }: { near?: string; roles: string }) => near ?? `weir tune --role ${roles} prints the table`,
    exitStatus: 2,
  },
  'state-file-damaged': {
    text: ({ path }: { path: string }) => `${path} is damaged`,
    hint: 'undo by hand what it lists, then remove it',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
