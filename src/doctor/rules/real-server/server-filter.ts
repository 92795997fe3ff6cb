// On a real server: does its own packet filter drop what the director sends, or the answers?
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts, ServicePort } from '../../facts.js';
import { interfaceNameOf } from '../../network.js';
import { acceptServiceCommand } from '../../packet-filter/accept-service-command.js';
import { type Passage, passageOf } from '../../packet-filter/blocking.js';
import type { Blocked, Translation } from '../../packet-filter/model.js';
import { answering, arrivalInterfaces, laterPassages, passages } from '../../server-arrivals.js';
import { serviceAddresses } from './server-addresses.js';

export const placeOf = ({ tool, family, table, chain, writer }: Blocked): string =>
  `${tool === 'nft' ? `nft ${family} ${table} ${chain}` : `${tool} ${table} ${chain}`}${writer === undefined ? '' : `, written by ${writer}`}`;

const endText = (address: Address, port: ServicePort | undefined): string =>
  port === undefined ? formatAddress(address) : `${port.protocol.toUpperCase()} ${endpointText({ address, port: port.port })}`;

type Part = 'opening' | 'answers' | 'later';

const TEXTS: Readonly<Record<Part, (end: string) => string>> = {
  opening: (end) => `a rule of this host drops packets for ${end}`,
  later: (end) => `a rule of this host drops the later packets of connections to ${end}: clients connect, and get no answer`,
  answers: (end) => `a rule of this host drops answers from ${end}`,
};

function dropped(by: Blocked, part: Part, address: Address, port: ServicePort | undefined): Finding {
  return {
    severity: 'error',
    code: 'server-filter',
    what: TEXTS[part](endText(address, port)),
    cause: `${by.text.startsWith('policy') ? `${by.text}` : `the rule "${by.text}"`} (${placeOf(by)})`,
    fix: acceptServiceCommand(by, {
      direction: part === 'answers' ? 'out' : 'in',
      address,
      protocol: port?.protocol ?? 'tcp',
      ...(port === undefined ? {} : { port: port.port }),
    }),
  };
}

/** The rule that drops them. Where several interfaces may be the one, a rule counts if each of them has one. */
function blockOf(all: readonly Passage[]): Blocked | undefined {
  const blocks = all.flatMap((one) => (one.kind === 'dropped' ? [one.by] : []));
  return blocks.length === all.length ? blocks[0] : undefined;
}

/** Where the answers come from: behind a translation, the address and port that it leads to. */
function answerEnd(facts: RealServerFacts, address: Address, port: ServicePort | undefined, to: Translation | undefined) {
  if (to === undefined || to.how === 'tproxy') return { address, port };
  const arrival = arrivalInterfaces(facts)[0]?.ifindex;
  const own = facts.addresses.find(({ ifindex }) => ifindex === arrival)?.address;
  const changed = port === undefined || to.port === undefined ? port : { ...port, port: to.port };
  return { address: to.address ?? own ?? address, port: changed };
}

export function serverFilterRule(facts: RealServerFacts): readonly Finding[] {
  const ports = facts.ports.length === 0 ? [undefined] : facts.ports;
  return serviceAddresses(facts).flatMap((address) =>
    ports.flatMap((port): readonly Finding[] => {
      const all = passages(facts, address, port);
      const by = blockOf(all);
      if (by !== undefined) return [dropped(by, 'opening', address, port)];
      const [first] = all;
      if (first === undefined || all.some(({ kind }) => kind === 'dropped')) return [];
      const end = answerEnd(facts, address, port, first.kind === 'passed' ? first.to : undefined);
      const later = blockOf(laterPassages(facts, end.address, end.port));
      if (later !== undefined) return [dropped(later, 'later', address, port)];
      // A container's answers are forwarded, not sent by this host.
      if (
        !facts.addresses.some((one) => sameAddress(one.address, end.address)) &&
        !facts.localVips.some((one) => sameAddress(one, end.address))
      )
        return [];
      const out = new Set(facts.waysBack.flatMap(({ path }) => path.ifindex ?? []));
      const outward = [...out].flatMap((ifindex): Blocked[] => {
        const passage = passageOf(facts.chains, answering(end.address, end.port, interfaceNameOf(facts, ifindex)));
        return passage.kind === 'dropped' ? [passage.by] : [];
      });
      const [outBy] = outward;
      return outBy === undefined ? [] : [dropped(outBy, 'answers', end.address, end.port)];
    }),
  );
}
