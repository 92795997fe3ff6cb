// A server of FULLNAT that does not answer a local address of the director.
import type { Address } from '../../../../model/address.js';
import { askedBy, formatAddress } from '../../../../model/address-text.js';
import { addressId, sameAddress } from '../../../../model/identity.js';
import type { DestinationSpec } from '../../../../model/service.js';
import { shellWord } from '../../../../model/shell-word.js';
import type { ConnectFact, HandoverFact, ProbeAnswer, ServiceFact } from '../../../facts.js';
import { contains, interfaceNameOf, subnetsOf, subnetsWith, vrrpAddress } from '../../../network.js';
import { icmpText } from './icmp-text.js';
import { directorAddressFor, echoed, forwarded, type Known } from './known.js';
import { NOT_BACK } from './method-verdict.js';
import { connectRepair, unreachable } from './server-verdict.js';
import type { Verdict } from './verdict.js';

interface Silence {
  readonly local: Address;
  readonly handed: HandoverFact;
}

/** The first local address that was not accepted. */
function failing(
  known: Known,
  service: ServiceFact,
  destination: DestinationSpec,
  isFailure: (answer: ProbeAnswer) => boolean,
): Silence | undefined {
  for (const local of destination.localAddresses ?? []) {
    const handed = forwarded(known, service, destination, local);
    if (handed !== undefined && isFailure(handed.answer)) return { local, handed };
  }
  return undefined;
}

const examineThere = (local: string): string => `weir doctor --role rs --method fullnat --dip ${local} on that server looks for both`;

const absentCause = (local: Address): string =>
  `the local address ${formatAddress(local)} is on no interface of this director, so nothing here answers ${askedBy(local)} for it`;

const isAbsent = ({ facts }: Known, local: Address): boolean =>
  facts.absentLocals.some((one) => sameAddress(one, local)) && vrrpAddress(facts, local) === undefined;

/** Of a subnet of this host, and not this host's: where answers still arrive, they do until neighbours ask for it again. */
function absentVerdict(known: Known, { localAddresses = [] }: DestinationSpec): Verdict | undefined {
  for (const local of localAddresses) {
    const near = subnetsOf(known.facts).find((one) => contains(one, local));
    if (near === undefined || !isAbsent(known, local)) continue;
    const fix = `ip addr add ${formatAddress(local)}/${near.prefixLength} dev ${shellWord(interfaceNameOf(known.facts, near.ifindex))}`;
    return { code: 'local-address-absent', verb: NOT_BACK, cause: absentCause(local), fix };
  }
  return undefined;
}

/** Neither SYN nor ping from the local address is answered, and this host's own are. */
function silentVerdict(known: Known, destination: DestinationSpec, local: Address): Verdict {
  const { facts } = known;
  const [server, name] = [formatAddress(destination.address), formatAddress(local)];
  if (isAbsent(known, local)) {
    const advice = `add it: ip addr add ${name}/LENGTH dev IF; the server needs a route to it`;
    return { code: 'local-address-absent', verb: NOT_BACK, cause: absentCause(local), advice };
  }
  const dip = directorAddressFor(facts, destination.address);
  const cause = `it answers this host and not the local address ${name}: either it has no route to it, or a firewall drops packets from there`;
  const verdict = { code: 'server-answers-elsewhere', verb: NOT_BACK, cause };
  const isNear = subnetsWith(facts, destination.address).some((one) => contains(one, local));
  return dip === undefined || isNear
    ? { ...verdict, advice: `${examineThere(name)}; ip route get ${name} there shows the way of the answers` }
    : { ...verdict, on: server, fix: `ip route replace ${name} via ${dip}`, advice: `where it has a route already: ${examineThere(name)}` };
}

function verdictOf(known: Known, destination: DestinationSpec, { local, handed }: Silence): Verdict {
  const name = formatAddress(local);
  const { answer, echoes } = handed;
  const filter = (cause: string): Verdict => ({
    code: 'server-answers-elsewhere',
    verb: NOT_BACK,
    cause,
    advice: `look at the packet filter of ${answer.kind === 'rejected' ? formatAddress(answer.by) : formatAddress(destination.address)}`,
  });
  if (answer.kind === 'reset') {
    return filter(
      `it accepts connections from this host and answers those from the local address ${name} with RST: a packet filter there does`,
    );
  }
  if (answer.kind === 'rejected') {
    return filter(
      `it accepts connections from this host; from the local address ${name}, a packet filter on ${formatAddress(answer.by)} rejects them (${icmpText(answer)})`,
    );
  }
  if (echoes?.server === 'accepted') {
    return filter(`it answers ping from the local address ${name} and drops TCP connections from there: a firewall there does`);
  }
  return silentVerdict(known, destination, local);
}

/** The kernel chose the local address for the connect, too: only ping shows that the server answers this host otherwise. */
function isFromLocal({ paths }: Known, { address }: DestinationSpec, { local, handed }: Silence): boolean {
  const source = paths.get(addressId(address))?.source;
  return source !== undefined && sameAddress(source, local) && handed.answer.kind === 'silent' && handed.echoes?.plain === 'accepted';
}

/** TCP. `tried`: the connect from this host's own address. Undefined: it works, or nothing is known. */
export function localAddressVerdict(
  known: Known,
  service: ServiceFact,
  destination: DestinationSpec,
  tried?: ConnectFact,
): Verdict | undefined {
  const absent = absentVerdict(known, destination);
  const failed = failing(known, service, destination, ({ kind }) => kind !== 'accepted');
  if (absent !== undefined && tried?.error === undefined) return absent;
  if (failed === undefined) return undefined;
  if (tried?.error !== undefined && !isFromLocal(known, destination, failed)) {
    return unreachable(connectRepair(known, service, destination, tried));
  }
  return tried === undefined ? undefined : verdictOf(known, destination, failed);
}

/** UDP: a closed port is the caller's matter; ping shows whether answers come back. */
export function localAddressUdpVerdict(known: Known, service: ServiceFact, destination: DestinationSpec): Verdict | undefined {
  const absent = absentVerdict(known, destination);
  const failed = failing(known, service, destination, ({ kind }) => kind === 'silent');
  if (absent !== undefined) return absent;
  if (failed === undefined || failed.handed.echoes?.server === 'accepted') return undefined;
  const { address } = destination;
  const isThere = failed.handed.echoes?.plain === 'accepted' || echoed(known, address, address) === 'accepted';
  return isThere ? silentVerdict(known, destination, failed.local) : undefined;
}
