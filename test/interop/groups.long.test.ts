// Sync groups beside Debian's keepalived, in both roles: any fault of one member moves the whole group, and to the right node.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { field, parseJson } from '../../src/model/json.js';
import { killDrivers } from '../drain/drain-cluster.js';
import { type Node, type Pair, skipWithoutPeer, withPair } from './harness.js';
import { PRIORITY, roles } from './matrix.js';

/** Three routers on two cables: VI_1 and VI_3 on the first, VI_2 on the second. */
const MEMBERS = [
  { name: 'VI_1', vrid: 51, suffix: '', vip: '10.99.0.100' },
  { name: 'VI_2', vrid: 52, suffix: '2', vip: '10.98.0.100' },
  { name: 'VI_3', vrid: 53, suffix: '', vip: '10.99.0.103' },
] as const;

interface Grouping {
  /** Names of those in the group; all by default. */
  readonly members?: readonly string[];
  /** What VI_2 is called. */
  readonly called?: string;
  /** More lines of the group, of VI_2, and before all blocks. */
  readonly group?: readonly string[];
  readonly second?: readonly string[];
  readonly before?: readonly string[];
}

/** keepalived.conf of a node: every member has the node's one priority. */
function grouped({ device }: Node, priority: number, grouping: Grouping = {}): string {
  const { members = MEMBERS.map(({ name }) => name), called = 'VI_2', group = [], second = [], before = [] } = grouping;
  const calledOf = (name: string): string => (name === 'VI_2' ? called : name);
  const instances = MEMBERS.map(({ name, vrid, suffix, vip }) => {
    const lines = [`interface ${device}${suffix}`, `virtual_router_id ${vrid}`, `priority ${priority}`, 'advert_int 0.5'];
    const own = name === 'VI_2' ? second : [];
    return `vrrp_instance ${calledOf(name)} {\n${[...lines, ...own].join('\n')}\nvirtual_ipaddress {\n${vip}/24\n}\n}`;
  });
  const sync = `vrrp_sync_group G1 {\ngroup {\n${members.map(calledOf).join('\n')}\n}\n${group.join('\n')}\n}`;
  return ['global_defs {\nvrrp_version 3\n}', ...before, ...instances, sync, ''].join('\n');
}

const VIPS = MEMBERS.map(({ vip }) => vip);
const has = (node: Node, vips: readonly string[] = VIPS): boolean => VIPS.every((vip) => node.holds(vip) === vips.includes(vip));

/** The first has all VIPs, the others have none. */
const alone = (node: Node, other: Node) => (): boolean => has(node) && has(other, []);

async function settle(pair: Pair, grouping: Grouping = {}): Promise<void> {
  const { a, b } = pair;
  pair.cable('va2', 'vb2', '10.98.0.1/24', '10.98.0.2/24');
  await pair.listen();
  a.start(grouped(a, PRIORITY.high, grouping));
  b.start(grouped(b, PRIORITY.low, grouping));
  await pair.until('b is up', () => b.hasLogged(/\(VI_3\) Entering BACKUP STATE/));
  await pair.until('the higher has all', alone(a, b));
}

/** A script that succeeds while its file is there: the line of keepalived.conf's block, and how to let it fail and succeed. */
function checked(pair: Pair, weight: number): { readonly block: string; readonly bad: () => void; readonly good: () => void } {
  const path = join(pair.a.folder, 'healthy');
  const block = `vrrp_script chk {\nscript "/usr/bin/test -e ${path}"\ninterval 1\nrise 1\nfall 1\nuser root\nweight ${weight}\n}`;
  const good = () => writeFileSync(path, '');
  good();
  return { block, good, bad: () => rmSync(path) };
}

interface Case {
  readonly name: string;
  readonly what: string;
  readonly play: (pair: Pair) => Promise<void>;
}

