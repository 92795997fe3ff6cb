// FULLNAT at a pair of directors (pair.ts): services whose servers have no route to the client, with local addresses that move as the virtual ones do.
import { VIP } from '../datapath/cluster.js';
import { server6, VIP6 } from '../datapath/cluster6.js';
import type { Host } from '../support/netns-bed.js';
import { addServices, type Balanced, type Pair } from './pair.js';

const [LOCAL, LOCAL6] = ['10.8.2.77', 'fd00:8:2::77'] as const;

export const balanced = (address: string, port: number, server: string, more = ''): Balanced => {
  const isSix = address === VIP6;
  return {
    address,
    port,
    server: `${isSix ? `[${server}]` : server}:${more === '' ? port : 90} --fullnat --local-address ${isSix ? LOCAL6 : LOCAL}${more}`,
  };
};

/** One of each family whose server knows no clients, and one that is sent their addresses. */
export const CHATTED: readonly Balanced[] = [
  balanced(VIP, 90, '10.8.2.12'),
  balanced(VIP, 93, '10.8.2.12', ' --client-address proxy'),
  balanced(VIP6, 90, server6(2)),
  balanced(VIP6, 93, server6(2), ' --client-address proxy'),
];

/** They come and go with the virtual addresses. */
export function locals(host: Host, action: 'add' | 'del'): void {
  host.ip(`addr ${action} ${LOCAL}/24 dev eth1`);
  locals6(host, action);
}

/** A device that was down has lost them. */
export function locals6(host: Host, action: 'add' | 'del'): void {
  host.ip(`addr ${action} ${LOCAL6}/64 dev eth1${action === 'add' ? ' nodad' : ''}`);
}

/** Both directors have these services, and the first one the addresses. */
export function beginFullnat({ lvs, second, web2 }: Pair, services: readonly Balanced[]): void {
  for (const director of [lvs, second]) addServices(director, services);
  locals(lvs, 'add');
  for (const option of [[], ['-6']]) web2.run(['ip', ...option, 'route', 'del', 'default']);
}
