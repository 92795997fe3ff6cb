// What the kernel refuses of an attachment: the rest goes on, and no command is locked out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { TC_HANDLE, TC_PRIORITY } from '../../src/datapath/ebpf/load/attachments.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { collectDatapath } from '../../src/doctor/collect/datapath.js';
import { datapathRule } from '../../src/doctor/rules/director/datapath.js';
import { native } from '../../src/sys/addon.js';
import { Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { director } from '../support/doctor-facts.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { inBed, openBed } from './bed.js';
import { withoutTcx } from './before-tcx.js';
import { ip } from './namespace.js';

const skip = noNamespaces();

test('before tcx, a qdisc “ingress” has the program of ingress alone, with a notice', {
  skip: skip || noTools('tc'),
}, async (context) => {
  await inBed(
    (bed) => {
      withoutTcx(context);
      ip(['link add shaped type veth peer name plain']);
      execFileSync('tc', ['qdisc', 'add', 'dev', 'shaped', 'ingress']);
      const [shaped, plain] = [native().ifNameToIndex('shaped'), native().ifNameToIndex('plain')];
      const pinned = (name: string): number => using(Program.pinned(`${bed.folder}/${name}`), (program) => program.id());
      const at = (ifindex: number): readonly number[] =>
        [false, true].map((egress) => native().bpfTcQuery(ifindex, egress, TC_HANDLE, TC_PRIORITY));
      const pins = (ifindex: number): readonly string[] =>
        readdirSync(bed.folder)
          .filter((name) => name.startsWith(`clsact_${ifindex}_`))
          .sort();
      const command = (): readonly string[] => {
        const notices: string[] = [];
        openDirector({ onWait: (text) => notices.push(text) }).close();
        return notices;
      };
      const [ingress, egress] = [pinned(PROGRAMS.ingress), pinned(PROGRAMS.egress)];
      assert.match(command().join(), /^shaped has a qdisc “ingress”/);
      assert.equal(at(shaped)[0], ingress, 'packets that arrive are balanced');
      assert.deepEqual([pins(shaped), pins(plain)], [[`clsact_${shaped}_ingress`], [`clsact_${plain}_egress`, `clsact_${plain}_ingress`]]);
      assert.deepEqual(at(plain), [ingress, egress]);
      assert.deepEqual(command(), [], 'one notice');
      // What a build did that took the qdisc for clsact.
      using(Program.pinned(`${bed.folder}/${PROGRAMS.egress}`), (program) => {
        native().bpfTcAttach(program.fd.number, shaped, true, TC_HANDLE, TC_PRIORITY);
        program.pin(`${bed.folder}/clsact_${shaped}_egress`);
      });
      assert.equal(at(shaped)[0], egress);
      assert.equal(command().length, 1);
      assert.deepEqual([at(shaped)[0], pins(shaped)], [ingress, [`clsact_${shaped}_ingress`]]);
      const findings = (): readonly (readonly [string, string])[] =>
        using(new Netlink(), (netlink) => datapathRule({ ...director, datapath: collectDatapath(netlink).facts })).map(
          ({ code, what, advice = '' }) => [`${code} ${what.split(' ')[0]}`, advice] as const,
        );
      const [[code, advice] = assert.fail(), ...others] = findings();
      assert.deepEqual([code, others], ['egress-uncovered shaped', []]);
      assert.throws(
        () => execFileSync('tc', ['qdisc', 'replace', 'dev', 'shaped', 'clsact'], { stdio: 'pipe' }),
        /must match existing qdisc/,
      );
      const [commands = ''] = advice.split('; weir load');
      execFileSync('sh', ['-ec', commands]);
      assert.deepEqual(
        findings().map(([each]) => each),
        ['interface-uncovered shaped'],
      );
      assert.deepEqual(command(), []);
      assert.deepEqual(at(shaped), [ingress, egress]);
      assert.deepEqual(findings(), []);
      context.mock.restoreAll();
    },
    openBed({ attach: 'tc' }),
  );
});
