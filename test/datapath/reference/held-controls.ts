// The programs' timer holds control connections of FTP, and their flows by FULLNAT, at any moment: memory follows it where the rule allows it.
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { controlOf, holdControl } from '../../../src/datapath/memory/packets/ftp-hold.js';
import type { PacketDirector } from '../../../src/datapath/memory/packets/packet-director.js';
import type { ConnectionView } from './connection-view.js';
import type { FollowedPorts } from './followed-ports.js';

interface Loaded {
  readonly views: Iterable<ConnectionView>;
  readonly flows: FollowedPorts;
  /** From memory's clock to the programs'. */
  readonly offset: number;
  /** Units by which both may differ. */
  readonly slack: number;
}

export function followHolds(director: PacketDirector, { views, flows, offset, slack }: Loaded): void {
  const isLater = (connection: Connection): boolean =>
    [...views].some((view) => (view.expiresOf(connection, offset) ?? connection.expires) > connection.expires + slack);
  for (const connection of director.living()) {
    const control = controlOf(director, connection, director.now);
    if (control === undefined) continue;
    if (isLater(control)) holdControl(director.settings, control, director.now, slack);
    flows.follow(control, offset, slack);
  }
}
