// What the lines about health checks call things, as keepalived does.
import type { RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { serverName } from '../virtual-server/names.js';

/** `[10.0.0.2]:tcp:80` */
export const realName = (real: RealServer, { protocol }: VirtualServer): string => serverName(real, protocol);
