// Virtual servers: whether the node holds their address, and whether their servers are checked.

import type { Address } from '../../../../model/address.js';
import { formatAddress } from '../../../../model/address-text.js';
import { destinationId } from '../../../../model/identity.js';
import type { GroupMember, VirtualServer } from '../../../../model/keepalived/virtual-server.js';
import { serverPlace } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const SORRY: LintVerdict = {
  code: 'sorry-server-is-real-server',
  severity: 'error',
  meaning: 'The sorry server is one of the real servers: it is used when it is down, and removed when it comes up.',
};
const UNHELD: LintVerdict = {
  code: 'virtual-server-without-vip',
  severity: 'warning',
  meaning: 'No VRRP instance (nor static_ipaddress) of this node holds a virtual server’s address: no packets arrive here.',
};
const TWICE: LintVerdict = {
  code: 'virtual-server-twice',
  severity: 'error',
  meaning: 'A virtual server is defined twice: the second is silently ignored, or its servers are added to the first.',
};
const UNCHECKED: LintVerdict = {
  code: 'real-server-unchecked',
  severity: 'info',
  meaning: 'A real server has no health check: it is never removed.',
};

/** The addresses of the host's instances, excluded ones too, and static addresses. */
function heldBy({ configuration }: LintNode): ReadonlySet<string> {
  const { instances, root } = configuration;
  const lists = [...instances.flatMap(({ addresses, excludedAddresses }) => [...addresses, ...excludedAddresses]), ...root.staticAddresses];
  return new Set(lists.map(({ address }) => formatAddress(address)));
}

const firsts = (members: readonly GroupMember[]): readonly Address[] =>
  members.flatMap((member) => (member.kind === 'range' && member.count === 1 ? [member.first] : []));

function addressesOf({ target }: VirtualServer, node: LintNode): readonly Address[] {
  if (target.kind === 'service') return target.key.kind === 'address' ? [target.key.address] : [];
  return firsts(node.configuration.virtualServerGroups.find(({ name }) => name === target.group)?.members ?? []);
}

function look(server: VirtualServer, node: LintNode, held: ReadonlySet<string>) {
  const findings = [];
  const { sorryServer, realServers, name } = server;
  if (sorryServer !== undefined && realServers.some((one) => destinationId(one) === destinationId(sorryServer))) {
    const cause = `${formatAddress(sorryServer.address)} port ${sorryServer.port} is in both`;
    const at = serverPlace(node, name, 'sorry_server');
    findings.push(findingOf(SORRY, at, `${name}: the sorry server is a real server`, cause, 'use another server as sorry server, or none'));
  }
  const missing = addressesOf(server, node).filter((address) => !held.has(formatAddress(address)));
  if (missing.length > 0 && node.configuration.instances.length > 0) {
    const cause = `${missing.map(formatAddress).join(', ')} is in no virtual_ipaddress of ${node.file}`;
    const fix = 'add it to virtual_ipaddress, to virtual_ipaddress_excluded or to static_ipaddress';
    findings.push(findingOf(UNHELD, serverPlace(node, name), `${name}: no instance holds its address`, cause, fix));
  }
  const unchecked = realServers.filter(({ checkers }) => checkers.length === 0);
  if (unchecked.length > 0) {
    const names = unchecked.map(({ address, port }) => `${formatAddress(address)}:${port}`);
    const at = serverPlace(node, name, 'real_server');
    findings.push(
      findingOf(
        UNCHECKED,
        at,
        `${name}: servers without a health check`,
        names.join(', '),
        server.protocol === 'udp' ? 'add a UDP_CHECK { } or a MISC_CHECK { }' : 'add at least a TCP_CHECK { }',
      ),
    );
  }
  return findings;
}

function duplicates(node: LintNode) {
  const seen = new Set<string>();
  return node.configuration.virtualServers.flatMap(({ name, protocol }) => {
    const id = `${name} ${protocol}`;
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    const cause = `virtual_server ${name} is defined twice in ${node.file}`;
    return [findingOf(TWICE, serverPlace(node, name), `${name} is defined twice`, cause, 'put all real servers into one definition')];
  });
}

export const virtualServers: LintRule = {
  verdicts: [SORRY, UNHELD, TWICE, UNCHECKED],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      const held = heldBy(node);
      return [...node.configuration.virtualServers.flatMap((server) => look(server, node, held)), ...duplicates(node)];
    }),
};
