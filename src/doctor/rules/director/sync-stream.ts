// weir's own stream: it is configured and does not run, has no session with a peer, or the peer cannot take what it gets.
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import {
  HAS_OTHER_KEY,
  IS_THIS_NODE,
  KEY_IS_EXPOSED,
  LACKING_REASONS,
  lackingSum,
  type PeerStatus,
  type StreamDirection,
} from '../../../model/stream-node.js';
import type { DirectorFacts } from '../../facts.js';
import { acceptServiceCommand } from '../../packet-filter/accept-service-command.js';
import type { StreamFact } from '../../stream-facts.js';

/** As the decoder refuses. */
const OTHER_VERSION = /(?:^|: )version$/;
/** Longer, and a session that is only being made would be reported. */
const SILENT_SECONDS = 10;

function absent({ status, configured, keyFailure }: StreamFact): readonly Finding[] {
  if (status !== undefined || configured === undefined || keyFailure !== undefined) return [];
  return [
    {
      severity: 'error',
      code: 'sync-stream-absent',
      what: 'keepalived.conf has lvs_sync_stream, and no process of a stream runs',
      cause: 'it has failed: connections are not synchronised, and break at a takeover',
      advice: "the daemon's log has why; it is tried again every five seconds",
    },
  ];
}

/** Without its key no process runs; one that runs has read it before. */
function badKey({ status, configured, keyFailure }: StreamFact): readonly Finding[] {
  if (configured === undefined || keyFailure === undefined) return [];
  const key = shellWord(configured.key);
  const what = `the key of the stream cannot be used: ${keyFailure}`;
  const effect =
    status === undefined
      ? 'no process of the stream runs, and connections break at a takeover'
      : 'a process that starts refuses it, the one that runs has read it before';
  const finding = { severity: 'error', code: 'sync-stream-key', what } as const;
  if (!keyFailure.endsWith(KEY_IS_EXPOSED))
    return [
      {
        ...finding,
        cause: `lvs_sync_stream of keepalived.conf names that file: ${effect}`,
        advice: `copy the file of another node there; the first one is made by weir sync keygen ${key}; it is tried again every five seconds`,
      },
    ];
  return [
    {
      ...finding,
      cause: `who reads it can pass for a node of weir, so that it must be for root alone: ${effect}`,
      fix: `chown root: ${key} && chmod 600 ${key}`,
      advice: 'if others have read it: weir sync keygen, and the new file on all nodes',
    },
  ];
}

function blocked({ blocks }: StreamFact): readonly Finding[] {
  return blocks.map(
    ({ peer, address, port, by }): Finding => ({
      severity: 'error',
      code: 'sync-stream-blocked',
      what: `the packet filter drops what the peer ${peer} of the stream sends to port ${port}`,
      cause: `chain ${by.chain} of ${by.family} ${by.table}: ${by.text}`,
      fix: acceptServiceCommand(by, { direction: 'in', address, protocol: 'tcp', port }),
    }),
  );
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no process of a stream listens there',
  EHOSTUNREACH: 'the peer is off, or the link to it is down',
  ENETUNREACH: 'there is no route to it: the interface of the link is down, or has no address',
  ECONNRESET: 'the peer does not name this node, or expects another key',
  [IS_THIS_NODE]: 'an address of this node stands where that of a peer must be',
};
const SILENCE = 'the link is down, the peer is off, or a packet filter drops the packets';

function withoutSession({ address, to, from }: PeerStatus): Finding | undefined {
  if (to.connected && from.connected) return undefined;
  if (OTHER_VERSION.test(to.failure) || OTHER_VERSION.test(from.failure))
    return {
      severity: 'error',
      code: 'sync-stream-version',
      what: `the peer ${address} has another version of the stream`,
      cause: 'one of the two runs an older build of weir, which cannot read the other one',
      advice: 'weir --version on both; install the newer one on both',
    };
  if (to.failure === HAS_OTHER_KEY)
    return {
      severity: 'error',
      code: 'sync-stream-pin',
      what: `the peer ${address} has another key than this node expects`,
      cause: "without a pin it must have this node's own key file, with a pin the key of that pin",
      advice: 'copy the key file to it, or name the pin that weir sync keygen printed for its key',
    };
  const failure = to.connected ? from.failure : to.failure;
  const sides = [...(to.connected ? [] : ['sends nothing to']), ...(from.connected ? [] : ['receives nothing from'])];
  return {
    severity: 'error',
    code: 'sync-stream-down',
    what: `the stream ${sides.join(' and ')} the peer ${address}: ${failure}`,
    cause: CAUSES[failure] ?? (to.connected ? 'the peer has not connected: it does not name this node, or cannot reach it' : SILENCE),
    advice: 'weir sync status on both nodes; each must name the other one by the address that it sends from',
  };
}

