// Where the addresses of VRRP's instances are: on one node, and put there by a daemon that runs. A standby that another node serves
// for is healthy.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { AddressFact, HostFacts } from '../../facts.js';
import { interfaceNameOf, isLoopback } from '../../network.js';
import type { VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { faultsOf } from './vrrp-fault.js';
import { sameNumber } from './vrrp-peers.js';

const textOf = (addresses: readonly Address[]): string => addresses.map(formatAddress).join(', ');
const nameOf = ({ name, vrid }: VrrpInstanceFact): string => `${name}, VRID ${vrid}`;

/** The instance's addresses on this host. Those on lo are a real server's, which the node is as well. */
function placesOf({ managed }: VrrpInstanceFact, host: HostFacts, facts: VrrpFacts): readonly AddressFact[] {
  const loopbacks = new Set(host.interfaces.filter(isLoopback).map(({ ifindex }) => ifindex));
  return facts.addresses.filter(
    ({ address, ifindex }) => !loopbacks.has(ifindex) && managed.some((one) => sameAddress(one.address, address)),
  );
}

/** Whether another node was seen to be master: it answers for an address, or sends adverts. */
function isElsewhere(instance: VrrpInstanceFact, { holders, adverts }: VrrpFacts): boolean {
  return (
    adverts.some((advert) => sameNumber(instance, advert) && advert.priority > 0) ||
    holders.some(({ address }) => instance.managed.some((one) => sameAddress(one.address, address)))
  );
}

const startCommand = ({ file }: VrrpInstanceFact, { systemd }: VrrpFacts): string =>
  systemd ? 'systemctl start keepalived' : `keepalived -f ${file}`;

/** No daemon runs for this instance. */
function withoutDaemon(instance: VrrpInstanceFact, host: HostFacts, facts: VrrpFacts): Finding {
  const left = placesOf(instance, host, facts);
  const elsewhere = isElsewhere(instance, facts);
  const start = startCommand(instance, facts);
  const no = `no keepalived with ${instance.file} runs here`;
  if (left.length === 0) {
    const vips = textOf(instance.managed.map(({ address }) => address));
    return elsewhere
      ? {
          severity: 'warning',
          code: 'vrrp-not-running',
          what: `this host is no standby for ${vips} (${nameOf(instance)})`,
          cause: `${no}: nothing takes over when the other node fails`,
          fix: start,
        }
      : { severity: 'error', code: 'vrrp-vip-nowhere', what: `no node has ${vips} (${nameOf(instance)})`, cause: no, fix: start };
  }
  const removal = left.map(
    (one) => `ip addr del ${formatAddress(one.address)}/${one.prefixLength} dev ${shellWord(interfaceNameOf(host, one.ifindex))}`,
  );
  return {
    severity: 'error',
    code: 'vrrp-vip-left',
    what: `${textOf(left.map(({ address }) => address))} (${nameOf(instance)}) is here without VRRP`,
    cause: `${no}: it was killed, or the address was added by hand; ${elsewhere ? 'another node has the address, too' : 'this host keeps it even where another node takes over'}`,
    fix: elsewhere ? removal.join('; ') : start,
  };
}

/** The daemon runs. */
function withDaemon(instance: VrrpInstanceFact, host: HostFacts, facts: VrrpFacts): readonly Finding[] {
  const here = placesOf(instance, host, facts);
  if (isElsewhere(instance, facts) || faultsOf(instance, host, facts).length > 0) return [];
  if (here.length === 0) {
    return [
      {
        severity: 'error',
        code: 'vrrp-vip-nowhere',
        what: `no node has ${textOf(instance.managed.map(({ address }) => address))} (${nameOf(instance)})`,
        cause: `keepalived runs here and is not master, no advert arrives and no host answers on ${instance.interfaceName}: it is in FAULT (a track script, file or process, or a member of its sync group) or stopped`,
        advice: 'the log of keepalived names the reason (journalctl -u keepalived)',
      },
    ];
  }
  const lost = instance.managed.filter(({ address }) => !here.some((one) => sameAddress(one.address, address)));
  return lost.length === 0
    ? []
    : [
        {
          severity: 'error',
          code: 'vrrp-vip-lost',
          what: `${textOf(lost.map(({ address }) => address))} (${nameOf(instance)}) is missing here`,
          cause: `this node is master and has ${textOf(here.map(({ address }) => address))}: another program or a person removed the rest`,
          fix: lost
            .map(
              ({ address, prefixLength, interfaceName }) =>
                `ip addr add ${formatAddress(address)}/${prefixLength} dev ${shellWord(interfaceName)}`,
            )
            .join('; '),
        },
      ];
}

export function vrrpVipsRule(host: HostFacts, facts: VrrpFacts): readonly Finding[] {
  return facts.instances.flatMap((instance) => {
    if (instance.running === undefined || instance.managed.length === 0) return [];
    return instance.running ? withDaemon(instance, host, facts) : withoutDaemon(instance, host, facts);
  });
}
