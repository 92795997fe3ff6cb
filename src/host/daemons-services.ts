// The services that daemons of this network namespace have in their files, with all servers: also those that their checks have taken out.
import { type WantedService, wantedTable } from '../model/keepalived/wanted-table.js';
import { runningDaemons } from './running-daemon.js';

/** @throws SystemError EACCES without root */
export const daemonsServices = (): readonly WantedService[] =>
  runningDaemons()
    .filter(({ servesTable }) => servesTable)
    .flatMap(({ configuration }) => [...wantedTable(configuration).values()]);
