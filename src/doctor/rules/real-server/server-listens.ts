// On a real server: does a process listen where the clients' packets arrive, and does it accept connections?
import { type Address, type Family, isLoopbackAddress, isUnspecified } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts, ServicePort, SocketFact } from '../../facts.js';
import { interfaceNameOf } from '../../network.js';
import { arrivalInterfaces, passages } from '../../server-arrivals.js';
import { hasVip } from '../../server-method.js';
import { isFull, takes } from '../../socket-takes.js';
import { serviceAddresses } from './server-addresses.js';

const EVERY: Readonly<Record<Family, string>> = { inet: '0.0.0.0', inet6: '::' };
const TOOLS = { inet: { iptables: 'iptables', word: 'ip' }, inet6: { iptables: 'ip6tables', word: 'ip6' } } as const;

const portText = ({ protocol, port }: ServicePort): string => `${protocol.toUpperCase()} port ${port}`;

/** Leads the VIP's packets to where the process listens; the tools of this host decide the words. */
function translate(
  facts: RealServerFacts,
  vip: Address,
  { protocol, port }: ServicePort,
  to: { readonly address?: Address; readonly port: number },
): string {
  const target = to.address === undefined ? undefined : endpointText({ address: to.address, port: to.port });
  const [from, { iptables, word }] = [formatAddress(vip), TOOLS[vip.family]];
  if (facts.tools.includes(iptables)) {
    const action = target === undefined ? `REDIRECT --to-ports ${to.port}` : `DNAT --to-destination ${target}`;
    return `${iptables} -t nat -I PREROUTING -d ${from} -p ${protocol} --dport ${port} -j ${action}`;
  }
  const action = target === undefined ? `redirect to :${to.port}` : `dnat to ${target}`;
  return [
    `nft add table ${word} weir_service`,
    `nft add chain ${word} weir_service prerouting '{ type nat hook prerouting priority -110; }'`,
    `nft add rule ${word} weir_service prerouting ${word} daddr ${from} ${protocol} dport ${port} ${action}`,
  ].join('; ');
}

interface Spot {
  readonly address: Address;
  readonly port: ServicePort;
}

const missingFamily = (socket: SocketFact, { family }: Address): string =>
  family === 'inet' ? (socket.sixOnly ? ', without IPv4' : '') : socket.family === 'inet' ? ', without IPv6' : '';

/** Nothing takes the packets: what listens instead. `sent`: where clients send them, before any translation. */
function unheard(facts: RealServerFacts, sockets: readonly SocketFact[], { address, port }: Spot, sent: Spot): Finding {
  const what = `no process takes ${port.protocol.toUpperCase()} ${endpointText({ address, port: port.port })}`;
  const listen = `let the service listen on ${formatAddress(address)} or on ${EVERY[address.family]}`;
  const samePort = sockets.filter((one) => one.protocol === port.protocol && one.port === port.port);
  const own = samePort.find(
    (one) => facts.addresses.some((fact) => sameAddress(fact.address, one.address)) && !isLoopbackAddress(one.address),
  );
  if (own !== undefined) {
    return {
      severity: 'error',
      code: 'server-listens-elsewhere',
      what,
      cause: `the process that listens on ${portText(port)} takes only what is for ${formatAddress(own.address)}`,
      fix: translate(facts, sent.address, sent.port, { address: own.address, port: port.port }),
      advice: `better: ${listen}`,
    };
  }
  if (samePort.length > 0) {
    const [one] = samePort;
    const loopback = samePort.every((each) => isLoopbackAddress(each.address));
    const bound = one === undefined || one.device === 0 ? '' : `, bound to ${interfaceNameOf(facts, one.device)}`;
    const why = one === undefined ? '' : `listens on ${formatAddress(one.address)} only${missingFamily(one, address)}${bound}`;
    const wires = loopback ? arrivalInterfaces(facts).map(({ name }) => `net.ipv4.conf.${name.replaceAll('.', '/')}.route_localnet=1`) : [];
    const four = loopback && one?.family === 'inet' && address.family === 'inet'; // IPv6 leads nothing to ::1 from outside.
    return {
      severity: 'error',
      code: loopback ? 'server-listens-on-loopback' : 'server-listens-elsewhere',
      what,
      cause: `the process with ${portText(port)} ${why}`,
      ...(four && one !== undefined
        ? { fix: `sysctl -w ${wires.join(' ')}; ${translate(facts, sent.address, sent.port, { address: one.address, port: port.port })}` }
        : {}),
      advice: `${four ? 'better: ' : ''}${listen}`,
    };
  }
  const others = sockets.filter((one) => one.protocol === port.protocol && takes(one, address) && one.port !== 22);
  const numbers = [...new Set(others.map((one) => one.port))];
  const [only] = numbers.length === 1 ? numbers : [];
  const bound = others.every((one) => isUnspecified(one.address)) ? undefined : others.find((one) => !isUnspecified(one.address));
  return {
    severity: 'error',
    code: 'server-not-listening',
    what,
    cause: `no process listens on ${portText(port)}${numbers.length === 0 ? '' : `; there are processes on ${numbers.slice(0, 8).join(', ')}`}`,
    ...(only === undefined
      ? {}
      : { fix: translate(facts, sent.address, sent.port, { ...(bound === undefined ? {} : { address: bound.address }), port: only }) }),
    advice:
      only === undefined ? 'start the service' : `if that is the service: better let it listen on ${port.port}; else start the service`,
  };
}

