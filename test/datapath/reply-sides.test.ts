// What is remembered of interfaces that lead to no server: a flood of forged replies asks the FIB once, and a route that moves is noticed.

import assert from 'node:assert/strict';
import { Conf, Counters } from '../../src/datapath/ebpf/abi.gen.js';
import { native } from '../../src/sys/addon.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Hook, service } from './fixtures/fixture.js';
import { inKeptBed } from './kept-bed.js';
import { ip } from './namespace.js';

const skip = skipReason();
/** The only destination. */
const SERVER = 1;
const PLACES = Array.from({ length: Counters.replyNotFrom.count }, (_, k) => k);
const STAMP_SHIFT = 32n;

interface Forger {
  readonly bed: Bed;
  /** A reply from the side of the clients: how many such were refused, and how many replies counted. `ifindex`: as if by another interface. */
  send(ifindex?: number): { readonly refused: number; readonly counted: number };
  /** What each CPU remembers, one after the other. */
  remembered(): readonly (readonly bigint[])[];
  /** Lets every CPU remember this. */
  remember(words: readonly bigint[]): void;
  /** From now on the route to the server leads by the side of the clients. */
  moveServer(): void;
}

interface Kind {
  readonly family: Family;
  readonly method: 'masq' | 'route';
  readonly hook: Hook;
}

/** With a connection of one client, and its service's one server. */
function withForger({ family, method, hook }: Kind, use: (forger: Forger) => void | Promise<void>): Promise<void> {
  const { at, client, vip, servers, name } = family;
  const ends = { from: at(client, 40000), to: at(vip, 80) };
  const answer = family.tcp({ from: at(method === 'masq' ? servers[0] : vip, 80), to: ends.from }, 'SA');
  const moved = `${servers[0]} via ${name === 'IPv6' ? 'fe80::fe' : '10.0.1.254'} dev front`;
  return inKeptBed(
    async (bed) => {
      const { counters, conf } = bed.tables;
      const lines = Array.from({ length: conf.get(0, Conf.cpus) }, (_, cpu) => SERVER * conf.get(0, Conf.cpus) + cpu);
      const { service: spec } = service('tcp', vip, 80, []);
      bed.director.addService(spec);
      bed.director.addDestination(spec.key, destination(at(servers[0], 80), method));
      assert.equal(bed.send('ingress', 'front', family.fromClient(family.tcp(ends, 'S'), client)).verdict, 'redirect');
      let isMoved = false;
      await use({
        bed,
        send: (ifindex) => {
          bed.send(hook, 'front', family.fromClient(answer, client), ifindex === undefined ? {} : { ingressIfindex: ifindex });
          return { refused: bed.drops()['reply_side'] ?? 0, counted: bed.totals().outPackets };
        },
        remembered: () => lines.map((line) => PLACES.map((k) => counters.big(line, Counters.replyNotFrom, k))),
        remember: (words) => {
          for (const line of lines) for (const k of PLACES) counters.setBig(line, Counters.replyNotFrom, words[k] ?? 0n, k);
        },
        moveServer: () => {
          ip([`route add ${moved}`]);
          isMoved = true;
        },
      });
      if (isMoved) ip([`route del ${moved}`]);
    },
    { attach: hook === 'xdp' ? 'xdp' : 'tc' },
  );
}

/** The one answer that is remembered after the first forged reply, wherever that was. */
function firstAnswer({ remembered }: Forger): bigint {
  const answers = remembered().flat();
  const [answer = 0n, ...more] = answers.filter((word) => word !== 0n);
  assert.ok(answer !== 0n && more.length === 0, answers.join());
  return answer;
}

for (const family of [IPv4, IPv6]) {
  for (const hook of ['xdp', 'ingress'] as const) {
    for (const method of ['masq', 'route'] as const) {
      const isTelling = family === IPv4 ? method === 'masq' && hook === 'xdp' : method === 'route' && hook === 'ingress';
      (isTelling ? test : breadth)(
        `${family.name}, ${method}, ${hook}: a second forged reply does not ask the FIB, and after a second one does`,
        {
          skip,
        },
        async () => {
          await withForger({ family, method, hook }, async (forger) => {
            const { bed, send, remember, remembered, moveServer } = forger;
            assert.deepEqual(send(), { refused: 1, counted: 0 });
            remember([firstAnswer(forger)]);
            const before = remembered();
            moveServer();
            assert.deepEqual(send(), { refused: 2, counted: 0 }, 'the FIB would say yes');
            bed.letHopsAge();
            await until(send, ({ counted }) => counted > 0, 30);
            assert.deepEqual(remembered(), before, 'the flood does not make it last longer');
          });
        },
      );
    }
  }

  test(`${family.name}: where rules choose by source, an answer about one client is not remembered for another`, { skip }, async () => {
    await withForger({ family, method: 'masq', hook: 'ingress' }, ({ bed, send, moveServer }) => {
      bed.tables.conf.set(0, family.name === 'IPv6' ? Conf.sourceRules6 : Conf.sourceRules, 1);
      assert.deepEqual(send(), { refused: 1, counted: 0 });
      moveServer();
      assert.deepEqual(send(), { refused: 1, counted: 1 });
    });
  });

  test(`${family.name}: of more interfaces than there is room for, the oldest answer gives way`, { skip }, async () => {
    await withForger({ family, method: 'route', hook: 'ingress' }, (forger) => {
      const { bed, send, remember, remembered } = forger;
      const names = ['side1', 'side2', 'side3'];
      ip(names.flatMap((name) => [`link add ${name} type veth peer name ${name}-far`, `link set ${name} up`]));
      const [first = 0, second = 0, third = 0] = names.map((name) => native().ifNameToIndex(name));
      send();
      const answer = firstAnswer(forger);
      const older = (word: bigint, units: bigint): bigint => word - (units << STAMP_SHIFT);
      const by = (ifindex: number): bigint => ((answer >> STAMP_SHIFT) << STAMP_SHIFT) | BigInt(ifindex);
      const words = [older(answer, 2n), older(by(first), 3n), by(second)];
      /** By number, on the one CPU where it changed. */
      const changed = (): readonly number[] => {
        const found = remembered().filter((line) => line.some((word, k) => word !== words[k]));
        assert.equal(found.length, 1);
        return (found[0] ?? []).map((word, k) => (word === words[k] ? 0 : Number(BigInt.asUintN(32, word))));
      };
      remember(words);
      assert.deepEqual(send(third), { refused: 2, counted: 0 });
      assert.deepEqual(changed(), [0, third, 0]);
      remember(words);
      bed.tables.conf.set(0, Conf.freshFor, 1);
      send(first);
      assert.deepEqual(changed(), [0, first, 0], 'an old one of the same interface is written again');
      send();
      assert.equal(bed.totals().outPackets, 0);
    });
  });
}
