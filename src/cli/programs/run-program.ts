// What every bundled program does around its commands: `PROGRAM NAME ARGUMENT…`, where NAME is the command's name as in bin/ (weir, ipvsadm,
// keepalived …).

import { messageOf } from '../../model/errors/message-of.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { endProcess } from '../../sys/processes/end-process.js';
import type { Command } from '../command.js';
import { dispatch } from '../dispatch.js';
import { oneLine } from '../failure.js';
import { processIo } from '../io.js';

/** Runs the command line of this process, and ends it. `warm`: what the build runs once instead, so that the launcher keeps the compiled code. */
export function runProgram(table: readonly Command[], warm: () => Promise<number>): void {
  const io = processIo();
  const making = process.env['WEIR_MAKE_COMPILED'] !== undefined;

  /** Prints an error that no command expects; the exit status. */
  const report = (error: unknown): number => {
    const text = messageOf(error);
    io.err(`weir: ${oneLine(text)}\n`);
    if (process.env['WEIR_TRACE'] !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
    return isWeirError(error) ? error.exitStatus : 1;
  };

  /** Writes the rest of the output. */
  const finished = (status: number): number => {
    try {
      io.flush();
      return status;
    } catch (error) {
      return report(error);
    }
  };

  (making ? warm() : dispatch(process.argv.slice(2), io, table))
    .then(finished, (error: unknown) => {
      finished(0);
      return report(error);
    })
    .then((status) => (making ? process.exit(status) : endProcess(status)));
}
