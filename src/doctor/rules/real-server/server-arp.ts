// On a real server: is each VIP hidden from ARP on every interface that is on its network? The kernel hides those of IPv6 by itself: it answers
// neighbour solicitations only for addresses of the interface that they come in by.
import { arpBehaviour } from '../../../control/realserver/arp-hiding.js';
import { ARP_SETTINGS, type ArpSetting, arpSettingPath, sysctlWord } from '../../../control/realserver/arp-settings.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { Link } from '../../../wire/rtnetlink-link.js';
import type { RealServerFacts } from '../../facts.js';
import { effective, interfaceNameOf, setting, subnetsWith, usesArp, vrrpAddress } from '../../network.js';
import { wireInterfaces } from '../../server-arrivals.js';
import { hasVip } from '../../server-method.js';

/**
 * The interfaces where others may ask for the VIP: those with an address of its subnet, and those where another host answers for it, even
 * without an address. Where neither is known, all by which its packets may arrive.
 */
function asked(facts: RealServerFacts, vip: Address): readonly Link[] {
  const answered = facts.holders.filter(({ address }) => sameAddress(address, vip)).map(({ ifindex }) => ifindex);
  const subnets = subnetsWith(facts, vip).map(({ ifindex }) => ifindex);
  const found = facts.interfaces.filter((iface) => usesArp(iface) && [...answered, ...subnets].includes(iface.ifindex));
  return found.length > 0 ? found : wireInterfaces(facts);
}

function finding(facts: RealServerFacts, { name, ifindex }: Link, key: ArpSetting, value: number, vip: Address): Finding {
  // A larger value that does not hide the VIP overrides the right one in conf/all.
  const places = value > Number(ARP_SETTINGS[key]) ? ['all', name] : ['all'];
  const words = places.map((place) => sysctlWord(arpSettingPath(place, key), ARP_SETTINGS[key])).join(' ');
  const wires = wireInterfaces(facts);
  const second =
    wires.length > 0 && !wires.some((one) => one.ifindex === ifindex) ? `, beside ${interfaceNameOf(facts, wires[0]?.ifindex)}` : '';
  const text = formatAddress(vip);
  return {
    severity: 'error',
    code: `server-${key.replace('_', '-')}`,
    what: `${key} is ${value} on ${name}${second} (the larger of all and ${name})`,
    cause:
      key === 'arp_ignore'
        ? `it answers ARP for the VIP ${text}, so clients bypass the director`
        : `it may send ARP requests with the VIP ${text} as sender, which replace the director in its neighbours' tables`,
    fix: `sysctl -w ${words}`,
  };
}

/** With arp_ignore 8 the director does not find this host, once its neighbour entry is old. */
function withoutArp(facts: RealServerFacts): readonly Finding[] {
  return wireInterfaces(facts)
    .filter(({ name }) => effective(facts, name, 'arp_ignore') === 8)
    .map(({ name }): Finding => {
      const places = ['all', name].filter((place) => setting(facts, arpSettingPath(place, 'arp_ignore')) === 8);
      const hides = hasVip(facts.method) ? 1 : 0;
      return {
        severity: 'error',
        code: 'server-arp-ignored',
        what: `no ARP request is answered on ${name}`,
        cause: `arp_ignore is 8 there (the larger of all and ${name}): the director does not find this host, or only as long as it remembers it`,
        fix: `sysctl -w ${places.map((place) => sysctlWord(arpSettingPath(place, 'arp_ignore'), hides)).join(' ')}`,
      };
    });
}

export function serverArpRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.family === 'inet6') return [];
  const silent = withoutArp(facts);
  if (!hasVip(facts.method) || silent.length > 0) return silent;
  // Where VRRP has the address, this node is a director as well, and answers for it while it is master.
  const local = facts.localVips.filter((vip) => vrrpAddress(facts, vip) === undefined);
  const found = local.flatMap((vip) =>
    asked(facts, vip).flatMap((iface) => {
      const own = facts.addresses.some(({ address, ifindex }) => ifindex === iface.ifindex && sameAddress(address, vip));
      if (own) return []; // The rule about VIPs reports it.
      const [arpIgnore, arpAnnounce] = [effective(facts, iface.name, 'arp_ignore'), effective(facts, iface.name, 'arp_announce')];
      const { answers, announces } = arpBehaviour(vip, iface.name, { arpIgnore, arpAnnounce }, facts.arpRules);
      return [
        ...(answers ? [finding(facts, iface, 'arp_ignore', arpIgnore, vip)] : []),
        ...(announces ? [finding(facts, iface, 'arp_announce', arpAnnounce, vip)] : []),
      ];
    }),
  );
  // One value is one finding, however many VIPs it is about.
  return found.filter((one, index) => found.findIndex(({ code, what }) => code === one.code && what === one.what) === index);
}
