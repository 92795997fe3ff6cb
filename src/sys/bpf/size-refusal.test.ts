import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWeirError } from '../../model/errors/weir-error.js';
import { lastLines, refusedPart, sizeRefusal } from './size-refusal.js';

/** As the addon throws it. */
const failed = (code: string, log?: string): Error =>
  Object.assign(new Error(`${code}: bpf_object__load`), {
    code,
    errno: 7,
    syscall: 'bpf_object__load',
    ...(log === undefined ? {} : { log }),
  });

const PROGRAM_LOG = `libbpf: prog 'weir_xdp': BPF program load failed: Argument list too long
libbpf: prog 'weir_xdp': -- BEGIN PROG LOAD LOG --
BPF program is too large. Processed 1000001 insn
processed 1000001 insns (limit 1000000) max_states_per_insn 32 total_states 16 peak_states 16 mark_read 8
-- END PROG LOAD LOG --
libbpf: prog 'weir_xdp': failed to load: -7
libbpf: failed to load object 'weir.bpf.o'
`;

const TABLE_LOG = `libbpf: Error in bpf_create_map_xattr(localities):Argument list too long(-7). Retrying without BTF.
libbpf: map 'localities': failed to create: Argument list too long(-7)
libbpf: failed to load object 'weir.bpf.o'
`;

const messageOf = (error: unknown): string | undefined => sizeRefusal(error)?.message;

test('a program, the log about one, and a table: each is named, with what to do', () => {
  const program = sizeRefusal(failed('E2BIG', PROGRAM_LOG));
  assert.ok(isWeirError(program, 'bpf-program-refused'));
  assert.match(
    program.message,
    /^this kernel's verifier refuses the program weir_xdp as too large \(E2BIG\): .*limit 1000000.* — fix: use Linux 6\.1/,
  );
  const lines = PROGRAM_LOG.split('\n').slice(2, 4).join('; ');
  assert.equal(lastLines(PROGRAM_LOG), lines, "the verifier's alone");
  assert.equal(lastLines(PROGRAM_LOG.split('\n').slice(2).join('\n')), lines, 'its beginning is cut off');
  assert.equal(lastLines('libbpf: failed to find valid kernel BTF\n'), 'libbpf: failed to find valid kernel BTF');
  const cut = failed('ENOSPC', "libbpf: prog 'weir_tc_ingress': BPF program load failed: -ENOSPC\n");
  assert.match(messageOf(cut) ?? '', /the program weir_tc_ingress, and the verifier's log of why is too long .* — fix: use Linux/);
  assert.equal(
    messageOf(failed('E2BIG', TABLE_LOG)),
    'the kernel refuses the table as too large: localities (E2BIG) — fix: choose a smaller size: weir load --connections N, and where it is ' +
      'loaded first --max-services and --max-destinations',
  );
  assert.match(
    messageOf(failed('ENOMEM', TABLE_LOG)) ?? '',
    /^there is no memory for the table localities \(ENOMEM\) — fix: free memory, or /,
  );
  assert.deepEqual([PROGRAM_LOG, TABLE_LOG, 'libbpf: other'].map(refusedPart), ['weir_xdp', 'localities', undefined]);
});

test('another error stays what it is', () => {
  for (const error of [failed('EINVAL', PROGRAM_LOG), failed('E2BIG'), failed('ENOMEM', PROGRAM_LOG), new Error('E2BIG')])
    assert.equal(sizeRefusal(error), undefined);
});
