// Why a director refuses to change its table, or cannot.
import { shellWord } from '../shell-word.js';
import { KEY_IS_EXPOSED } from '../stream-node.js';
import type { ErrorRows } from './error-row.js';

export const directorErrors = {
  'drain-target': {
    text: ({ given }: { given: string }) => `${given} is nothing that can be drained`,
    hint: 'a server (192.0.2.10 or 192.0.2.10:80), a service (tcp:192.0.2.1:80), or one server of it (tcp:192.0.2.1:80/192.0.2.10:80)',
    exitStatus: 2,
  },
  'drain-target-missing': {
    text: ({ target }: { target: string }) => `the table has no ${target}`,
    hint: 'ipvsadm -Ln lists what there is, weir stats health also the servers that their checks have taken out',
    exitStatus: 1,
  },
  'drain-runs': {
    text: ({ id, target, state }: { id: string; target: string; state: string }) => `the drain ${id} of ${target} ${state}`,
    hint: ({ id }: { id: string }) => `weir drain status ${id}; weir drain cancel ${id} gives the weights back`,
    exitStatus: 1,
  },
  'drain-ended': {
    text: ({ id }: { id: string }) => `the drain ${id} has ended: it has no deadline any more`,
    hint: 'cancel it, and begin another one',
    exitStatus: 1,
  },
  'drain-missing': {
    text: ({ id }: { id: string }) => `there is no drain ${id}`,
    hint: 'weir drain list',
    exitStatus: 1,
  },
  'drain-leaves-no-server': {
    text: ({ service }: { service: string }) => `${service} would be left without a server: its clients would be refused`,
    hint: 'add a server first, or add --allow-empty',
    exitStatus: 1,
  },
  'drain-leaves-too-little': {
    text: ({ service, share, least }: { service: string; share: number; least: number }) =>
      `${service} would be left with ${share} % of its weights, and ${least} % must be left`,
    hint: 'wait until another drain has been cancelled, or lower --min-capacity',
    exitStatus: 1,
  },
  'drain-no-instances': {
    text: () => 'no daemon here has an instance of VRRP that a peer could take over',
    hint: '--allow-empty drains this director all the same: /readyz of its control API answers 503 from then on',
    exitStatus: 1,
  },
  'drain-director-end': {
    text: ({ end }: { end: string }) => `a drain of this director cannot end by ${end}: its peers have the connections then`,
    hint: 'leave --end away',
    exitStatus: 2,
  },
  'drain-record': {
    text: () => 'the drains of this table were begun by another build, whose record this one cannot read',
    hint: 'use that build: weir drain list, weir drain cancel',
    exitStatus: 1,
    errno: 'EINVAL',
  },
  'service-exists': { text: () => 'the service is there already', exitStatus: 1, errno: 'EEXIST' },
  'service-missing': { text: () => 'no such service', exitStatus: 1, errno: 'ESRCH' },
  'destination-exists': { text: () => 'the destination is there already', exitStatus: 1, errno: 'EEXIST' },
  'destination-missing': { text: () => 'no such destination', exitStatus: 1, errno: 'ENOENT' },
  'destination-not-unicast': { text: () => 'a destination is a unicast address', exitStatus: 1, errno: 'EINVAL' },
  'destination-family': {
    text: () => 'only a tunnel leads to a destination of another address family',
    exitStatus: 1,
    errno: 'EINVAL',
  },
  'scheduler-unknown': { text: ({ scheduler }: { scheduler: string }) => `no scheduler ${scheduler}`, exitStatus: 1, errno: 'ENOENT' },
  'persistence-engine-unknown': {
    text: ({ engine }: { engine: string }) => `no persistence engine ${engine}`,
    exitStatus: 1,
    errno: 'ENOENT',
  },
  'persistence-mask': { text: ({ length }: { length: number }) => `no prefix length ${length}`, exitStatus: 1, errno: 'EINVAL' },
  'weight-negative': { text: ({ weight }: { weight: number }) => `weight ${weight} is below 0`, exitStatus: 1, errno: 'ERANGE' },
  'thresholds-crossed': { text: () => 'the lower threshold is above the upper one', exitStatus: 1, errno: 'ERANGE' },
  'gue-without-port': { text: () => 'a GUE tunnel needs a port', exitStatus: 1, errno: 'EINVAL' },
  /** No error of the kernel's, which has no FULLNAT: the text is printed, as of the next one. */
  'fullnat-locals': {
    text: ({ max }: { max: number }) =>
      `FULLNAT needs 1 to ${max} local addresses (--local-address; local_addresses of a weir.yaml), each once, of the service's family; none of loopback, link-local or multicast`,
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
  'client-address-refused': {
    text: () => 'only servers of TCP behind local addresses (--fullnat) get the addresses of their clients (--client-address)',
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
  'client-address-ftp': {
    text: () =>
      'the helper for FTP names the local address to the server as its client, which would see another one by --client-address: leave that out, or take the port away from the helper (weir load --ftp-ports)',
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
  'fullnat-one-packet': {
    text: () =>
      'a service of single packets (--ops) has no connections, by which FULLNAT finds the clients: use another method, or leave out --ops',
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
  'fullnat-in-use': {
    text: ({ connections }: { connections: number }) =>
      `the destination has ${connections} connections, and FULLNAT cannot begin or end under them: drain it (weight 0) and wait until they have ended; to remove it and add it again ends them: their packets are dropped from then on`,
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
  'timeout-range': { text: ({ max }: { max: number }) => `timeouts are 0 to ${max} s`, exitStatus: 1, errno: 'EINVAL' },
  'sysctl-unknown': { text: ({ name }: { name: string }) => `no key net.ipv4.vs.${name}`, exitStatus: 1, errno: 'ENOENT' },
  'sysctl-value': {
    text: ({ name, value, min = 0, max }: { name: string; value: string; min?: number; max?: number }) =>
      `net.ipv4.vs.${name} cannot be ${value}${max === undefined ? '' : `: it takes ${min} to ${max}`}`,
    exitStatus: 1,
    errno: 'EINVAL',
  },
  'interface-unknown': { text: ({ name }: { name: string }) => `no such interface: ${name}`, exitStatus: 1, errno: 'ENODEV' },
  'sync-daemon-exists': { text: () => 'that synchronisation daemon runs already', exitStatus: 1, errno: 'EEXIST' },
  'sync-daemon-missing': { text: () => 'no synchronisation daemon runs', exitStatus: 1, errno: 'ESRCH' },
  'sync-daemon-unreachable': {
    text: ({ name }: { name: string }) => `no multicast packet leaves by ${name}, which is down`,
    exitStatus: 1,
    errno: 'ENETUNREACH',
  },
  'sync-daemon-group': { text: () => 'the group of a synchronisation daemon is a multicast address', exitStatus: 1, errno: 'EINVAL' },
  'sync-daemon-peers': {
    text: ({ max }: { max: number }) =>
      `a synchronisation daemon takes 1 to ${max} peers (--sync-peers), by addresses that they send from, of its group's family`,
    exitStatus: 1,
  },
  'sync-daemon-families': {
    text: () => 'connections to a destination of another address family than its service are not synchronised',
    exitStatus: 1,
    errno: 'EINVAL',
  },
  'sync-stream-exists': {
    text: () => "a process of weir's own stream runs here already",
    hint: 'weir sync status shows what it does; end that one first, where this one is to take its place',
    exitStatus: 1,
    errno: 'EEXIST',
  },
  'sticky-secret': {
    text: ({ path, why }: { path: string; why: string }) => `${path}: ${why}`,
    hint: ({ path }: { path: string }) =>
      `(umask 077; head -c 32 /dev/urandom | base64 > ${shellWord(path)}); the same file belongs on each director`,
    exitStatus: 1,
  },
  'sync-key': {
    text: ({ path, why }: { path: string; why: string }) => `${path}: ${why}`,
    hint: ({ path, why }: { path: string; why: string }) =>
      why === KEY_IS_EXPOSED
        ? `chown root: ${shellWord(path)} && chmod 600 ${shellWord(path)}`
        : `copy the file of another node there; the first one is made by weir sync keygen ${shellWord(path)}`,
    exitStatus: 1,
  },
  'sync-key-exists': {
    text: ({ path }: { path: string }) => `${path} is there already, and is not overwritten: peers may have its key`,
    hint: 'name another file, or remove this one first',
    exitStatus: 1,
  },
  'sync-process-ended': {
    text: ({ role }: { role: string }) => `the process of the synchronisation daemon (${role}) did not come up`,
    exitStatus: 1,
  },
  'table-full': { text: ({ what }: { what: string }) => `no room for ${what}`, exitStatus: 1, errno: 'ENOSPC' },
  /** `missing`: the line of the list of capabilities. */
  'change-not-undone': {
    text: ({ failure, obstacle }: { failure: string; obstacle: string }) =>
      `${failure}; what was changed before could not be taken back yet (${obstacle}): the next command tries again`,
    exitStatus: 1,
  },
  /** Of a service that was to be added. */
  'mark-path-refused': {
    text: ({ why }: { why: string }) =>
      `the kernel refuses the route or the policy rule that leads packets with this firewall mark to the table: ${why}`,
    exitStatus: 1,
    errno: 'EOPNOTSUPP',
  },
} as const satisfies ErrorRows;
