// Do packets of the interface's size get to servers and routers? A smaller MTU on the way that is not reported stops large transfers.

import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { DirectorFacts, EchoFact } from '../../facts.js';
import { interfaceNameOf, isServer } from '../../network.js';

function judge(facts: DirectorFacts, host: EchoFact['host'], echoes: readonly EchoFact[]): readonly Finding[] {
  const sorted = [...echoes].sort((a, b) => a.packetBytes - b.packetBytes);
  const [small, large] = [sorted[0], sorted.at(-1)];
  if (small?.answer.kind !== 'accepted' || large?.answer.kind !== 'silent') return [];
  const passed = sorted.filter(({ answer }) => answer.kind === 'accepted').at(-1)?.packetBytes ?? small.packetBytes;
  const name = formatAddress(host);
  const ifindex = facts.paths.find(({ to }) => sameAddress(to, host))?.ifindex;
  const iface = interfaceNameOf(
    facts,
    ifindex ?? facts.clients.find(({ path }) => path.gateway && sameAddress(path.gateway, host))?.path.ifindex,
  );
  const role = isServer(facts, host) ? 'real server' : 'router';
  return [
    {
      severity: 'error',
      code: 'mtu-black-hole',
      what: `packets of ${large.packetBytes} bytes do not get to the ${role} ${name} and back`,
      cause: `it answers ping of ${passed} bytes and not of ${large.packetBytes}, the MTU of ${iface}: either a part of the network there has a smaller MTU, or a firewall drops large packets`,
      ...(role === 'router'
        ? { advice: `set the MTU of ${iface} to that of the network` }
        : { fix: `ip route replace ${name} dev ${shellWord(iface)} mtu lock ${passed}` }),
    },
  ];
}

export function mtuRule(facts: DirectorFacts): readonly Finding[] {
  const own = facts.echoes.filter(({ host, target }) => sameAddress(host, target));
  const hosts = new Map(own.map((one) => [addressId(one.host), one.host]));
  return [...hosts].flatMap(([id, host]) =>
    judge(
      facts,
      host,
      own.filter((one) => addressId(one.host) === id),
    ),
  );
}
