// The command that lets adverts pass where a rule drops them, for the program that writes the rules.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { Blocked, PacketProbe } from './model.js';

export type Passage = Pick<PacketProbe, 'direction' | 'source' | 'destination' | 'protocol'>;

/** firewalld's zone, from the name of the chain that dropped: `filter_IN_public`, `IN_public_deny`; else the default zone. */
function zoneOption(chain: string): string {
  const zone = /^(?:filter_)?IN_(.+?)(?:_(?:pre|log|deny|allow|post))?$/.exec(chain)?.[1];
  return zone === undefined ? '' : ` --zone=${zone}`;
}

function byIptables(tool: string, { table, base }: Blocked, { source, destination, protocol }: Passage): string {
  const where = table === 'filter' ? '' : ` -t ${table}`;
  return `${tool}${where} -I ${base} -p ${IpProtocol[protocol]} -s ${formatAddress(source)} -d ${formatAddress(destination)} -j ACCEPT`;
}

const familyWord = ({ family }: Address): string => (family === 'inet' ? 'ip' : 'ip6');

export function acceptCommand(by: Blocked, passage: Passage): string {
  const { direction, source, destination, protocol } = passage;
  const [from, to, number] = [formatAddress(source), formatAddress(destination), IpProtocol[protocol]];
  if (by.writer === 'ufw') return `ufw allow ${direction} from ${from} to ${to} proto ${protocol}`;
  if (by.writer === 'firewalld' && direction === 'in') {
    return `firewall-cmd --permanent${zoneOption(by.chain)} --add-protocol=${protocol} && firewall-cmd --reload`;
  }
  if (by.tool !== 'nft') return byIptables(by.tool, by, passage);
  // A table of iptables, where only nft is installed.
  if (by.family === 'ip' && /^[A-Z]+$/.test(by.base)) return byIptables('iptables', by, passage);
  const word = familyWord(destination);
  const kind = word === 'ip' ? 'ip protocol' : 'ip6 nexthdr';
  return `nft insert rule ${by.family} ${by.table} ${by.chain} ${word} saddr ${from} ${word} daddr ${to} ${kind} ${number} accept`;
}
