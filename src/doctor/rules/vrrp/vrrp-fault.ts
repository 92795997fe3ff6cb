// Instances that cannot become master on this node: an interface that is missing or down, a source address that is not here.

import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { LinkFlag } from '../../../wire/rtnetlink-link.js';
import type { HostFacts } from '../../facts.js';
import { isUp } from '../../network.js';
import type { VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';

export type Fault = Pick<Finding, 'cause' | 'fix'>;

export function faultsOf(instance: VrrpInstanceFact, host: HostFacts, { addresses }: VrrpFacts): readonly Fault[] {
  const faults = instance.needs.flatMap((name): Fault[] => {
    const iface = host.interfaces.find((one) => one.name === name);
    if (iface === undefined) return [{ cause: `it needs ${name}, which does not exist here` }];
    if (!isUp(iface)) return [{ cause: `it needs ${name}, which is down`, fix: `ip link set ${shellWord(name)} up` }];
    return (iface.flags & LinkFlag.running) !== 0
      ? []
      : [{ cause: `it needs ${name}, which has no carrier: the cable, the switch's port, or the lower interface` }];
  });
  const { sourceAddress } = instance;
  const { published } = instance;
  const known = published?.state === 'fault' && faults.length === 0;
  const reasons = known ? [{ cause: `it is in FAULT: ${published.faults.join(', ') || 'the log of keepalived names the reason'}` }] : [];
  const here = sourceAddress === undefined || addresses.some(({ address }) => sameAddress(address, sourceAddress));
  return here ? [...faults, ...reasons] : [...faults, { cause: `its source address ${formatAddress(sourceAddress)} is not on this host` }];
}

export function vrrpFaultRule(host: HostFacts, facts: VrrpFacts): readonly Finding[] {
  const homeless = facts.homeless.map(
    ({ name, file, interfaceName }): Finding => ({
      severity: 'error',
      code: 'vrrp-fault',
      what: `${name} of ${file} cannot become master here`,
      cause: `its interface ${interfaceName} does not exist; here are ${host.interfaces.map((one) => one.name).join(', ')}`,
    }),
  );
  const faults = facts.instances.flatMap((instance) =>
    (instance.running === false ? [] : faultsOf(instance, host, facts)).map(
      (fault): Finding => ({
        severity: 'error',
        code: 'vrrp-fault',
        what: `${instance.name} (VRID ${instance.vrid}) cannot become master here`,
        ...fault,
      }),
    ),
  );
  return [...homeless, ...faults];
}
