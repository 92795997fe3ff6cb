// Which of doctor's probes a frame answers, and how. Pure.
import { sameAddress } from '../../../model/identity.js';
import { type Arrival, arrivalIn, quotes, quotesTunnel, type Trial } from '../../../wire/probe-frames.js';
import { TcpFlag } from '../../../wire/tcp.js';
import type { ProbeAnswer } from '../../facts.js';

/** By tag: no two have the same. */
type Trials<T extends Trial> = ReadonlyMap<number, T>;

export interface Answered<T> {
  readonly trial: T;
  readonly answer: ProbeAnswer;
}

const tagOf = (arrival: Arrival): number => {
  switch (arrival.kind) {
    case 'error':
      return arrival.quoted.within?.tag ?? arrival.quoted.tag;
    case 'echo-reply':
      return arrival.id;
    default:
      return arrival.destinationPort;
  }
};

const BOTH = TcpFlag.syn | TcpFlag.ack;

function answerTo({ probe, ...rest }: Trial, arrival: Arrival): ProbeAnswer | undefined {
  const { content, target, source } = probe;
  if (arrival.kind === 'error') {
    const { type, code, source: by, quoted } = arrival;
    if (quotesTunnel(quoted, { probe, ...rest })) return { kind: 'rejected', type, code, by, tunnel: true };
    return quotes(quoted, { probe, ...rest }) ? { kind: 'rejected', type, code, by } : undefined;
  }
  if (!sameAddress(target, arrival.source) || !sameAddress(source, arrival.destination)) return undefined;
  switch (content.kind) {
    case 'echo':
      return arrival.kind === 'echo-reply' ? { kind: 'accepted' } : undefined;
    case 'datagram':
      return arrival.kind === 'datagram' ? { kind: 'accepted' } : undefined;
    case 'syn':
      if (arrival.kind !== 'segment' || arrival.sourcePort !== content.port) return undefined;
      if ((arrival.flags & TcpFlag.rst) !== 0) return { kind: 'reset' };
      return (arrival.flags & BOTH) === BOTH ? { kind: 'accepted' } : undefined;
  }
}

/** Which trial a frame answers, and how; undefined: none. */
export function answerIn<T extends Trial>(frame: Uint8Array, trials: Trials<T>): Answered<T> | undefined {
  const arrival = arrivalIn(frame);
  const trial = arrival && trials.get(tagOf(arrival));
  const answer = trial && answerTo(trial, arrival);
  return answer && { trial, answer };
}
