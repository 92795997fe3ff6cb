// The kernel as it was before tcx: it makes no links for programs of tc, so that weir attaches them by clsact.
import type { TestContext } from 'node:test';
import { ATTACH_XDP, Program } from '../../src/sys/bpf/bpf-objects.js';

/** Until the test ends, a link of tc is refused as by Linux before 6.6; those of XDP are made. */
export function withoutTcx(context: TestContext): void {
  const attach = Program.prototype.attach;
  context.mock.method(Program.prototype, 'attach', function (this: Program, ...words: Parameters<typeof attach>) {
    if (words[1] === ATTACH_XDP) return attach.apply(this, words);
    throw Object.assign(new Error('EINVAL'), { code: 'EINVAL', errno: -22, syscall: 'bpf_link_create' });
  });
}
