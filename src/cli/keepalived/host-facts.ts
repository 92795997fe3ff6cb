// What the host has of the things that a configuration names: interfaces of this network namespace, scripts, users.
import type { HostFacts, InterfaceFacts } from '../../config/keepalived/host/examine-host.js';
import { scriptState } from '../../daemon/scripts/script-state.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { groupNamed, userNamed } from '../../sys/processes/accounts.js';
import { decodeLink, dumpLinks, LinkFlag } from '../../wire/rtnetlink-link.js';

function interfaceFacts(): InterfaceFacts {
  const netlink = new Netlink();
  try {
    const links = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
    return {
      interfaces: new Map(
        links.map(({ name, flags, kind }) => [
          name,
          { loopback: (flags & LinkFlag.loopback) !== 0, macvlan: kind === 'macvlan', vrf: kind === 'vrf' },
        ]),
      ),
    };
  } finally {
    netlink.close();
  }
}

export const hostFacts = (): HostFacts => ({
  ...interfaceFacts(),
  script: (script) => scriptState(script, process.env['PATH'] ?? '/usr/bin:/bin'),
  user: (user) => userNamed(user) !== undefined,
  group: (group) => groupNamed(group) !== undefined,
});
