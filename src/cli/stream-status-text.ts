// weir's own stream in weir sync status, for a person.
import { type PeerStatus, type StreamStatus, wouldBreak } from '../model/stream-node.js';

function toLine({ to }: PeerStatus): string {
  if (!to.connected) return `  sends nothing: ${to.failure}`;
  const missing = [
    ...(to.waiting === 0 ? [] : [`${to.waiting} not acknowledged yet`]),
    ...(to.lacking === 0 ? [] : [`${to.lacking} that it cannot take`]),
  ];
  return `  has ${to.whole ? 'all' : 'a part'} of this table, by ${[`${to.items} items`, ...missing].join(', ')}`;
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
  return `  this node has ${from.whole ? 'all' : 'a part'} of its table, by ${parts.join(', ')}`;
}

export function streamStatusText(status: StreamStatus): string {
  const lost = wouldBreak(status);
  const readiness =
    lost === undefined
      ? 'if this node dies now, all its connections break: no peer has all of them'
      : `if this node dies now, ${lost === 1 ? '1 connection breaks' : `${lost} connections break`}`;
  const strangers = status.strangers === 0 ? [] : [`refused ${status.strangers} connections of others`];
  const peers = status.peers.flatMap((peer) => [
    `peer ${peer.address}${peer.node === '' ? '' : `, ${peer.node}`}`,
    toLine(peer),
    fromLine(peer),
  ]);
  return [`stream of ${status.node}: ${readiness}`, ...strangers, ...peers].map((line) => `${line}\n`).join('');
}
