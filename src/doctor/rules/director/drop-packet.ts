// Does the defence drop_packet drop new connections, and by which value of the setting?
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { latestDrops } from './drop-count.js';
import { fillText } from './fill.js';

const SETTING = 'net.ipv4.vs.drop_packet';
const AUTOMATIC = 2;
const ALWAYS = 3;

export function dropPacketRule({ drops, fill }: DirectorFacts): readonly Finding[] {
  const packets = drops && latestDrops(drops, 'drop_packet');
  if (drops === undefined || packets === undefined) return [];
  const { dropPacket, amDroprate } = drops;
  const found = { code: 'drop-packet', what: `new connections are dropped (${packets})` } as const;
  if (dropPacket === ALWAYS) {
    const cause = `${SETTING} is 3, which drops one in ${amDroprate} of them (net.ipv4.vs.am_droprate), also without a flood`;
    return [
      {
        severity: 'warning',
        ...found,
        cause,
        advice: `weir sysctl -w ${SETTING}=1 drops them only while the table is almost full, 0 never`,
      },
    ];
  }
  if (dropPacket === AUTOMATIC) {
    const cause = `${SETTING} is 2: the connection table has less free space than net.ipv4.vs.amemthresh asks for (${fillText(fill)})`;
    return [{ severity: 'warning', ...found, cause, advice: 'a larger table: weir load --connections N, which loses no connection' }];
  }
  const what = `new connections were dropped (${packets})`;
  return [{ severity: 'info', ...found, what, cause: `${SETTING} was active; it is ${dropPacket} now, which drops none` }];
}
