// Filters of clsact, before tcx: where a command is killed between a filter and its pin, the next one finds what is there.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { TC_HANDLE, TC_PRIORITY } from '../../src/datapath/ebpf/load/attachments.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { native } from '../../src/sys/addon.js';
import { Program } from '../../src/sys/bpf/bpf-objects.js';
import { unlessCode } from '../../src/sys/errno.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { noNamespaces } from '../support/netns-bed.js';
import { Death, dies, withReplaced } from '../support/replaced.js';
import { inBed, openBed } from './bed.js';
import { withoutTcx } from './before-tcx.js';
import { ip } from './namespace.js';

const skip = noNamespaces();

test('before tcx, a command that is killed beside a filter leaves none that `weir unload` does not find', { skip }, async (context) => {
  await inBed(
    (bed) => {
      withoutTcx(context);
      // The first one that each command comes to.
      const late = 90;
      const add = `link add late index ${late} type veth peer name late-far index ${late + 1}`;
      ip([add]);
      const filters = (): readonly boolean[] =>
        [false, true].map((egress) => {
          const query = (): number => native().bpfTcQuery(late, egress, TC_HANDLE, TC_PRIORITY);
          return unlessCode(query, ['ENOENT', 'EINVAL'], undefined) !== undefined;
        });
      const isPinned = (): boolean => readdirSync(bed.folder).includes(`clsact_${late}_ingress`);
      const command = (): void => openDirector().close();
      const kill = (): never => {
        throw new Death();
      };
      const afterIt = (_native: unknown, _words: unknown, was: () => void): never => {
        was();
        return kill();
      };
      const killed: readonly (() => boolean)[] = [
        () => withReplaced(Program.prototype, 'pin', kill, () => dies(command)),
        () => withReplaced(native(), 'bpfTcAttach', kill, () => dies(command)),
      ];
      for (const each of killed) {
        assert.ok(each());
        assert.deepEqual(filters(), [false, false]);
      }
      assert.ok(isPinned(), 'a pin without its filter');
      command();
      assert.deepEqual(filters(), [true, true]);
      ip(['link del late', add]);
      assert.ok(withReplaced(native(), 'bpfTcAttach', afterIt, () => dies(command)));
      assert.deepEqual([filters(), isPinned()], [[true, false], true]);
      using(new Netlink(), (netlink) => new AttachedInterfaces(bed.folder, bed.tables, netlink).detachAll());
      assert.deepEqual(filters(), [false, false]);
      context.mock.restoreAll();
    },
    openBed({ attach: 'tc' }),
  );
});
