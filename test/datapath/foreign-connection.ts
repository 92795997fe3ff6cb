// A connection as another director reports it: of a client to the service that the tests of these have.
import type { ForeignConnection } from '../../src/model/foreign-connection.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { at, CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';

/** `rest`: what is otherwise. By VS/NAT, established, with 900 s left. */
export const foreignConnection = (rest: Partial<ForeignConnection> = {}): ForeignConnection => ({
  protocol: IpProtocol.tcp,
  client: at(CLIENT, 40000),
  virtual: at(VIP, 80),
  server: at(SERVERS[0], 8080),
  mark: 0,
  method: 'masq',
  state: 1,
  seconds: 900,
  timeout: 900,
  late: false,
  ...rest,
});