const cases: readonly Case[] = [
  {
    name: 'gscr',
    what: 'a script that fails in one member takes all to FAULT, and back',
    play: async (pair) => {
      const { a, b } = pair;
      const { block, bad, good } = checked(pair, 0);
      pair.cable('va2', 'vb2', '10.98.0.1/24', '10.98.0.2/24');
      await pair.listen();
      a.start(grouped(a, PRIORITY.high, { before: [block], second: ['track_script {', 'chk', '}'] }));
      b.start(grouped(b, PRIORITY.low));
      await pair.until('the higher has all', alone(a, b));
      bad();
      await pair.until('the other has all', alone(b, a));
      await pair.until('a says so', () => a.hasLogged(/VRRP_Group\(G1\) Syncing instances to FAULT state/));
      good();
      await pair.until('the higher has all again', alone(a, b));
    },
  },
  {
    name: 'gwei',
    what: 'what the group tracks weighs on every member',
    play: async (pair) => {
      const { a, b } = pair;
      const { block, bad, good } = checked(pair, -150);
      pair.cable('va2', 'vb2', '10.98.0.1/24', '10.98.0.2/24');
      await pair.listen();
      a.start(grouped(a, PRIORITY.high, { before: [block], group: ['track_script {', 'chk', '}'] }));
      b.start(grouped(b, PRIORITY.low));
      await pair.until('the higher has all', alone(a, b));
      bad();
      await pair.until('the other has all', alone(b, a));
      for (const { name } of MEMBERS)
        await pair.until(`a says it of ${name}`, () => a.hasLogged(new RegExp(`\\(${name}\\) Changing effective priority from 200 to 50`)));
      good();
      await pair.until('the higher has all again', alone(a, b));
    },
  },
  {
    name: 'gend',
    what: 'a crash, a return and a clean stop move all',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair);
      await a.crash();
      await pair.until('the other has all', () => has(b));
      for (const { vip, suffix } of MEMBERS) if (a.holds(vip)) a.host.ip(`addr del ${vip}/24 dev va${suffix}`);
      a.start(grouped(a, PRIORITY.high));
      await pair.until('the higher has all again', alone(a, b));
      await a.stop();
      await pair.until('the other has all at once', alone(b, a));
      for (const { name } of MEMBERS)
        await pair.until(`b received priority 0 for ${name}`, () =>
          b.hasLogged(new RegExp(`\\(${name}\\) Backup received priority 0 advertisement`)),
        );
    },
  },
  {
    name: 'gzero',
    what: 'an address that is taken from one member: a goodbye, and the higher has all again',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair);
      a.host.ip('addr del 10.98.0.100/24 dev va2');
      await pair.until('a noticed', () => a.hasLogged(/\(VI_2\) Entering BACKUP STATE[\s\S]*\(VI_1\) Entering BACKUP STATE/));
      await pair.until('b heard the goodbye', () => b.hasLogged(/\(VI_2\) Backup received priority 0 advertisement/));
      await pair.until('the higher has all again', alone(a, b));
    },
  },
  {
    name: 'gload',
    what: 'a member leaves by a reload and stays behind, another gets a new name and goes, all go when the first has joined again',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair);
      const reload = async (grouping: Grouping): Promise<void> => {
        for (const [node, priority] of [
          [a, PRIORITY.high],
          [b, PRIORITY.low],
        ] as const) {
          const before = [...node.log.matchAll(/Reload (?:complete|finished)/g)].length;
          node.reload(grouped(node, priority, grouping));
          await pair.until('it is read', () => [...node.log.matchAll(/Reload (?:complete|finished)/g)].length > before);
        }
        await pair.until('the higher has all', alone(a, b));
      };
      await reload({ members: ['VI_1', 'VI_2'], called: 'VI_two' });
      a.host.ip('link set va2 down');
      await pair.until('two went, one stayed', () => has(a, ['10.99.0.103']) && has(b, ['10.99.0.100', '10.98.0.100']));
      a.host.ip('link set va2 up');
      await pair.until('the higher has all again', alone(a, b));
      await reload({});
      a.host.ip('link set va2 down');
      await pair.until('all went', alone(b, a));
    },
  },
];

/** How often each member has entered this state. */
const entered = (node: Node, state: string): readonly number[] =>
  MEMBERS.map(({ name }) => [...node.log.matchAll(new RegExp(`\\(${name}\\) Entering ${state} STATE`, 'g'))].length);

const drainState = ({ host }: Node, words: string): unknown => field(parseJson(host.weir(`drain ${words} --json`).stdout), 'state');

/** The director that has all is drained; the peer, which does not preempt, gets all of them, and keeps them until the drain is cancelled. */
async function playDrain(pair: Pair): Promise<void> {
  const { a, b } = pair;
  pair.cable('va2', 'vb2', '10.98.0.1/24', '10.98.0.2/24');
  await pair.listen();
  assert.equal(a.host.ipvsadm('-A -t 10.99.0.100:80 -s rr').stderr, '');
  a.start(grouped(a, PRIORITY.high));
  await pair.until('the higher has all', () => has(a));
  b.start(grouped(b, PRIORITY.low));
  await pair.until('b is up', () => b.hasLogged(/\(VI_3\) Entering BACKUP STATE/));
  const before = [entered(a, 'MASTER'), entered(a, 'BACKUP'), entered(b, 'BACKUP')];
  assert.equal(drainState(a, '--this-director --deadline 10m'), 'draining');
  await pair.until('the peer has all', alone(b, a));
  // No instance was MASTER here for two seconds: four adverts of each.
  await pair.until('the drain is over', () => drainState(a, 'status d1') === 'empty');
  for (const { name } of MEMBERS) assert.ok(b.hasLogged(new RegExp(`\\(${name}\\) Backup received priority 0 advertisement`)), name);
  const more = (counts: readonly number[] = []): readonly number[] => counts.map((count) => count + 1);
  assert.deepEqual([entered(a, 'MASTER'), entered(a, 'BACKUP'), entered(b, 'BACKUP')], [before[0], more(before[1]), before[2]]);
  assert.deepEqual([entered(b, 'MASTER'), alone(b, a)()], [[1, 1, 1], true], 'once, and for good');
  assert.equal(drainState(a, 'cancel d1'), 'cancelled');
  await pair.until('the higher has all again', alone(a, b));
  await pair.until('b is up again', () => entered(b, 'BACKUP').join() === more(before[2]).join());
  assert.deepEqual([entered(a, 'MASTER'), entered(b, 'MASTER'), alone(a, b)()], [more(before[0]), [1, 1, 1], true]);
}

test(
  'a director of weir is drained: all of a sync group goes to Debian, once, and comes back when it is cancelled',
  {
    skip: skipWithoutPeer(),
  },
  () =>
    withPair('gdrain', 'weir', 'debian', async (pair) => {
      try {
        await playDrain(pair);
      } finally {
        killDrivers(pair.a.host);
        pair.a.host.weir('unload');
      }
    }),
);

describe('sync groups beside Debian', { concurrency: 5, skip: skipWithoutPeer() }, () => {
  for (const { high, low } of roles)
    for (const { name, what, play } of cases) test(`${what}: ${high} above ${low}`, () => withPair(`${name}${high[0]}`, high, low, play));
});
