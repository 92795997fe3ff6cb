// The entry of the one bundled file: `weir.cjs NAME ARGUMENT…`, where NAME is the program's name as in bin/ (weir, ipvsadm, keepalived …).

import { isWeirError } from '../model/errors/weir-error.js';
import { endProcess } from '../sys/processes/end-process.js';
import { dispatch } from './dispatch.js';
import { oneLine } from './failure.js';
import { processIo } from './io.js';

const io = processIo();
/** Set by the build, once: the launcher keeps the compiled code. */
const making = process.env['WEIR_MAKE_COMPILED'] !== undefined;
const work = making ? import('./warm.js').then(({ warm }) => warm()) : dispatch(process.argv.slice(2), io);

/** Prints an error that no command expects; the exit status. */
function report(error: unknown): number {
  const text = error instanceof Error ? error.message : String(error);
  io.err(`weir: ${oneLine(text)}\n`);
  if (process.env['WEIR_TRACE'] !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
  return isWeirError(error) ? error.exitStatus : 1;
}

/** Writes the rest of the output. */
function finished(status: number): number {
  try {
    io.flush();
    return status;
  } catch (error) {
    return report(error);
  }
}

work
  .then(finished, (error: unknown) => {
    finished(0);
    return report(error);
  })
  .then((status) => (making ? process.exit(status) : endProcess(status)));
