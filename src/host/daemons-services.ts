// The services that daemons of this network namespace have in their files, with all servers: also those that their checks have taken out.
import { type WantedService, wantedTable } from '../model/keepalived/wanted-table.js';
import { type RunningDaemon, runningDaemons } from './running-daemon.js';

/** Those that keep virtual servers. @throws SystemError EACCES without root */
export const servingDaemons = (): readonly RunningDaemon[] => runningDaemons().filter(({ servesTable }) => servesTable);

/** @throws SystemError EACCES without root */
export const daemonsServices = (): readonly WantedService[] =>
  servingDaemons().flatMap(({ configuration }) => [...wantedTable(configuration).values()]);
