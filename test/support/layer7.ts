// Pools, hosts and requests of layer 7 for tests.
import { chanceFrom } from '../../src/control/chance.js';
import { Attempt } from '../../src/control/layer7/pool/attempt.js';
import { PoolChooser } from '../../src/control/layer7/pool/pool-chooser.js';
import type { RequestFacts } from '../../src/control/layer7/request.js';
import { normalisedPath } from '../../src/control/layer7/route/path.js';
import { parseAddress } from '../../src/model/address-text.js';
import { endpointText, parseEndpoint } from '../../src/model/endpoint-text.js';
import { defaultKeepAlive, defaultServer } from '../../src/model/layer7/defaults.js';
import type { Balance, Persistence, Pool, PoolServer } from '../../src/model/layer7/pool.js';

export function poolServer(name: string, own: Partial<PoolServer> = {}): PoolServer {
  const endpoint = parseEndpoint(name);
  if (endpoint === undefined) throw new Error(`no endpoint: ${name}`);
  return { ...defaultServer, ...endpoint, name: endpointText(endpoint), ...own };
}

export const poolOf = (servers: readonly PoolServer[], balance: Balance = { kind: 'round_robin' }, persistence?: Persistence): Pool => ({
  name: 'pool',
  servers,
  balance,
  ...(persistence === undefined ? {} : { persistence }),
  keepAlive: defaultKeepAlive,
});

export const chooserOf = (pool: Pool): PoolChooser =>
  new PoolChooser(pool, { secret: new Uint8Array(32).fill(7), chance: chanceFrom(new Uint8Array(16).fill(9)) });

/** A request by its target, host, client, and other fields. */
export function requestOf(
  target: string,
  host = 'example.com',
  client = '192.0.2.1',
  fields: Readonly<Record<string, string>> = {},
): RequestFacts {
  const address = parseAddress(client);
  if (address === undefined) throw new Error(`no address: ${client}`);
  return {
    method: 'GET',
    target,
    path: normalisedPath(target) ?? '',
    host,
    scheme: 'http',
    client: address,
    clientText: client,
    clientPort: 40_000,
    serverText: '192.0.2.100',
    serverPort: 80,
    field: (name) => (name === 'host' ? host : fields[name]),
  };
}

const request = requestOf('/');

/** The servers that so many requests in a row get, each of which ends before the next one begins. */
export function chosen(chooser: PoolChooser, count: number, facts: RequestFacts = request, nowUs = 0): readonly number[] {
  const attempt = new Attempt();
  return Array.from({ length: count }, () => {
    chooser.begin(attempt, facts);
    const server = chooser.choose(attempt, facts, nowUs);
    chooser.onResult(server, 'ok', nowUs);
    return server;
  });
}
