// Why the datapath cannot be loaded, attached or used in this network namespace.
import { otherLayouts } from '../other-layouts.js';
import { shellWord } from '../shell-word.js';
import type { ErrorRows } from './error-row.js';

const named = (maps: readonly string[]): string => (maps.length === 0 ? '' : ` (${otherLayouts(maps)})`);

/** Of tables, by name: `own`: of this build's. */
interface TwoLayouts {
  readonly loaded: string;
  readonly own: string;
}
const different = ({ loaded, own }: TwoLayouts): string => `its tables have layout ${loaded}, those of this build ${own}`;

interface Why {
  readonly why: string;
}
/** `name`: what it must be. */
interface Renamed {
  readonly name: string;
  readonly now: string;
}
interface Place {
  readonly place: string;
}

export const datapathErrors = {
  'datapath-not-loaded': { text: () => 'the datapath is not loaded in this network namespace', exitStatus: 1 },
  'datapath-unloaded': { text: () => 'the datapath was unloaded meanwhile', hint: 'run the command again', exitStatus: 1 },
  'datapath-loaded': {
    text: () => 'it is loaded with room for other numbers of services or destinations, and its table is in use',
    hint: 'ipvsadm-save, then weir unload (connections are lost); the size of the connection table alone can be changed now',
    exitStatus: 2,
  },
  'table-too-small': {
    text: ({ connections, room, label }: { connections: number; room: number; label?: string }) =>
      `a table for ${room} connections is too small: there are ${connections}${label === undefined ? '' : ` (${label})`}`,
    hint: 'choose a larger one; all tables stay as they are',
    exitStatus: 2,
  },
  /** Of empty tables, which are loaded again with other sizes. */
  'tables-not-reloaded': {
    text: ({ failure, obstacle }: { failure: string; obstacle: string }) =>
      `${failure}; then the tables could not be loaded with the sizes of before either (${obstacle}), so none are loaded`,
    hint: 'free memory, then weir load: it loads them with the sizes and settings of before',
    exitStatus: 1,
  },
  'table-move-back': {
    text: () => 'while the connections moved, others filled the new table: it was given up, and the old one goes on with all connections',
    hint: 'choose a larger one',
    exitStatus: 1,
  },
  'table-move-stuck': {
    text: ({ left }: { left: number }) =>
      `${left === 1 ? 'one connection has' : `${left} connections have`} no room in the table that is to stay`,
    hint: 'nothing is lost, packets use both tables; weir load tries again, when some connections have ended',
    exitStatus: 1,
  },
  /** A container with the host's network, or its host. */
  'datapath-elsewhere': {
    text: ({ place }: { place: string }) =>
      `another weir is loaded in this network namespace; its tables are in a ${place} that cannot be seen here`,
    hint: ({ place }: { place: string }) => `run the command where that one was loaded, or mount its ${place} here`,
    exitStatus: 1,
  },
  'datapath-other-build': {
    text: ({ maps, layouts }: { maps: readonly string[]; layouts: TwoLayouts }) =>
      `the loaded datapath is of another build and goes on as it is${named(maps)}: ${different(layouts)}`,
    hint: 'save its table with that build (ipvsadm-save -n), then run weir unload (table and connections are lost)',
    exitStatus: 1,
  },
  'datapath-build-before': {
    text: ({ maps }: { maps: readonly string[] }) => `the loaded tables are those of the build before${named(maps)}`,
    hint: 'weir load (it takes them over under traffic; no connection is lost)',
    exitStatus: 1,
  },
  'takeover-elsewhere': {
    text: ({ layouts }: { layouts: TwoLayouts }) =>
      `another build has begun to take over the loaded tables, and packets go on meanwhile: ${different(layouts)}`,
    hint: 'if it was killed, run weir load of that build: it goes on with the takeover, and no connection is lost',
    exitStatus: 1,
  },
  'table-moving-elsewhere': {
    text: () => 'another build has begun to move the connections into another table, and was killed',
    hint: 'run weir load of that build first',
    exitStatus: 1,
  },
  /** `label`: of the build that is to be loaded beside them. */
  'programs-without-place': {
    text: ({ label }: { label: string }) =>
      `the programs that run are those of another build, from which packets cannot go on to the programs for ${label} of this one`,
    hint: 'weir load (it exchanges the programs; nothing is lost)',
    exitStatus: 1,
  },
  'drops-without-history': {
    text: () => 'the loaded programs are of an older build, which does not know when packets were dropped',
    hint: 'weir load (it exchanges the programs; nothing is lost)',
    exitStatus: 1,
  },
  'pin-missing': {
    text: ({ path }: { path: string }) => `${path} was removed, though the datapath needs it`,
    hint: 'run weir unload (connections are lost), then restore the table',
    exitStatus: 1,
  },
  'pins-damaged': { text: () => "the pinned tables are not weir's, or were never finished", hint: 'run weir unload', exitStatus: 1 },
  'table-unknown-number': {
    text: ({ what, number }: { what: string; number: number }) => `the table holds ${what} ${number}, which this version does not know`,
    exitStatus: 1,
  },
  'journal-missing': {
    text: ({ path }: { path: string }) =>
      `a command that changes all or nothing was killed, and ${path}, which would take it back, is not there any more, or not as it ` +
      'was written: the table is whole, but as far as that command got',
    exitStatus: 1,
  },
  'self-check-failed': {
    text: ({ kernel, vector, difference }: { kernel: string; vector: string; difference: string }) =>
      `the datapath fails its self-check on this kernel (${kernel}), and is not attached: “${vector}”: ${difference}; please report this`,
    exitStatus: 1,
  },
  'capabilities-lacking': {
    text: ({ code, lacked }: { code: string; lacked: readonly string[] }) =>
      `the kernel refuses the datapath (${code}): this process lacks ${lacked.join(' and ')}`,
    hint: 'root with all capabilities has them; a container gets them by --cap-add, a unit by AmbientCapabilities=',
    exitStatus: 1,
  },
  'kernel-refuses-datapath': {
    text: ({ code, verifier }: { code: string; verifier: string }) =>
      `this kernel refuses the datapath (${code})${verifier === '' ? '' : `: ${verifier}`}: Linux 6.1 or newer with BPF is needed`,
    exitStatus: 1,
  },
  /** `entries`: of `bytes` each, where they are known. */
  'bpf-table-refused': {
    text: ({ code, name, entries, bytes }: { code: string; name: string; entries?: number; bytes?: number }) => {
      const size = entries === undefined ? '' : `, ${entries} records of ${bytes} bytes`;
      return `${code === 'ENOMEM' ? 'there is no memory for the table' : 'the kernel refuses the table as too large:'} ${name}${size} (${code})`;
    },
    hint: ({ code }: { code: string }) =>
      `${code === 'ENOMEM' ? 'free memory, or ' : ''}choose a smaller size: weir load --connections N, and where it is loaded first ` +
      '--max-services and --max-destinations',
    exitStatus: 1,
  },
  /** E2BIG: the program; ENOSPC: the verifier's log about it. */
  'bpf-program-refused': {
    text: ({ code, program, verifier }: { code: string; program: string; verifier: string }) =>
      code === 'ENOSPC'
        ? `this kernel refuses the program ${program}, and the verifier's log of why is too long to be read (ENOSPC)`
        : `this kernel's verifier refuses the program ${program} as too large (${code}): ${verifier}`,
    hint: 'use Linux 6.1 or newer; if it is, please report this with the output of uname -a',
    exitStatus: 1,
  },
  'timer-not-started': {
    text: ({ step }: { step: number }) => `the datapath's timer could not be started (step ${step})`,
    exitStatus: 1,
  },
  'xdp-veth-loses': {
    text: ({ names }: { names: string }) =>
      `XDP would lose every packet that leaves by ${names}: the other end of the veth does not poll (gro is off there)`,
    hint: 'at the other end: ethtool -K DEV gro on tx off; or serve veths by tc: weir load --attach auto',
    exitStatus: 1,
  },
  'xdp-not-attached': {
    text: ({ name, why }: Why & { name: string }) => `XDP cannot be attached to ${name}: ${why}`,
    hint: 'remove what keeps it away, or serve such interfaces by tc: weir load --attach auto',
    exitStatus: 1,
  },
  'weir-pair-broken': {
    text: ({ present, missing }: { present: string; missing: string }) => `${present} is there without ${missing}`,
    hint: ({ present }: { present: string }) => `remove it (ip link del ${present})`,
    exitStatus: 1,
  },
  'weir-pair-renamed': {
    text: ({ name, now }: Renamed) => `weir's own interface ${name} was renamed to ${now}`,
    hint: ({ name, now }: Renamed) => `ip link set ${shellWord(now)} down && ip link set ${shellWord(now)} name ${name}`,
    exitStatus: 1,
  },
  'explain-no-device': {
    text: () => 'no route leads back to the source of the packet, so no interface is known by which it comes',
    hint: 'name the interface: --dev IF',
    exitStatus: 1,
  },
  'explain-not-switched': {
    text: () => 'the destination of the packet is not switched by content: a request decides nothing there',
    hint: 'weir switch status',
    exitStatus: 2,
  },
  'bpffs-folder': {
    text: ({ folder, why }: Why & { folder: string }) => `cannot make ${folder} for the pinned tables: ${why}`,
    exitStatus: 1,
  },
  'bpffs-mount': { text: ({ place, why }: Why & Place) => `cannot mount a bpffs at ${place}: ${why}`, exitStatus: 1 },
  'bpffs-hidden': {
    text: ({ place }: Place) => `${place} was mounted but is no bpffs: is something else mounted over it?`,
    exitStatus: 1,
  },
  'proc-not-mounted': { text: () => '/proc is not mounted', hint: 'mount -t proc proc /proc', exitStatus: 1 },
  'mounts-hidden': {
    text: () => "cannot see the machine's mounts (no process of it can be looked at)",
    hint: 'run it as root',
    exitStatus: 1,
  },
} as const satisfies ErrorRows;
