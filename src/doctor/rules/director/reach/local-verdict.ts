// A destination on this host: its address is one of this director's, perhaps by mistake.
import { formatAddress } from '../../../../model/address-text.js';
import { endpointText } from '../../../../model/endpoint-text.js';
import type { Finding } from '../../../../model/finding.js';
import { destinationId, sameAddress } from '../../../../model/identity.js';
import { masquerades } from '../../../../model/masquerades.js';
import type { DestinationSpec } from '../../../../model/service.js';
import type { DirectorFacts, LocalDenial, ServiceFact, SocketFact } from '../../../facts.js';
import { type LocalEndpoint, localEndpoint } from '../../../local-endpoint.js';
import { acceptServiceCommand } from '../../../packet-filter/accept-service-command.js';
import { chainText } from '../../../packet-filter/aim.js';
import { isFull, takes } from '../../../socket-takes.js';
import { checkedOf } from '../checked.js';
import { removeDestination } from '../commands.js';
import type { Known } from './known.js';
import { NO_ANSWER, type Verdict } from './verdict.js';

function denialOf(
  { localDenials }: DirectorFacts,
  destination: DestinationSpec,
  of: readonly LocalDenial['of'][],
): LocalDenial | undefined {
  const id = destinationId(destination);
  return localDenials.find((one) => of.includes(one.of) && destinationId(one) === id);
}

/** The process's sockets, as far as the kernel lists them; undefined: not known. */
function listenersAt({ sockets }: DirectorFacts, { address, port, protocol }: LocalEndpoint): readonly SocketFact[] | undefined {
  return sockets?.filter((one) => one.protocol === protocol && one.port === port && takes(one, address));
}

/** The packet filter drops what clients send, or what the server answers. */
function filtered(facts: DirectorFacts, destination: DestinationSpec): Verdict | undefined {
  const denial = masquerades(destination) ? denialOf(facts, destination, ['request', 'answer']) : undefined;
  if (denial === undefined) return undefined;
  const { of, by, address, port, protocol } = denial;
  const [what, direction] = of === 'request' ? (['its clients’ packets', 'in'] as const) : (['its answers', 'out'] as const);
  return {
    code: 'local-server-filtered',
    verb: NO_ANSWER,
    cause: `it is this host, whose packet filter sees ${what} with the server's own address and port, and ${chainText(denial.by)} drops them`,
    ...(protocol === 'sctp' ? {} : { fix: acceptServiceCommand(by, { direction, address, protocol, port }) }),
  };
}

export function localVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const { facts } = known;
  const { key } = service.spec;
  const denied = filtered(facts, destination);
  const tried = known.connects.get(destinationId(destination));
  if (denied !== undefined || tried?.error === undefined) return denied;
  const place = localEndpoint(service, destination);
  const there = place && listenersAt(facts, place);
  if (place === undefined || (there === undefined ? tried.error !== 'ECONNREFUSED' : there.some((one) => !isFull(one)))) return undefined;
  const [full] = there ?? [];
  if (full !== undefined) {
    return {
      code: 'server-not-accepting',
      verb: NO_ANSWER,
      cause: `${full.waiting} connections wait where ${full.waitingMax} may: the process is stopped, overloaded or hangs`,
      advice: `ss -ltnp 'sport = :${full.port}' names it; continue or restart it`,
    };
  }
  const checks = checkedOf(facts, key);
  const isVip = key.kind === 'address' && sameAddress(key.address, destination.address);
  return {
    code: 'server-is-director',
    verb: NO_ANSWER,
    cause: `${formatAddress(destination.address)} is ${isVip ? 'the VIP itself, which is an address' : 'an address'} of this director, and no process listens on ${endpointText(place)} here`,
    ...(checks?.sorry === endpointText(destination)
      ? { advice: `it is the sorry server of ${checks.file}: start the process that answers in the place of the real servers` }
      : { fix: removeDestination(key, destination), advice: 'then add the real server by its own address' }),
  };
}

/** A process listens, and doctor's own connect to it failed: a rule that clients do not meet, or one that is not understood. */
export function untriedLocally(known: Known, service: ServiceFact, destination: DestinationSpec): readonly Finding[] {
  const { facts, connects } = known;
  const place = localEndpoint(service, destination);
  const there = place === undefined ? [] : (listenersAt(facts, place) ?? []);
  const error = connects.get(destinationId(destination))?.error;
  if (error === undefined || !masquerades(destination) || !there.some((one) => !isFull(one)) || filtered(facts, destination)) return [];
  const denial = denialOf(facts, destination, ['own']);
  return [
    {
      severity: 'info',
      code: 'not-looked-at',
      what: `a process listens on ${endpointText(destination)} here, and whether it accepts connections was not tested`,
      cause: `doctor's own connect failed (${error}): ${denial === undefined ? 'a packet filter of this host may drop it' : `${chainText(denial.by)} drops it`}`,
    },
  ];
}
