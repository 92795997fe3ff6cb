// Why a VIP or a real server cannot be set up on this host. Nothing was changed.
import type { ErrorRows } from './error-row.js';

interface Address {
  readonly address: string;
}
interface Name {
  readonly name: string;
}
interface Placed extends Address {
  readonly prefixLength: number;
  readonly device: string;
}
interface Label {
  readonly label: string;
}

const removal = ({ address, prefixLength, device }: Placed): string => `ip addr del ${address}/${prefixLength} dev ${device}`;

export const hostErrors = {
  'vip-impossible': { text: ({ address }: Address) => `${address} cannot be a VIP`, exitStatus: 1 },
  'vip-on-loopback': {
    text: ({ name }: Name) => `${name} is the loopback`,
    hint: 'VIPs of a real server go there, with weir realserver start',
    exitStatus: 1,
  },
  'interface-down': {
    text: ({ name }: Name) => `${name} is down`,
    hint: ({ name }: Name) => `ip link set ${name} up`,
    exitStatus: 1,
  },
  'interface-is-loopback': {
    text: ({ name }: Name) => `${name} is the loopback`,
    hint: '--iface names an interface that faces the cluster',
    exitStatus: 1,
  },
  'vip-elsewhere': {
    text: ({ address, prefixLength, device }: Placed) => `${address}/${prefixLength} is on ${device} already`,
    hint: removal,
    exitStatus: 1,
  },
  'vip-not-added-here': {
    text: ({ address, device }: Placed) => `${address} on ${device} was not added by weir vip`,
    hint: (placed: Placed) => `${removal(placed)} removes it all the same`,
    exitStatus: 1,
  },
  'vip-taken': {
    text: ({ address, device, mac, asks }: Address & { device: string; mac: string; asks: boolean }) =>
      `${mac} ${asks ? 'is asking for' : 'answers for'} ${address} on ${device}: another host has it`,
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
  'label-form': {
    text: ({ label, device }: Label & { device: string }) => `label ${label} must be ${device}:N`,
    exitStatus: 1,
  },
  'label-impossible': {
    text: ({ label, device, lengthMax }: Label & { device: string; lengthMax: number }) =>
      `label ${label} cannot be: ${device}:N, at most ${lengthMax} characters`,
    exitStatus: 1,
  },
  'label-taken': { text: ({ label, holder }: Label & { holder: string }) => `label ${label} is ${holder}'s`, exitStatus: 1 },
  'vip-answers-arp': {
    text: ({ address, device }: Address & { device: string }) =>
      `${address} is on ${device}: a real server that answers ARP for the VIP takes it from the director`,
    exitStatus: 1,
  },
  'vip-whole-subnet': {
    text: ({ address, prefixLength }: Placed) => `${address}/${prefixLength} is on lo, which makes the whole subnet local`,
    hint: removal,
    exitStatus: 1,
  },
  'state-file-damaged': {
    text: ({ path }: { path: string }) => `${path} is damaged`,
    hint: 'undo by hand what it lists, then remove it',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
