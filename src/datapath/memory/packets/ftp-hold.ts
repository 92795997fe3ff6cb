// A control connection of FTP is there as long as a data connection that it has named: bpf/director/ftp-hold.h.
import { type Connection, isExpired } from './connection.js';
import { familyOf } from './ip.js';
import type { PacketTable } from './packet-table.js';
import type { Settings } from './settings.js';

/** What it gets, and how long before its end, s. */
const HELD_SECONDS = 60;
const HELD_BEFORE_SECONDS = 30;

/** The control connection that has named this one, where both live. */
export function controlOf(table: PacketTable, connection: Connection, now: number): Connection | undefined {
  const { control, service, destination, protocol } = connection;
  if (control === undefined || isExpired(connection, now)) return undefined;
  const exact = table.scopesOf(familyOf(control.address), protocol).find(({ allPorts }) => !allPorts);
  const virtual = { address: service.address, port: service.port };
  const found = exact?.connections.find(service, { client: control, virtual, protocol }, now);
  // Its client's port may have begun another one.
  return found?.destination === destination ? found : undefined;
}

/** What the timer does for such a control connection. `early`: so many units before its time. */
export function holdControl(settings: Settings, control: Connection, now: number, early = 0): void {
  if (control.expires - now >= settings.unitsOf(HELD_BEFORE_SECONDS) + early) return;
  control.expires = now + settings.unitsOf(HELD_SECONDS);
}
