// What a change of services is answered with besides: policies of IPsec and rules of the packet filter that do not apply to what is balanced.

import type { Changed } from '../../config/ipvsadm/command.js';
import type { Director } from '../../datapath/director.js';
import type { Io } from '../io.js';
import { warnOfFirewall } from './firewall-warning.js';
import { warnOfIpsec } from './ipsec-warning.js';
import type { World } from './world.js';

/** The status of a change, with the lines that are due after one that was made. */
export async function warned(status: number, command: Changed, director: Director, world: World, io: Io): Promise<number> {
  if (status !== 0) return status;
  warnOfIpsec(command, director, world, io);
  await warnOfFirewall(command, director, world, io);
  return status;
}
