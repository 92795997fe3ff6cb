// Attacks, and accidents that look like them: floods that fill the table, forged errors, forged sources, large packets without a
// segment count, changes of the table at the worst moment.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { Service } from '../../src/datapath/ebpf/abi.gen.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { native } from '../../src/sys/addon.js';
import { ATTACH_TCX_EGRESS } from '../../src/sys/bpf/bpf-objects.js';
import { unlessCode } from '../../src/sys/errno.js';
import { PacketSocket } from '../../src/sys/sockets/packet-socket.js';
import { encodeIcmp, IcmpType } from '../../src/wire/icmp.js';
import { type Bed, type BedOptions, openBed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { CLIENT, DR_VIP, OWN, SERVERS, SMALL_MTU_SERVER, VIP } from './fixtures/bed-addresses.js';
import { destination, type Setup, service, serviceKey } from './fixtures/fixture.js';
import { bytes, fromClient, fromServer, ipPacket, patched, tcp, toClient, udp } from './fixtures/packets.js';
import { checkTable } from './table-check.js';
import { hold, sameFrame } from './verdict.js';

const skip = skipReason();
const SERVER = SERVERS[0];
const ends = { from: `${CLIENT}:40000`, to: `${VIP}:80` };

/** Runs `work` in a bed with these services. */
function within(setups: readonly Setup[], work: (bed: Bed) => void, options: BedOptions = {}): void {
  const bed = openBed(options);
  try {
    for (const { service: spec, destinations } of setups) {
      bed.director.addService(spec);
      for (const each of destinations) bed.director.addDestination(spec.key, each);
    }
    work(bed);
  } finally {
    bed.close();
  }
}

const masqueraded = service('tcp', VIP, 80, [destination(`${SERVER}:80`, 'masq')]);

test('a large packet of an untrusted device, which has not counted its segments, is forwarded', { skip }, () => {
  within([masqueraded], (bed) => {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const large = fromClient(tcp(ends, 'A', { data: bytes(2800) }));
    const { verdict } = bed.send('ingress', 'front', large, { gsoSize: 1400, gsoSegments: 0 });
    assert.equal(verdict, 'redirect');
    assert.deepEqual(bed.drops(), {});
    assert.equal(bed.totals().inBytes, 40 + large.length - 14);
  });
});

test('a large packet whose segments are larger than the next MTU is answered, one whose segments fit is forwarded', { skip }, () => {
  within([service('tcp', VIP, 80, [destination(`${SMALL_MTU_SERVER}:80`, 'masq')])], (bed) => {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const large = fromClient(tcp(ends, 'A', { data: bytes(2720) }));
    const fits = bed.send('ingress', 'front', large, { gsoSize: 1360, gsoSegments: 2 });
    assert.equal(fits.verdict, 'redirect');
    assert.deepEqual(bed.drops(), {});
    const answer = bed.send('ingress', 'front', large, { gsoSize: 1361, gsoSegments: 2 });
    hold(answer, large, { verdict: 'answer', type: 3, code: 4, from: VIP, to: CLIENT });
  });
});

test('any number of services may share a server: the reply of each finds its own VIP', { skip }, () => {
  const ports = Array.from({ length: 200 }, (_, n) => 1000 + n);
  within(
    ports.map((port) => service('tcp', VIP, port, [destination(`${SERVER}:80`, 'masq')])),
    (bed) => {
      for (const port of ports) {
        const client = `${CLIENT}:${40_000 + port}`;
        bed.send('ingress', 'front', fromClient(tcp({ from: client, to: `${VIP}:${port}` }, 'S')));
        const { verdict, frame } = bed.send('ingress', 'back', fromServer(tcp({ from: `${SERVER}:80`, to: client }, 'SA')));
        assert.equal(verdict, 'redirect', `the reply of ${VIP}:${port}`);
        sameFrame(frame.slice(14), toClient(tcp({ from: `${VIP}:${port}`, to: client }, 'SA', { ttl: 63 })).slice(14), 'the reply');
      }
    },
  );
});

const clientOf = (n: number): string => `10.77.${n >> 8}.${n & 255}:5000`;
const FLOOD = 1500;
const SMALL = { capacity: { connBuckets: 64 } } satisfies BedOptions;

test('a SYN flood leaves room for new connections also with secure_tcp', { skip }, () => {
  const direct = service('tcp', DR_VIP, 80, [destination(`${SERVER}:80`, 'route')]);
  within(
    [direct],
    (bed) => {
      bed.director.setSysctl('secure_tcp', '3');
      for (let n = 0; n < FLOOD; n++) bed.send('ingress', 'front', fromClient(tcp({ from: clientOf(n), to: `${DR_VIP}:80` }, 'S')));
      assert.equal(bed.drops()['table_full'], undefined);
      assert.ok((bed.drops()['half_open_replaced'] ?? 0) > FLOOD - 300);
      checkTable(bed);
    },
    SMALL,
  );
});

test('a UDP flood takes the place of its like: connections of TCP come in and stay', { skip }, () => {
  const datagrams = service('udp', VIP, 53, [destination(`${SERVER}:53`, 'masq')]);
  within(
    [datagrams, masqueraded],
    (bed) => {
      const flood = (from: number, to: number): void => {
        for (let n = from; n < to; n++) bed.send('ingress', 'front', fromClient(udp({ from: clientOf(n), to: `${VIP}:53` })));
      };
      flood(0, FLOOD);
      for (let port = 1; port <= 20; port++) {
        const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${port * 100}`, to: `${VIP}:80` }, 'S')));
        assert.equal(verdict, 'redirect');
      }
      const halfOpen = (): number => [...bed.director.connections()].filter(({ state }) => state === 'SYN_RECV').length;
      const before = halfOpen();
      flood(FLOOD, 2 * FLOOD);
      assert.ok(before > 0);
      assert.equal(halfOpen(), before, 'half-open connections outlast the flood');
      assert.equal(bed.drops()['table_full'], undefined);
      checkTable(bed);
    },
    SMALL,
  );
});

test('a scheduler that is changed under traffic refuses no packet', { skip }, () => {
  within([masqueraded], (bed) => {
    const { services } = bed.tables;
    const set = services.set.bind(services);
    const verdicts: string[] = [];
    services.set = (record, field, value, k) => {
      set(record, field, value, k);
      const from = `${CLIENT}:${2000 + verdicts.length}`;
      verdicts.push(bed.send('ingress', 'front', fromClient(tcp({ from, to: `${VIP}:80` }, 'S'))).verdict);
    };
    for (const scheduler of ['wrr', 'lc', 'wrr', 'rr']) {
      bed.director.editService({ key: serviceKey('tcp', VIP, 80), scheduler, schedFlags: 0, onePacket: false });
    }
    assert.ok(verdicts.length > 10 && services.get(1, Service.scheduler) === 1);
    assert.deepEqual([...new Set(verdicts)], ['redirect']);
    assert.deepEqual(bed.drops(), {});
  });
});

test('an ICMP error that quotes a connection but has another recipient passes untouched', { skip }, () => {
  within([masqueraded], (bed) => {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const quote = tcp({ from: ends.from, to: `${SERVER}:80` }, 'S', { ttl: 62 }).slice(0, 28);
    for (const to of [OWN.back, '198.51.100.1']) {
      const error = ipPacket(SERVER, to, IpProtocol.icmp, encodeIcmp({ type: IcmpType.unreachable, code: 3, rest: 0, body: quote }));
      hold(bed.send('ingress', 'back', fromServer(error)), fromServer(error), { verdict: 'pass' });
    }
  });
});

test('no flood of errors holds back the one that path MTU discovery needs', { skip }, () => {
  within([service('tcp', VIP, 80, [destination(`${SMALL_MTU_SERVER}:80`, 'masq')]), service('udp', VIP, 53, [])], (bed) => {
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const large = fromClient(tcp(ends, 'A', { data: bytes(1400) }));
    const useless = fromClient(udp({ from: `${CLIENT}:1024`, to: `${VIP}:53` }));
    const limited = (): number => bed.drops()['icmp_limited'] ?? 0;
    for (let turn = 0; turn < 50; turn++) {
      const before = limited();
      while (limited() === before) bed.send('ingress', 'front', useless);
      hold(bed.send('ingress', 'front', large), large, { verdict: 'answer', type: 3, code: 4, from: VIP, to: CLIENT });
    }
  });
});

test('no error is sent to a group of stations', { skip }, () => {
  within([service('udp', VIP, 53, [])], (bed) => {
    const asked = patched(fromClient(udp({ from: `${CLIENT}:1024`, to: `${VIP}:53` })), 6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    assert.equal(bed.send('ingress', 'front', asked).verdict, 'drop');
  });
});

for (const attach of ['tc', 'xdp'] as const) {
  test(`${attach}: a datagram in the name of a service is refused: two services would answer each other for ever`, { skip }, () => {
    const setups = [53, 54].map((port) => service('udp', VIP, port, [destination(`${SERVER}:${port}`, 'masq')]));
    setups.push(service('udp', DR_VIP, 53, [destination(`${SERVER}:53`, 'route')]));
    within(
      setups,
      (bed) => {
        for (const [from, to] of [
          [`${VIP}:53`, `${DR_VIP}:53`],
          [`${DR_VIP}:53`, `${VIP}:54`],
        ] as const) {
          const { verdict } = bed.send(attach === 'xdp' ? 'xdp' : 'ingress', 'front', fromClient(udp({ from, to })));
          assert.equal(verdict, 'drop', `${from} to ${to}`);
        }
        assert.deepEqual([...bed.director.connections()], []);
        assert.deepEqual(bed.drops(), { martian: 2 });
      },
      { attach },
    );
  });
}

for (const mode of ['0', '1', '2']) {
  test(`a client on the director gets its answer under rp_filter ${mode}`, { skip }, async () => {
    const bed = openBed();
    const client = createSocket('udp4');
    const far = native().ifNameToIndex('back-far');
    const wire = new PacketSocket(far, 0x0800);
    try {
      // the far end plays the server: there, what it sends is not the director's own
      rmSync(`${bed.folder}/link_${far}_egress`, { force: true });
      rmSync(`${bed.folder}/clsact_${far}_egress`, { force: true });
      execFileSync('sh', ['-c', 'tc filter del dev back-far egress || true'], { stdio: 'ignore' }); // Linux before 6.6, which knows no tcx
      // The kernel takes the program off some time after its pin has gone.
      await until(
        () => unlessCode(() => native().bpfProgQuery(far, ATTACH_TCX_EGRESS), ['EINVAL'], []),
        (programs) => programs.length === 0,
      );
      const { service: spec, destinations } = service('udp', VIP, 53, [destination(`${SERVER}:53`, 'masq')]);
      bed.director.addService(spec);
      for (const each of destinations) bed.director.addDestination(spec.key, each);
      execFileSync('sysctl', ['-qw', `net.ipv4.conf.all.rp_filter=${mode}`]);
      client.bind(0, VIP);
      await once(client, 'listening');
      client.connect(53, VIP);
      await once(client, 'connect');
      client.send('query');
      const answered = once(client, 'message', { signal: AbortSignal.timeout(60_000) });
      await new Promise(setImmediate);
      assert.ok(wire.receive(60_000) !== undefined, 'the question reaches the server');
      wire.send(fromServer(udp({ from: `${SERVER}:53`, to: `${VIP}:${client.address().port}` })));
      assert.equal(String((await answered)[0]), 'query');
    } finally {
      client.close();
      wire.close();
      bed.close();
    }
  });
}