function ofPort(facts: RealServerFacts, sockets: readonly SocketFact[], address: Address, port: ServicePort): readonly Finding[] {
  const all = passages(facts, address, port);
  // What may be dropped or translated elsewhere by a rule that is not understood proves nothing.
  const ends = all.flatMap((one) => (one.kind === 'passed' ? [one] : []));
  const [first] = ends;
  if (first === undefined) return [];
  const end = { address: first.to?.address ?? address, port: first.to?.port === undefined ? port : { ...port, port: first.to.port } };
  const toOther = first.to?.address !== undefined && !facts.addresses.some((one) => sameAddress(one.address, end.address));
  if (toOther && !isLoopbackAddress(end.address)) return []; // A container's, or another host's.
  const arrivals = new Set(arrivalInterfaces(facts).map(({ ifindex }) => ifindex));
  const here = sockets.filter(
    (one) => one.protocol === port.protocol && one.port === end.port.port && (one.device === 0 || arrivals.has(one.device)),
  );
  // REDIRECT leads to the address of the interface; TPROXY to whatever socket has the port.
  const anyAddress = first.to !== undefined && first.to.address === undefined;
  const byRedirect = (one: SocketFact): boolean =>
    anyAddress && !isLoopbackAddress(one.address) && (address.family === 'inet' ? !one.sixOnly : one.family === 'inet6');
  const takers = here.filter((one) => takes(one, end.address) || byRedirect(one));
  if (takers.length === 0) return first.certain ? [unheard(facts, sockets, end, { address, port })] : [];
  const full = takers.find(isFull);
  return full === undefined
    ? []
    : [
        {
          severity: 'error',
          code: 'server-not-accepting',
          what: `the process that listens on ${portText(end.port)} accepts no connections`,
          cause: `${full.waiting} connections wait where ${full.waitingMax} may: the process is stopped, overloaded or hangs`,
          advice: `ss -ltnp 'sport = :${end.port.port}' names it; continue or restart it`,
        },
      ];
}

export function serverListensRule(facts: RealServerFacts): readonly Finding[] {
  const { sockets } = facts;
  if (sockets === undefined) return [];
  // Without the VIP nothing arrives, which another rule reports.
  const reached = serviceAddresses(facts).filter(
    (address) =>
      !hasVip(facts.method) ||
      facts.localVips.some((vip) => sameAddress(vip, address)) ||
      facts.ports.some((port) => passages(facts, address, port).some((one) => one.kind === 'passed' && one.to !== undefined)),
  );
  return reached.flatMap((address) => facts.ports.flatMap((port) => ofPort(facts, sockets, address, port)));
}
