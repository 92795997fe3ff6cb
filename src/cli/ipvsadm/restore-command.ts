// ipvsadm-restore [--atomic]: clears the table, then runs the commands on standard input.
import { WeirError } from '../../model/errors/weir-error.js';
import type { Io } from '../io.js';
import { restoreAtomically } from './restore.js';
import { runIpvsadm } from './run.js';
import { withDirector } from './with-director.js';
import { systemWorld, type World } from './world.js';

/** All of the input is read before the table is cleared: it may come from an ipvsadm-save of the same table. */
const INPUT_BYTES_MAX = 256 << 20;

function readAll(io: Io): Buffer | undefined {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = io.read(); chunk !== undefined; chunk = io.read()) {
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** The input in parts, without what stands on lines that begin with `#`: their ends stay, so that lines keep their numbers. */
function* withoutComments(input: Buffer): Generator<Uint8Array> {
  const [lineEnd, hash] = [0x0a, 0x23];
  let kept = 0;
  for (let start = 0; start < input.length; ) {
    const end = input.indexOf(lineEnd, start);
    const next = end < 0 ? input.length : end + 1;
    if (input[start] === hash) {
      if (kept < start) yield input.subarray(kept, start);
      kept = end < 0 ? next : end;
    }
    start = next;
  }
  if (kept < input.length) yield input.subarray(kept);
}

/**
 * As ipvsadm's script, which ignores its arguments; `--atomic` is weir's: the table is cleared and restored as one change, or not at all. Since
 * a misspelt one would clear the table, other long options are refused.
 */
export async function runRestore(args: readonly string[], io: Io, world: World): Promise<number> {
  const refuse = (error: WeirError): number => {
    io.err(`weir: ${error.message}\n`);
    return error.exitStatus;
  };
  const misspelt = args.find((word) => word.startsWith('--') && word !== '--atomic');
  if (misspelt !== undefined) return refuse(new WeirError('option-unknown', { option: misspelt }));
  const text = readAll(io);
  if (text === undefined) return refuse(new WeirError('restore-many-bytes', { bytesMax: INPUT_BYTES_MAX }));
  const parts = withoutComments(text);
  const input: Io = {
    out: (part) => io.out(part),
    err: (part) => io.err(part),
    flush: () => io.flush(),
    read: () => parts.next().value ?? undefined,
  };
  if (args.includes('--atomic')) {
    return withDirector(world, io, (director) => restoreAtomically([{ kind: 'flush' }], director, world, input));
  }
  const cleared = await runIpvsadm(['-C'], io, world);
  return cleared === 0 ? runIpvsadm(['-R'], input, world) : cleared;
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return runRestore(args, io, systemWorld());
}
