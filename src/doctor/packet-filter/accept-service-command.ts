// The command that lets the packets of a service pass where a rule drops them, for the program that writes the rules.
import type { Address } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { Blocked } from './model.js';

/** Packets to (in) or from (out) an address of this host, and its port. Without a port: every packet of the address. */
export interface ServiceFlow {
  readonly direction: 'in' | 'out';
  readonly address: Address;
  readonly protocol: 'tcp' | 'udp';
  readonly port?: number;
}

function byIptables(tool: string, { table, base }: Blocked, { direction, address, protocol, port }: ServiceFlow): string {
  const where = table === 'filter' ? '' : ` -t ${table}`;
  const end = direction === 'in' ? '-d' : '-s';
  const ports = port === undefined ? '' : ` -p ${protocol} ${direction === 'in' ? '--dport' : '--sport'} ${port}`;
  return `${tool}${where} -I ${base} ${end} ${formatAddress(address)}${ports} -j ACCEPT`;
}

export function acceptServiceCommand(by: Blocked, flow: ServiceFlow): string {
  const { direction, address, protocol, port } = flow;
  const text = formatAddress(address);
  if (by.writer === 'ufw') {
    const at = `${text}${port === undefined ? '' : ` port ${port} proto ${protocol}`}`;
    return direction === 'in' ? `ufw allow in to ${at}` : `ufw allow out from ${at}`;
  }
  if (by.writer === 'firewalld' && direction === 'in' && port !== undefined) {
    const zone = /^(?:filter_)?IN_(.+?)(?:_(?:pre|log|deny|allow|post))?$/.exec(by.chain)?.[1];
    return `firewall-cmd --permanent${zone === undefined ? '' : ` --zone=${zone}`} --add-port=${port}/${protocol} && firewall-cmd --reload`;
  }
  if (by.tool !== 'nft') return byIptables(by.tool, by, flow);
  // A table of iptables, where only nft is installed.
  if (by.family === 'ip' && /^[A-Z]+$/.test(by.base)) return byIptables('iptables', by, flow);
  const end = direction === 'in' ? 'daddr' : 'saddr';
  const ports = port === undefined ? '' : ` ${protocol} ${direction === 'in' ? 'dport' : 'sport'} ${port}`;
  return `nft insert rule ${by.family} ${by.table} ${by.chain} ${address.family === 'inet' ? 'ip' : 'ip6'} ${end} ${text}${ports} accept`;
}
