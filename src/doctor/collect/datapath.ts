// What is loaded, attached and due for repair in this network namespace. Nothing is changed: opening the director would attach what is
// missing and repair the rest.
import { isAttachable } from '../../datapath/ebpf/load/hook-choice.js';
import { withoutPlace } from '../../datapath/ebpf/load/interface-record.js';
import { coverageOf } from '../../datapath/ebpf/observe/coverage.js';
import { observeDatapath } from '../../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { repairsDue } from '../../datapath/ebpf/observe/repairs-due.js';
import { tcAlone } from '../../datapath/ebpf/observe/tc-alone.js';
import { anyPassesFirewall, firewallMode } from '../../datapath/ebpf/table/firewall.js';
import { ipsecPolicies } from '../../sys/netlink/ipsec-policies.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { policyRouting } from '../../sys/netlink/policy-routing.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink, dumpLinks } from '../../wire/rtnetlink-link.js';
import type { DatapathFacts } from '../facts.js';
import { collectSwitched } from './switched.js';

export interface CollectedDatapath {
  readonly facts: DatapathFacts;
  /** Of the table; absent where there is none that this build can read. */
  readonly reader?: ObservingReader;
}

/** @throws WeirError proc-not-mounted, mounts-hidden; SystemError */
export function collectDatapath(netlink: Netlink): CollectedDatapath {
  const links = netlink.dump(dumpLinks(), decodeLink, 'list interfaces');
  const observed = observeDatapath();
  if (observed.kind === 'absent') return { facts: { loaded: false, interfaces: coverageOf(links, '', []) } };
  if (observed.kind === 'unfinished') return { facts: { loaded: false, unfinished: true, interfaces: coverageOf(links, '', []) } };
  const { folder, pins, programs } = observed;
  const interfaces = coverageOf(links, folder, pins);
  if (observed.kind === 'other-tables') {
    const { build = 'unknown', maps, layout } = observed;
    return { facts: { loaded: true, interfaces, otherTables: { build, maps, layout } } };
  }
  const { reader } = observed;
  const addresses = netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses');
  const repairs = repairsDue(reader.tables, links, addresses, interfaces, policyRouting(netlink), ipsecPolicies());
  const unrecorded = withoutPlace(reader.tables.interfaces, links.filter(isAttachable)).map(({ name }) => name);
  const change = reader.unfinishedChange();
  const firewall = anyPassesFirewall(reader.tables);
  const mode = firewallMode(reader.tables);
  const switched = collectSwitched(folder, (ifindex) => links.find((link) => link.ifindex === ifindex)?.name ?? `interface ${ifindex}`);
  const facts = {
    loaded: true,
    interfaces,
    programs,
    repairs,
    unrecorded,
    firewall,
    firewallMode: mode,
    tcAlone: tcAlone(reader.tables, links),
    ...(switched === undefined ? {} : { switched }),
  };
  return { facts: { ...facts, ...(change === undefined ? {} : { change }) }, reader };
}
