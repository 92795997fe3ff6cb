// weir's own stream in weir sync status, for a person.
import { counted } from '../../model/counted.js';
import {
  type DigestState,
  type HoldStatus,
  type PeerStatus,
  type StreamDirection,
  type StreamStatus,
  wouldBreak,
} from '../../model/stream-node.js';

const DIGESTS: Readonly<Record<DigestState, string>> = {
  none: 'its build does not compare digests',
  open: 'the digests are not compared yet',
  equal: 'the digests are equal',
  differs: 'the digests differ',
};

/** What the receiver lacks. `there`: where that is. */
const missing = ({ lacking, lost }: StreamDirection, there: string): readonly string[] => [
  ...(lacking.unbound === 0 ? [] : [`${lacking.unbound} without a service or server ${there}`]),
  ...(lacking.full === 0 ? [] : [`${lacking.full} without room ${there}`]),
  ...(lacking.port === 0 ? [] : [`${lacking.port} with a local port of another client ${there}`]),
  ...(lacking.unsupported === 0 ? [] : [`${lacking.unsupported} of a kind that cannot be taken`]),
  ...(lost === 0 ? [] : [`${lost} gone ${there} before their time`]),
];

const breaks = (count: number): string => `${counted(count, 'connection')} ${count === 1 ? 'breaks' : 'break'}`;

function toLines({ to }: PeerStatus): readonly string[] {
  if (!to.connected) return [`  sends nothing: ${to.failure}`];
  const parts = [...(to.waiting === 0 ? [] : [`${to.waiting} not acknowledged yet`]), ...missing(to, 'there')];
  if (to.wouldBreak === null && to.silentSeconds > 0) parts.push(`it has sent nothing for ${to.silentSeconds} s`);
  const why = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
  return [
    `  has ${to.whole ? 'all' : 'a part'} of this table, by ${to.items} items; ${DIGESTS[to.digest]}`,
    to.wouldBreak === null
      ? `  what it would lack if this node died now is not known${why}`
      : `  if this node dies now and it goes on, ${breaks(to.wouldBreak)}${why}`,
  ];
}

function fromLine({ from }: PeerStatus): string {
  if (!from.connected) return `  receives nothing: ${from.failure}`;
  const reasons = Object.entries(from.refused).map(([reason, count]) => `${reason} ${count}`);
  const parts = [
    `${from.items} items`,
    ...(from.waiting === 0 ? [] : [`${from.waiting} not in the table yet`]),
    ...(reasons.length === 0 ? [] : [`not taken: ${reasons.join(', ')}`]),
    `last message ${from.silentSeconds} s ago`,
  ];
  const lacks = missing(from, 'here');
  const has = `this node has ${from.whole ? 'all' : 'a part'} of its table, by ${parts.join(', ')}; ${DIGESTS[from.digest]}`;
  return `  ${has}${lacks.length === 0 ? '' : `; it lacks ${lacks.join(', ')}`}`;
}

const reasonParts = (counts: Readonly<Record<string, number>>): readonly string[] =>
  Object.entries(counts).flatMap(([reason, count]) => (count === 0 ? [] : [`${reason} ${count}`]));

/** By reason, where there is any. */
function reasonsText(counts: Readonly<Record<string, number>> | undefined): string {
  const parts = reasonParts(counts ?? {});
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

const faultLines = ({ to, from }: PeerStatus): readonly string[] => [
  ...(to.faults === undefined ? [] : [`  sessions to it that ended by its fault${reasonsText(to.faults)}`]),
  ...(from.faults === undefined ? [] : [`  sessions from it that ended by its fault${reasonsText(from.faults)}`]),
];

/** `broken`: connections that no peer has; null or undefined: it is not known. */
export const readinessText = (broken: number | null | undefined): string =>
  broken === null || broken === undefined
    ? 'if this node dies now, all its connections break: no peer is known to have all of them'
    : `if this node dies now, ${breaks(broken)}`;

/** `0.8` of a count that is not 0. */
const averageMs = ({ waitedMs, held }: HoldStatus): string => (waitedMs / held).toFixed(1);

function holdLines(hold: HoldStatus | undefined): readonly string[] {
  if (hold === undefined) return [];
  const { boundMs, held, released, failed, longestMs } = hold;
  const begins = `new connections are held back for ${boundMs} ms at most: ${held} were`;
  if (held === 0) return [begins];
  const { acknowledged, ...others } = released;
  const parts = [`${acknowledged} until the peers had them`, ...reasonParts(others), ...(failed === 0 ? [] : [`${failed} failed`])];
  return [`${begins}, for ${averageMs(hold)} ms on average and ${longestMs.toFixed(1)} ms at most; ${parts.join(', ')}`];
}

export function streamStatusText(status: StreamStatus): string {
  const readiness = readinessText(wouldBreak(status));
  const strangers = status.strangers === 0 ? [] : [`refused ${status.strangers} connections of others${reasonsText(status.refused)}`];
  const peers = status.peers.flatMap((peer) => [
    `peer ${peer.address}${peer.node === '' ? '' : `, ${peer.node}`}`,
    ...toLines(peer),
    fromLine(peer),
    ...faultLines(peer),
  ]);
  const stalled =
    status.stalledSeconds === undefined ? [] : [`its process has stood still for ${status.stalledSeconds} s: what follows is of before`];
  return [`stream of ${status.node}: ${readiness}`, ...stalled, ...holdLines(status.hold), ...strangers, ...peers]
    .map((line) => `${line}\n`)
    .join('');
}
