// Connections that never got past SYN_RECV, by server and by network of clients: what the datapath has seen, where no test found a reason.
import { formatAddress } from '../../../model/address-text.js';
import { endpointText } from '../../../model/endpoint-text.js';
import type { Finding, FindingSeverity } from '../../../model/finding.js';
import { destinationId } from '../../../model/identity.js';
import { masquerades } from '../../../model/masquerades.js';
import type { DirectorFacts } from '../../facts.js';
import { isStuck } from '../../half-open-count.js';
import type { ConnectionCount } from '../../table-facts.js';

/** What is over is no fault any more. */
const severityOf = ({ over }: ConnectionCount): FindingSeverity => (over ? 'info' : 'warning');
const sinceThen = ({ over }: ConnectionCount): string => (over ? '; later ones did' : '');

const countText = ({ halfOpen, others }: ConnectionCount): string => `${halfOpen} of ${halfOpen + others} connections`;

function byServer(facts: DirectorFacts): readonly Finding[] {
  return facts.connections.destinations.filter(isStuck).map(({ virtual, destination, ...count }): Finding => {
    const service = facts.services.find(({ spec: { key } }) => key.kind === 'address' && destinationId(key) === destinationId(virtual));
    const spec = service?.destinations.find((one) => destinationId(one) === destinationId(destination));
    const back =
      spec !== undefined && masquerades(spec)
        ? 'its answers do not come back through this director'
        : 'its answers do not get to the clients';
    return {
      severity: severityOf(count),
      code: 'half-open-server',
      what: `TCP ${endpointText(virtual)} → ${endpointText(destination)}: ${countText(count)} did not get past SYN_RECV${sinceThen(count)}`,
      cause: `either the server does not answer these clients, or ${back}, or the SYNs are forged`,
      advice: 'weir doctor --role rs on that server; ipvsadm -Lnc lists the clients',
    };
  });
}

function byNetwork(facts: DirectorFacts): readonly Finding[] {
  return facts.connections.networks.filter(isStuck).map(({ network, ...count }): Finding => {
    const [ip, bits] = network.family === 'inet' ? ['ip', 24] : ['ip -6', 64];
    return {
      severity: severityOf(count),
      code: 'half-open-clients',
      what: `clients in ${formatAddress(network)}/${bits}: ${countText(count)} did not get past SYN_RECV${sinceThen(count)}`,
      cause: 'either answers do not get to that network, or the SYNs are forged',
      advice: `${ip} route get ${formatAddress(network)} here and on the real servers; ipvsadm -Lnc lists the clients`,
    };
  });
}

/** `explained`: another rule has found an error already, and this would be its symptom. */
export function halfOpenRule(facts: DirectorFacts, explained: boolean): readonly Finding[] {
  if (explained) return [];
  const servers = byServer(facts);
  // All servers alike: the clients' network is what they have in common.
  const networks = byNetwork(facts);
  const all = facts.connections.destinations.filter(({ halfOpen, others }) => halfOpen + others > 0).length;
  return networks.length > 0 && (servers.length === 0 || (servers.length === all && all > 1)) ? networks : servers;
}
