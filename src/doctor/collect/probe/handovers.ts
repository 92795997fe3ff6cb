// Tests by packets whether servers are there and answer as their forwarding methods need. Bounded in number and in time.
import type { Address } from '../../../model/address.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { ECHO_SMALL_BYTES } from '../../../wire/probe-frames.js';
import type { EchoFact, HandoverFact, HostFacts, PathFact, ProbeAnswer, ServiceFact } from '../../facts.js';
import type { NextHop } from './next-hop.js';
import {
  type Echo,
  echo,
  elsewhereHandovers,
  type Handover,
  handovers,
  methodEchoes,
  otherHandovers,
  type Reached,
  reachedDestinations,
  sizedEchoes,
} from './probe-plan.js';
import { runProbes } from './run-probes.js';

/** Tests beyond this number are not done: each is a packet and a wait. */
export const HANDOVERS_MAX = 256;
/** MTUs of common networks and tunnels, bytes. */
const SIZES = [8900, 1500, 1492, 1480, 1476, 1460, 1450, 1440, 1430, 1420, 1400, 1380, 1360, 1300, 1280, 1200, 1000, 576];

/** Every link of IPv6 carries so much (RFC 8200 §5). */
const SIZE_MIN = { inet: 0, inet6: 1280 } as const;

export interface HandoverInput {
  readonly host: HostFacts;
  readonly services: readonly ServiceFact[];
  readonly paths: readonly PathFact[];
  readonly gateways: readonly Address[];
  readonly hopOf: (to: Address) => NextHop | undefined;
}

export interface ServerAnswers {
  readonly handovers: readonly HandoverFact[];
  readonly echoes: readonly EchoFact[];
  /** Tests that were not done. */
  readonly left: number;
}

function factsOf<T extends object>(
  probes: readonly { readonly fact: T }[],
  answers: ReadonlyMap<unknown, ProbeAnswer>,
): readonly (T & { readonly answer: ProbeAnswer })[] {
  return probes.flatMap((probe) => {
    const answer = answers.get(probe);
    return answer === undefined ? [] : [{ ...probe.fact, answer }];
  });
}

/** The sizes between, for hosts that answer small packets and no large ones. */
function sizesBetween(echoes: readonly EchoFact[], hopOf: HandoverInput['hopOf']): readonly Echo[] {
  const answers = (one: EchoFact): boolean => one.answer.kind === 'accepted';
  return echoes
    .filter((large) => large.packetBytes > ECHO_SMALL_BYTES && !answers(large))
    .filter(({ host }) => echoes.some((one) => one.packetBytes === ECHO_SMALL_BYTES && answers(one) && sameAddress(one.target, host)))
    .flatMap(({ host, packetBytes }) => {
      const hop = hopOf(host);
      return hop === undefined
        ? []
        : SIZES.filter((size) => size < packetBytes && size >= SIZE_MIN[host.family]).map((size) => echo(hop, host, host, size));
    });
}

/** Echo requests, small and as large as the interface's MTU; where only small ones are answered, those between. @throws SystemError */
export function collectSizedEchoes(hosts: readonly Address[], hopOf: HandoverInput['hopOf']): readonly EchoFact[] {
  const first = sizedEchoes(hosts, hopOf);
  const known = factsOf(first, runProbes(first));
  const second = sizesBetween(known, hopOf);
  return [...known, ...factsOf(second, runProbes(second))];
}

/** @throws SystemError */
export function collectHandovers({ host, services, paths, gateways, hopOf }: HandoverInput): ServerAnswers {
  const reached = reachedDestinations(services, paths, hopOf);
  const all = handovers(host, reached);
  const own = all.slice(0, HANDOVERS_MAX);
  const servers = [...new Map(reached.map(({ destination: { address } }) => [addressId(address), address])).values()];
  const udp = reached.filter(({ key }) => key.protocol === 'udp');
  const first = [
    ...sizedEchoes([...servers.slice(0, HANDOVERS_MAX), ...gateways.slice(0, HANDOVERS_MAX)], hopOf),
    ...methodEchoes(host, udp.slice(0, HANDOVERS_MAX)),
  ];
  const answers = runProbes<Handover | Echo>([...own, ...first]);

  const failed = new Set(
    factsOf(own, answers).flatMap((one) => (one.answer.kind === 'accepted' ? [] : [`${addressId(one.realServer)} ${addressId(one.vip)}`])),
  );
  const isWrong = ({ key, destination }: Reached): boolean => failed.has(`${addressId(destination.address)} ${addressId(key.address)}`);
  const others = [...otherHandovers(host, reached, isWrong), ...elsewhereHandovers(host, reached, isWrong)].slice(0, HANDOVERS_MAX);
  const known = factsOf(first, answers);
  const second = [
    ...methodEchoes(host, reached.filter((one) => one.key.protocol === 'tcp' && isWrong(one)).slice(0, HANDOVERS_MAX)),
    ...sizesBetween(known, hopOf).slice(0, HANDOVERS_MAX),
  ];
  const more = runProbes<Handover | Echo>([...others, ...second]);
  return {
    handovers: [...factsOf(own, answers), ...factsOf(others, more)],
    echoes: [...known, ...factsOf(second, more)],
    left: all.length - own.length,
  };
}
