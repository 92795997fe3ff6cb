// ipvsadm-restore: the table that the commands on standard input describe, in place of the present one.
import { WeirError } from '../../model/errors/weir-error.js';
import { oneLine } from '../failure.js';
import type { Io } from '../io.js';
import { readInput } from '../read-text.js';
import { restoreAtomically } from './restore-atomically.js';
import { warned } from './warnings.js';
import { withDirector } from './with-director.js';
import { systemWorld, type World } from './world.js';

const HELP = `usage: ipvsadm-restore < FILE

Puts the table that FILE describes (as ipvsadm-save writes it) in place of the present one: all of it, or nothing where a line is wrong.
Only what differs is changed; connections to what is in both go on. Without a single command nothing is changed: ipvsadm -C empties a table.
`;

/** All of the input is read before the table is changed: it may come from an ipvsadm-save of the same table. */
const INPUT_BYTES_MAX = 256 << 20;

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

/** Options without an effect: `--atomic` was the name of what is done always, `-n` is ipvsadm-save's, and `-c` iptables-restore's. */
const WITHOUT_EFFECT = ['--atomic', '-n', '-c'];

/** undefined: the arguments are right. */
function wrongArgument(args: readonly string[]): WeirError | undefined {
  const wrong = args.find((word) => !WITHOUT_EFFECT.includes(word));
  if (wrong === undefined) return undefined;
  return wrong.startsWith('-') ? new WeirError('option-unknown', { option: wrong }) : new WeirError('restore-argument', { given: wrong });
}

/**
 * The table on standard input in place of the present one, all of it or nothing; only what differs is changed. ipvsadm's script ignores its
 * arguments and clears the table first: a mistyped option, or a file name without `<`, would leave an empty table.
 */
export async function runRestore(args: readonly string[], io: Io, world: World): Promise<number> {
  const refuse = (error: WeirError): number => {
    io.err(`weir: ${oneLine(error.message)}\n`);
    return error.exitStatus;
  };
  if (args.includes('-h') || args.includes('--help')) {
    io.out(HELP);
    return 0;
  }
  const wrong = wrongArgument(args);
  if (wrong !== undefined) return refuse(wrong);
  const text = readInput(io, INPUT_BYTES_MAX);
  if (text === undefined) return refuse(new WeirError('restore-many-bytes', { bytesMax: INPUT_BYTES_MAX }));
  const parts = withoutComments(text);
  const input: Io = {
    out: (part) => io.out(part),
    err: (part) => io.err(part),
    flush: () => io.flush(),
    read: () => parts.next().value ?? undefined,
  };
  return withDirector(world, io, async (director) =>
    warned(await restoreAtomically(true, director, world, input), { kind: 'restore' }, director, world, io),
  );
}

export async function run(args: readonly string[], io: Io): Promise<number> {
  return runRestore(args, io, systemWorld());
}
