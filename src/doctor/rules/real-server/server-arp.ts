// On a real server: do the ARP sysctls keep the VIPs to itself, on every interface that faces the cluster?
import { ARP_SETTINGS, type ArpSetting, arpSettingPath, hides, sysctlName } from '../../../control/realserver/arp-settings.js';
import type { Finding } from '../../../model/finding.js';
import type { RealServerFacts } from '../../facts.js';
import { clusterLinks, effective } from '../../network.js';

const CAUSE: Readonly<Record<ArpSetting, string>> = {
  arp_ignore: 'it answers ARP for the VIP, so clients come past the director',
  arp_announce: "it may name the VIP as sender when it asks by ARP, and so takes it from the director in its neighbours' tables",
};

export function serverArpRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method === 'nat') return [];
  return clusterLinks(facts).flatMap(({ name }) =>
    (Object.keys(ARP_SETTINGS) as ArpSetting[]).flatMap((key): readonly Finding[] => {
      const value = effective(facts, name, key);
      if (hides(key, value)) return [];
      // A larger value that does not hide stands in the way of the right one in conf/all.
      const places = value > Number(ARP_SETTINGS[key]) ? ['all', name] : ['all'];
      const words = places.map((place) => `${sysctlName(arpSettingPath(place, key))}=${ARP_SETTINGS[key]}`).join(' ');
      return [
        {
          severity: 'error',
          code: `server-${key.replace('_', '-')}`,
          what: `${key} is ${value} on ${name} (the larger of all and ${name})`,
          cause: CAUSE[key],
          fix: `sysctl -w ${words}`,
        },
      ];
    }),
  );
}
