// Ten thousand connections, by each method, with persistence and of both families, while directors that keep them the same by weir's own stream are killed, come
// back with empty tables, and hand over: none is lost, and every byte comes as it was sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ok, until, VIP } from '../datapath/cluster.js';
import { server6, VIP6 } from '../datapath/cluster6.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { balanced, locals, locals6 } from './fullnat-pair.js';
import { addServices, type Balanced, connections, failBack, failOver, inPair, type Pair, SERVICES } from './pair.js';
import { inStep, LINK_ADDRESS, startStream, startStreams } from './stream-pair.js';

const skip = noNamespaces();
const held = fileURLToPath(new URL('./held-child.js', import.meta.url));
/**
 * Ports of servers by VS/NAT that no other service has: a client takes one port of its own for several services, and two connections by VS/NAT between the
 * same ends are one to the server.
 */
const STUCK_PORTS = [95, 96] as const;
const STUCK: readonly Balanced[] = [
  { address: VIP, port: STUCK_PORTS[0], server: `10.8.2.12:${STUCK_PORTS[0]} -m` },
  { address: VIP6, port: STUCK_PORTS[0], server: `[${server6(2)}]:${STUCK_PORTS[0]} -m` },
];
const ALL: readonly Balanced[] = [
  ...SERVICES,
  { ...balanced(VIP, 90, '10.8.2.12'), port: 94 },
  { ...balanced(VIP6, 90, server6(2)), port: 94 },
  ...STUCK,
];
const COUNT = 10_000;
const countOf = (service: Balanced): number => Math.floor(COUNT / ALL.length) + (ALL.indexOf(service) < COUNT % ALL.length ? 1 : 0);
/** Of a client that comes after the last takeover. */
const MORE = 20;

/** The servers of a client that comes again are those that it had: each of these services has two. */
function addAll(director: Host): void {
  addServices(director, ALL);
  for (const { address, port, server } of STUCK) {
    const service = `-t ${address === VIP6 ? `[${address}]` : address}:${port}`;
    ok(director.ipvsadm(`-E ${service} -s rr -p 300`));
    ok(director.ipvsadm(`-a ${service} -r ${server.replace(`:${STUCK_PORTS[0]} `, `:${STUCK_PORTS[1]} `)}`));
  }
}

const serveStuck = ({ bed, web2 }: Pair): Promise<unknown> =>
  Promise.all(STUCK_PORTS.flatMap((port) => ['0.0.0.0', server6(2)].map((address) => web2.serve(bed, station('echo', port, address)))));

/** The client's connections of a service, from now on; the function that is returned has what became of them. */
const hold = (pair: Pair, { address, port }: Balanced, count: number): Promise<() => Promise<string>> =>
  begun(pair, process.execPath, held, address, `${port}`, `${count}`);

const hasAll = (director: Host): Promise<number> =>
  until(
    () => connections(director).filter((row) => row.includes(' ESTABLISHED ')).length,
    (count) => count === COUNT,
  );

/** Of connections by a persistent service, as a listing has them. */
const serversOf = (director: Host, { address, port }: Balanced): readonly string[] => {
  const virtual = `${address === VIP6 ? `[${address}]` : address}:${port}`;
  const rows = connections(director).map((row) => row.split(' '));
  return [...new Set(rows.flatMap(([, , , to, server = '']) => (to === virtual ? server : [])))];
};

test(`${COUNT} connections: killed, back after a restart with empty tables, and handed over: none is lost`, { skip }, () =>
  inPair(async (pair) => {
    const { lvs, second } = pair;
    await serveStuck(pair);
    for (const director of [lvs, second]) addAll(director);
    locals(lvs, 'add');
    const { key, first, other } = startStreams(pair);
    const ends: (() => Promise<string>)[] = [];
    for (const service of ALL) ends.push(await hold(pair, service, countOf(service)));
    await hasAll(second);
    await inStep(lvs, second);
    const stuck = STUCK.map((service) => serversOf(lvs, service));

    first.signal('SIGKILL');
    failOver(pair);
    locals(second, 'add');
    ok(lvs.weir('unload'));
    addAll(lvs);
    const next = startStream(pair, lvs, key, LINK_ADDRESS.second);
    await hasAll(lvs);
    await inStep(second, lvs);

    locals(second, 'del');
    failBack(pair);
    locals6(lvs, 'add');
    await inStep(second, lvs);
    for (const daemon of [next, other]) await daemon.stop();
    failOver(pair);
    locals(second, 'add');
    const late = await Promise.all(STUCK.map((service) => hold(pair, service, MORE)));
    assert.deepEqual(
      await Promise.all([...ends, ...late].map((end) => end())),
      [...ALL.map(countOf), ...STUCK.map(() => MORE)].map((count) => `${count} of ${count}`),
    );
    assert.deepEqual(
      STUCK.map((service) => serversOf(second, service)),
      stuck,
    );
    for (const servers of stuck) assert.equal(servers.length, 1, 'a client stays at one server');
  }),
);
