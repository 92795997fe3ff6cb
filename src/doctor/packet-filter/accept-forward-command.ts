// The command that lets packets be forwarded to a device where a rule of a forward chain drops them, for the program that writes the rules.
import type { Blocked } from './model.js';

/** Undefined: firewalld has no such rule; it knows zones. */
export function acceptForwardCommand({ tool, family, table, base, writer }: Blocked, to: string): string | undefined {
  if (writer === 'firewalld') return undefined;
  if (writer === 'ufw') return `ufw route allow out on ${to}`;
  // A table of iptables, where only nft is installed.
  const isIptables = tool !== 'nft' || (family === 'ip' && /^[A-Z]+$/.test(base));
  if (!isIptables) return `nft insert rule ${family} ${table} ${base} oifname ${to} accept`;
  return `${tool === 'nft' ? 'iptables' : tool}${table === 'filter' ? '' : ` -t ${table}`} -I ${base} -o ${to} -j ACCEPT`;
}
