// On a real server: is there a route to clients outside its own subnets, and does rp_filter accept packets that come in by another one?
import { sysctlWord } from '../../../control/realserver/arp-settings.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import type { RealServerFacts, WayBack } from '../../facts.js';
import { effective, interfaceNameOf, ipRoute, setting } from '../../network.js';
import { arrivalInterfaces } from '../../server-arrivals.js';
import { hasVip } from '../../server-method.js';
import { refusalRepair } from '../director/reach/path-verdict.js';

const fromText = ({ from }: WayBack): string => (from === undefined ? '' : ` from ${formatAddress(from)}`);

function withoutRoute(facts: RealServerFacts, way: WayBack): Finding {
  if (way.path.refusedBy !== undefined) {
    return {
      severity: 'error',
      code: 'server-no-way-back',
      what: `answers${fromText(way)} to clients outside this host's subnets are dropped here`,
      ...refusalRepair(facts, way.path, 'them'),
    };
  }
  return {
    severity: facts.otherRouters || !facts.methodCertain ? 'info' : 'warning',
    code: 'server-no-gateway',
    what: `there is no default route${fromText(way)}`,
    cause: `only clients on this host's own subnets${facts.otherRouters ? ' and in the networks of its other routes' : ''} get an answer`,
    advice: `${ipRoute(facts.family)} add default via ROUTER`,
  };
}

/** VS/DR by another interface than the route back (VS/TUN: server-tunnel.ts): strict rp_filter drops what comes in. */
function reversePath(facts: RealServerFacts, way: WayBack): readonly Finding[] {
  if (facts.family === 'inet6' || facts.method === 'tun') return []; // The kernel has no rp_filter for it.
  const arrivals = arrivalInterfaces(facts);
  const [arrival] = arrivals;
  if (arrival === undefined || arrivals.length > 1 || way.path.ifindex === undefined || way.path.ifindex === arrival.ifindex) return [];
  const { name } = arrival;
  if (effective(facts, name, 'rp_filter') !== 1) return [];
  const all = setting(facts, 'net/ipv4/conf/all/rp_filter');
  return [
    {
      severity: 'error',
      code: 'server-reverse-path',
      what: `packets for the VIP are dropped on ${name}`,
      cause: `rp_filter is 1 there (the larger of all, ${all}, and ${name}), and the route back to the clients uses ${interfaceNameOf(facts, way.path.ifindex)}`,
      fix: `sysctl -w ${sysctlWord(`net/ipv4/conf/${name}/rp_filter`, 2)}`,
    },
  ];
}

export function serverWayBackRule(facts: RealServerFacts): readonly Finding[] {
  return facts.waysBack.flatMap((way) => {
    if (!hasVip(facts.method)) return [];
    return way.path.kind === 'none' ? [withoutRoute(facts, way)] : reversePath(facts, way);
  });
}
