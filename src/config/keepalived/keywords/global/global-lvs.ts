// global_defs: virtual servers (keepalived.conf(5)).
import { HOLD_MAX_MS } from '../../../../model/stream-node.js';
import type { Keyword } from '../../keyword.js';
import { INT_MAX, UNSIGNED_MAX } from '../../values/number.js';
import { BOOLEAN, FLAG, integer, words } from '../arguments.js';

const NO_MARKS = 'each address of a virtual_server_group is a service of its own in the table, no firewall mark joins them';

const streamKeywords: readonly Keyword[] = [
  {
    name: 'hold',
    argument: integer(0, HOLD_MAX_MS),
    default: '0',
    meaning:
      'Milliseconds, at most, for which the first packet of a new connection waits until all peers have the connection; 0: it does not wait.',
  },
  {
    name: 'key',
    argument: { kind: 'text', alone: true },
    meaning: 'FILE: made by weir sync keygen, and the same on all nodes, or the pins of peers are given; required.',
  },
  {
    name: 'listen',
    argument: words(1),
    default: '0.0.0.0',
    meaning: 'ADDRESS [port N]: where peers connect to; :: where the first peer has an IPv6 address.',
  },
  {
    name: 'peer',
    repeated: true,
    argument: words(1),
    meaning:
      "ADDRESS [port N] [pin PIN]: another node, one line each; pin: of its key, if that is not this node's. The default of both ports is 8848.",
  },
];

/** The keywords of global_defs for virtual servers. */
export const globalLvsKeywords: readonly Keyword[] = [
  {
    name: 'lvs_sync_daemon',
    repeated: true,
    argument: words(1),
    meaning:
      'IF [[inst] INSTANCE] [id 0..255] [maxlen 1..65507] [port N] [ttl N] [group ADDRESS]: send connections to the other director, and receive its own; with lvs_sync_stream only while a peer has no session of the stream.',
    messages: { missing: 'lvs_sync_daemon requires interface' },
  },
  {
    name: 'lvs_sync_grace',
    argument: integer(0, 60),
    default: '3',
    meaning:
      "Seconds after a takeover for which TCP and SCTP of connections that are not known here are dropped, not reset, where there is an lvs_sync_daemon or a stream; 0: none. weir's own.",
  },
  {
    name: 'lvs_sync_peers',
    repeated: true,
    argument: words(1),
    meaning:
      "ADDRESS...: lvs_sync_daemon takes messages from these addresses alone, 16 at most; without it from any, as the kernel does, or from the peers of the stream. weir's own.",
  },
  {
    name: 'lvs_sync_stream',
    argument: { kind: 'block', label: 0, keywords: () => streamKeywords },
    meaning: "Keep connections the same with other nodes of weir by weir's own stream, as weir sync serve does. weir's own.",
  },
  {
    name: 'lvs_sync_wait',
    argument: integer(0, 600),
    default: '60',
    meaning:
      "Seconds, at most, for which an instance does not preempt a master of lower priority, until this director has the connections of all peers of weir's own stream; 0: it does not wait. weir's own.",
  },
  {
    name: 'lvs_timeouts',
    argument: words(2),
    meaning: '[tcp S] [tcpfin S] [udp S]: timeouts of idle connections in seconds, 0..2678400.',
    messages: { missing: 'lvs_timeouts requires at least one option' },
  },
  { name: 'lvs_flush', argument: FLAG, meaning: 'Clear the IPVS table at start.' },
  {
    name: 'lvs_flush_on_stop',
    aliases: ['lvs_flush_onstop'],
    argument: words(0),
    meaning: '[VS]: clear the IPVS table at stop; VS: only the configured virtual servers.',
  },
  {
    name: 'checker_log_all_failures',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Log every failed check, not only the last retry.',
    messages: { invalid: 'Invalid value for checker_log_all_failures specified' },
  },
  {
    name: 'shared_checks',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Checks of several virtual servers that ask the same of one host with the same times make one attempt. weir only.',
    messages: { invalid: "Invalid value '%v' for global shared_checks specified" },
  },
  {
    name: 'rs_init_notifies',
    argument: BOOLEAN,
    default: 'off',
    meaning: 'Run the notify scripts of real servers that are up at start, too.',
    messages: { invalid: "Invalid value '%v' for global rs_init_notifies specified" },
  },
  {
    name: 'nftables_ipvs',
    argument: words(0),
    acted: 'accepted',
    because: NO_MARKS,
    meaning: '[TABLE]: one firewall mark for a group of virtual servers.',
    messages: { again: 'ipvs nftables already specified - ignoring' },
  },
  {
    name: 'nftables_ipvs_priority',
    argument: integer(-INT_MAX - 1, INT_MAX),
    acted: 'accepted',
    because: NO_MARKS,
    meaning: 'Priority of its chains.',
    messages: { invalid: "invalid ipvs nftables chain priority '%v'" },
  },
  {
    name: 'nftables_ipvs_start_fwmark',
    argument: integer(1, UNSIGNED_MAX),
    default: '1000',
    acted: 'accepted',
    because: NO_MARKS,
    meaning: 'First of its firewall marks.',
    messages: { invalid: "invalid ipvs nftables start_fwmark priority '%v'" },
  },
];
