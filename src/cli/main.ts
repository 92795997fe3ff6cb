// The entry of the one bundled file: `weir.cjs NAME ARGUMENT…`, where NAME is the program's name as in bin/ (weir, ipvsadm, keepalived …).

import { endProcess } from '../sys/processes/end-process.js';
import { dispatch } from './dispatch.js';
import { oneLine } from './failure.js';
import { processIo } from './io.js';

const io = processIo();
/** Set by the build, once: the launcher keeps the compiled code. */
const making = process.env['WEIR_MAKE_COMPILED'] !== undefined;
const work = making ? import('./warm.js').then(({ warm }) => warm()) : dispatch(process.argv.slice(2), io);
work.then(
  (status) => {
    io.flush();
    if (making) process.exit(status);
    endProcess(status);
  },
  (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    io.err(`weir: ${oneLine(text)}\n`);
    if (process.env['WEIR_TRACE'] !== undefined && error instanceof Error) io.err(`${error.stack ?? ''}\n`);
    endProcess(1);
  },
);