const REASONS = {
  unbound: 'it has no such service or server',
  full: 'its table is full',
  port: 'it has their local ports (FULLNAT) for other clients',
  unsupported: 'they are of a kind that does not go by the stream yet (calls of SIP)',
} as const;

/** The receiver of connections, and who may die. */
interface Sides {
  readonly taker: string;
  readonly giver: string;
  readonly dies: string;
}

function lackingOf({ connected, lacking: lacks }: StreamDirection, { taker, giver, dies }: Sides): readonly Finding[] {
  const count = lackingSum(lacks);
  if (!connected || count === 0) return [];
  const causes = LACKING_REASONS.flatMap((reason) => (lacks[reason] === 0 ? [] : [`${lacks[reason]}: ${REASONS[reason]}`]));
  return [
    {
      severity: 'warning',
      code: 'sync-stream-unbound',
      what: `${taker} cannot take ${counted(count, 'connection')}${giver}`,
      cause: `${causes.join('; ')}; they break if ${dies} dies`,
      advice: 'compare ipvsadm -Sn of both; where they are meant to differ, lvs_sync_wait limits what a fail-back waits for that',
    },
  ];
}

/** In both directions: who adds what is missing may look at either node. */
const lacking = ({ address, to, from }: PeerStatus): readonly Finding[] => [
  ...lackingOf(to, { taker: `the peer ${address}`, giver: '', dies: 'this node' }),
  ...lackingOf(from, { taker: 'this node', giver: ` of the peer ${address}`, dies: 'the peer' }),
];

/** The tables of both are not the same, though all was sent and taken. */
function differing({ address, to, from }: PeerStatus): readonly Finding[] {
  const sides: readonly (readonly [StreamDirection, string, string])[] = [
    [to, `the peer ${address}`, 'this node'],
    [from, 'this node', `the peer ${address}`],
  ];
  return sides.flatMap(([{ connected, lost, digest }, who, owner]): readonly Finding[] => {
    if (!connected || (lost === 0 && digest !== 'differs')) return [];
    return [
      {
        severity: 'warning',
        code: 'sync-stream-differs',
        what:
          digest === 'differs'
            ? `${who} has taken something else than ${owner} sent: their digests differ`
            : `${who} had ${counted(lost, 'connection')} of ${owner}, and has lost ${lost === 1 ? 'it' : 'them'}`,
        cause:
          digest === 'differs'
            ? 'a defect of one of the two builds'
            : 'its services or servers were deleted and made again, its timeouts are shorter, or its table had no room and ended them for others',
        advice:
          'all is asked for again, within five minutes; where it comes again, compare ipvsadm -L --timeout of both, or make room by weir load --connections',
      },
    ];
  });
}

/** What it stated of its peers is of before. */
const stalled = (seconds: number): Finding => ({
  severity: 'error',
  code: 'sync-stream-stalled',
  what: `the process of the stream has stood still for ${seconds} s`,
  cause: 'it is stopped, or gets no time: peers get nothing that is new here',
  advice: 'the state of the process in /proc/PID/status: one that is stopped (T) goes on after kill -CONT PID',
});

function quiet({ address, from }: PeerStatus): readonly Finding[] {
  if (!from.connected || from.silentSeconds < SILENT_SECONDS) return [];
  return [
    {
      severity: 'warning',
      code: 'sync-stream-silent',
      what: `the peer ${address} has sent nothing for ${from.silentSeconds} s`,
      cause: 'its process or its host hangs, or the link between the nodes is cut: the session ends soon',
      advice: 'on the peer: weir sync status, and the log of the process; here: ping it by the address of the link',
    },
  ];
}

function peerFindings({ status, blocks }: StreamFact): readonly Finding[] {
  if (status?.stalledSeconds !== undefined) return [stalled(status.stalledSeconds)];
  return (status?.peers ?? []).flatMap((peer): readonly Finding[] => {
    const isExplained = blocks.some((block) => block.peer === peer.address);
    const down = withoutSession(peer);
    return [...(down === undefined || isExplained ? [] : [down]), ...lacking(peer), ...differing(peer), ...quiet(peer)];
  });
}

export const syncStreamRule = ({ stream }: DirectorFacts): readonly Finding[] =>
  stream === undefined ? [] : [absent, badKey, blocked, peerFindings].flatMap((rule) => rule(stream));
