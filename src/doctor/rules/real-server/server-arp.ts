// On a real server: do the ARP sysctls hide the VIPs on every interface towards the cluster?
import { ARP_SETTINGS, type ArpSetting, arpSettingPath, hides, sysctlName } from '../../../control/realserver/arp-settings.js';
import type { Finding } from '../../../model/finding.js';
import type { RealServerFacts } from '../../facts.js';
import { clusterInterfaces, effective } from '../../network.js';

const CAUSE: Readonly<Record<ArpSetting, string>> = {
  arp_ignore: 'it answers ARP for the VIP, so clients bypass the director',
  arp_announce: "it may send ARP requests with the VIP as sender, which replace the director in its neighbours' tables",
};

export function serverArpRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method === 'nat') return [];
  return clusterInterfaces(facts).flatMap(({ name }) =>
    (Object.keys(ARP_SETTINGS) as ArpSetting[]).flatMap((key): readonly Finding[] => {
      const value = effective(facts, name, key);
      if (hides(key, value)) return [];
      // A larger value that does not hide the VIP overrides the right one in conf/all.
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
