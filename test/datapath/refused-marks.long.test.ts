// A kernel that refuses the path of packets with a firewall mark: their service is refused with it, whole, and no command is locked out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo } from '../../src/cli/io.js';
import { runRestore } from '../../src/cli/ipvsadm/restore-command.js';
import { runIpvsadm } from '../../src/cli/ipvsadm/run.js';
import { systemWorld } from '../../src/cli/ipvsadm/world.js';
import { applyPlans } from '../../src/daemon/checker/apply-plans.js';
import { MARK_TABLE } from '../../src/datapath/ebpf/load/mark-rules.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import type { Family } from '../../src/model/address.js';
import type { ServiceSpec } from '../../src/model/service.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { policyRules } from '../../src/sys/netlink/policy-rules.js';
import { noNamespaces } from '../support/netns-bed.js';
import { replace } from '../support/replaced.js';
import { inBed, openBed } from './bed.js';

const skip = noNamespaces();

const ROUTE = 'add the route of firewall marks';
const ADD_RULE = 'add a policy rule for firewall marks';
const REMOVE_RULE = 'remove a policy rule for firewall marks';

/** `nth`: which request of this kind is refused; absent: each. Returns what ends it. */
function refuse(what: string, nth?: number): () => void {
  let count = 0;
  return replace(Netlink.prototype, 'change', (_self, [, asked], was) => {
    if (asked !== what) return was();
    count++;
    if (nth !== undefined && count !== nth) return was();
    throw Object.assign(new Error(`${what}: EOPNOTSUPP`), { code: 'EOPNOTSUPP', errno: -95, syscall: 'netlink' });
  });
}

const rules = (family: Family): readonly string[] =>
  using(new Netlink(), (netlink) => policyRules(netlink, family)).map(({ preference, table, mark }) => `${preference} ${mark} ${table}`);
const ruleOf = (mark: number): string => `1 ${mark} ${MARK_TABLE}`;

type Ran = readonly [status: number, output: string, errors: string];

async function ran(work: (io: ReturnType<typeof memoryIo>) => Promise<number>, input = ''): Promise<Ran> {
  const io = memoryIo(input);
  return [await work(io), io.stdout, io.stderr];
}
const ipvsadm = (...words: readonly string[]): Promise<Ran> => ran((io) => runIpvsadm([...words], io, systemWorld()));
const restore = (text: string): Promise<Ran> => ran((io) => runRestore([], io, systemWorld()), text);

async function inLoaded(work: () => Promise<void>): Promise<void> {
  await inBed(
    async (bed) => {
      bed.director.close();
      await work();
    },
    openBed({ attach: 'tc' }),
  );
}

const REFUSED =
  /^weir: (line 2: )?the kernel refuses the route or the policy rule that leads packets with this firewall mark to the table: /;

for (const [what, words, family] of [
  ['the route', ['-f', '3', '-6'], 'inet6'],
  ['the route', ['-f', '3'], 'inet'],
] as const) {
  test(`${what} of ${family}: the service is not in the table, and a restore changes nothing`, { skip }, () =>
    inLoaded(async () => {
      const before = rules(family);
      const end = refuse(ROUTE);
      try {
        const [status, , errors] = await ipvsadm('-A', ...words, '-s', 'rr');
        assert.notEqual(status, 0);
        assert.match(errors, REFUSED);
        assert.doesNotMatch((await ipvsadm('-Ln'))[1], /FWM/);
        const [restored, , why] = await restore(`-A -t 10.0.1.100:80 -s rr\n-A ${words.join(' ')} -s rr\n`);
        assert.equal(restored, 255);
        assert.match(why, REFUSED);
        assert.match(why, /; nothing was changed$/m);
        const [listed, table, notices] = await ipvsadm('-Ln');
        assert.deepEqual([listed, table.includes('10.0.1.100'), table.includes('FWM'), notices], [0, false, false, '']);
        assert.deepEqual(rules(family), before);
      } finally {
        end();
      }
      assert.equal((await ipvsadm('-A', ...words, '-s', 'rr'))[0], 0);
      assert.ok(rules(family).includes(ruleOf(3)));
    }),
  );
}

