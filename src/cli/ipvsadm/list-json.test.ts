import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { daemonsFor } from '../../../test/support/sync-host.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { memoryIo } from '../io.js';
import { runIpvsadm } from './run.js';
import type { World } from './world.js';

const connection = {
  protocol: 'TCP',
  client: { address: ip('10.0.1.10'), port: 40000 },
  virtual: { address: ip('10.0.0.1'), port: 80 },
  destination: { address: ip('10.0.0.11'), port: 8080 },
  state: 'ESTABLISHED',
  expires: 899,
};

function newWorld(): World {
  const director = new MemoryDirector({ interfaces: ['eth1'], connections: [connection, { ...connection, state: 'FIN_WAIT' }] });
  return {
    driver: async () => () => director,
    names: {
      host: () => undefined,
      port: () => undefined,
      resolveHost: async () => {},
      resolveAddresses: async () => {},
      addressName: () => assert.fail('names are not asked for'),
      portName: () => assert.fail('names are not asked for'),
    },
    daemons: daemonsFor(director),
    isRoot: true,
  };
}

async function output(world: World, line: string): Promise<string> {
  const io = memoryIo();
  assert.equal(await runIpvsadm(line.split(' '), io, world), 0, io.stderr);
  return io.stdout;
}

const json = async (world: World, line: string): Promise<unknown> => JSON.parse(await output(world, line));

const none = { conns: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

test('the table: every service and destination with all that is known of it', async () => {
  const world = newWorld();
  assert.deepEqual(await json(world, '-L --json'), { version: '1.2.1', size: 4096, services: [] });
  await output(world, '-A -t 10.0.0.1:80 -s mh -b mh-fallback -p 60 -M 255.255.255.0');
  await output(world, '-a -t 10.0.0.1:80 -r 10.0.0.12:80 -g -w 3');
  await output(world, '-a -t 10.0.0.1:80 -r 10.0.0.11:8080 -m -x 9 -y 5');
  await output(world, '-A -f 3000000000 -6 -s wlc');
  await output(world, '-a -f 3000000000 -6 -r [2001:db8::7]:0 -i --tun-type gue --tun-port 6080 --tun-csum');
  await output(world, '-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip');
  const plain = { active: 0, inactive: 0, persistent: 0, stats: none, rates: none };
  const first = {
    protocol: 'tcp',
    family: 'inet',
    address: '10.0.0.1',
    port: 80,
    scheduler: 'mh',
    flags: ['mh-fallback'],
    persistence: { timeout: 60, netmask: '255.255.255.0' },
    onePacket: false,
    stats: none,
    rates: none,
    destinations: [
      { address: '10.0.0.11', port: 8080, method: 'masq', weight: 1, upperThreshold: 9, lowerThreshold: 5, ...plain },
      { address: '10.0.0.12', port: 80, method: 'route', weight: 3, upperThreshold: 0, lowerThreshold: 0, ...plain },
    ],
  };
  const udp = {
    ...first,
    protocol: 'udp',
    port: 5060,
    scheduler: 'rr',
    flags: [],
    persistence: { timeout: 60, netmask: '255.255.255.255', engine: 'sip' },
    destinations: [],
  };
  const tunnel = { type: 'gue', port: 6080, checksum: 'csum' };
  const mark = {
    fwmark: 3_000_000_000,
    family: 'inet6',
    scheduler: 'wlc',
    flags: [],
    onePacket: false,
    stats: none,
    rates: none,
    destinations: [
      { address: '2001:db8::7', port: 0, method: 'tunnel', weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel, ...plain },
    ],
  };
  assert.deepEqual(await json(world, '-L --json'), { version: '1.2.1', size: 4096, services: [mark, first, udp] });
  assert.deepEqual(await json(world, '-L --json -t 10.0.0.1:80'), { services: [first] });
  assert.deepEqual(await json(world, '-Ln --stats --json -t 10.0.0.1:80 --nosort'), { services: [first] }, 'newest first, as added');
});

test('connections, timeouts and daemons', async () => {
  const world = newWorld();
  const entry = {
    protocol: 'TCP',
    client: { address: '10.0.1.10', port: 40000 },
    virtual: { address: '10.0.0.1', port: 80 },
    destination: { address: '10.0.0.11', port: 8080 },
    state: 'ESTABLISHED',
    expires: 899,
  };
  assert.deepEqual(await json(world, '-Lc --json'), { connections: [entry, { ...entry, state: 'FIN_WAIT' }] });
  assert.equal((await output(world, '-Lcn --json')).split('\n').length, 5, 'a connection a line');
  assert.deepEqual(await json(world, '-L --timeout --json'), { timeouts: { tcp: 900, tcpFin: 120, udp: 300 } });
  assert.deepEqual(await json(world, '-L --daemon --json'), { daemons: [] });
  await output(world, '--start-daemon master --mcast-interface eth1 --syncid 5 --mcast-group 224.0.0.99');
  assert.deepEqual(await json(world, '-L --daemon --json'), {
    daemons: [{ role: 'master', interface: 'eth1', syncId: 5, maxLength: 1472, group: '224.0.0.99', port: 8848, ttl: 1 }],
  });
});

test('only listings know it', async () => {
  const io = memoryIo();
  assert.equal(await runIpvsadm(['-S', '--json'], io, newWorld()), 2);
  assert.equal(io.stderr, "Illegal 'json' option with the 'save' command\n");
});