test('a restore of more services than there is room for names the room', { skip }, () =>
  inLoaded(async () => {
    const lines = Array.from({ length: 257 }, (_, mark) => `-A -f ${mark + 1} -s rr\n`).join('');
    const [status, , why] = await restore(lines);
    assert.equal(status, 255);
    assert.equal(why, 'weir: line 256: No space left on device: no room for more than 255 services; nothing was changed\n');
  }),
);

test('a rule: those that were made before it are taken back, and the marks of before keep theirs', { skip }, () =>
  inLoaded(async () => {
    const none = rules('inet');
    let end = refuse(ADD_RULE, 2);
    assert.match((await ipvsadm('-A', '-f', '3', '-s', 'rr'))[2], REFUSED);
    end();
    assert.deepEqual(rules('inet'), none);
    assert.equal((await ipvsadm('-A', '-f', '4', '-s', 'rr'))[0], 0);
    const four = rules('inet');
    end = refuse(ADD_RULE, 1);
    assert.match((await restore('-A -f 4 -s rr\n-A -f 3 -s rr\n'))[2], /nothing was changed/);
    end();
    assert.deepEqual(rules('inet'), four);
    assert.match((await ipvsadm('-Ln'))[1], /FWM {2}4 rr/);
  }),
);

test('a rule that cannot be removed: its service goes, with a notice at each command until it is gone', { skip }, () =>
  inLoaded(async () => {
    assert.equal((await ipvsadm('-A', '-f', '3', '-s', 'rr'))[0], 0);
    const end = refuse(REMOVE_RULE);
    const NOTICE = /routes and policy rules of firewall marks are not as the table needs them: .*every command tries again/;
    try {
      const [status, , errors] = await ipvsadm('-D', '-f', '3');
      assert.equal(status, 0);
      assert.match(errors, NOTICE);
      const [, table, notices] = await ipvsadm('-Ln');
      assert.doesNotMatch(table, /FWM/);
      assert.match(notices, NOTICE);
    } finally {
      end();
    }
    assert.equal((await ipvsadm('-Ln'))[2], '');
    assert.ok(!rules('inet').includes(ruleOf(3)));
  }),
);

test('the checker: a mark without a path keeps no other service from the table', { skip }, () =>
  inLoaded(async () => {
    const address = { family: 'inet', words: [0x0a000164] } as const;
    const spec = (key: ServiceSpec['key']): ServiceSpec => ({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    const plan = (id: string, one: ServiceSpec) => ({ id, name: id, changes: [{ kind: 'add-service', spec: one } as const] });
    const end = refuse(ROUTE);
    const director = openDirector();
    try {
      const refused = director.exclusively(() =>
        applyPlans(director, [
          plan('mark', spec({ kind: 'fwmark', mark: 3, family: 'inet' })),
          plan('web', spec({ kind: 'address', protocol: 'tcp', address, port: 80 })),
        ]),
      );
      assert.deepEqual([...refused.keys()], ['mark']);
      assert.match(refused.get('mark') ?? '', /^mark: the kernel refuses the route/);
      assert.deepEqual(
        director.services().map(({ spec: { key } }) => key.kind),
        ['address'],
      );
    } finally {
      director.close();
      end();
    }
  }),
);

test('what a command failed by is reported, also where the path of marks cannot follow then', { skip }, () =>
  inLoaded(async () => {
    const key = { kind: 'fwmark', mark: 3, family: 'inet' } as const;
    const notices: string[] = [];
    const director = openDirector({ onWait: (text) => notices.push(text) });
    director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    const end = replace(Netlink.prototype, 'close', (_self, _args, was) => {
      was();
      throw new Error('the path');
    });
    try {
      const fail = (): void => {
        director.deleteService(key);
        throw new Error('the command');
      };
      assert.throws(() => director.exclusively(fail), /the command/);
      assert.deepEqual(notices, ['the path']);
    } finally {
      end();
      director.close();
    }
    assert.ok(!rules('inet').includes(ruleOf(3)));
  }),
);
