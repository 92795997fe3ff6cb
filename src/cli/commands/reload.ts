// weir reload: sends HUP to the daemon and waits for what comes of it, so that systemctl reload fails where a reload is refused.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ReloadState, readReloadState } from '../../daemon/supervisor/reload/reload-answers.js';
import { isKeepalived } from '../../daemon/supervisor/start/pid-file-places.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { hasCode } from '../../sys/errno.js';
import { command, expectWords } from '../command.js';
import { DEFAULT_PID_FILE, daemonOfFile, daemonOfNamespace, processNumber } from '../daemon-choice.js';

const POLL_MS = 20;
/** Reading may take two minutes; what was read has to take effect after it. */
const WAIT_MAX_S = 180;

const USAGE = `usage: weir reload [PID]
       weir reload --pid-file FILE
       sends HUP to keepalived, as kill -HUP does, and waits until the configuration is in effect or refused;
       without PID: the daemon of this network namespace; of several the one that ${DEFAULT_PID_FILE} names
       exit status 0: in effect, 1: refused (the configuration of before stays in effect), or no keepalived runs
`;
const TYPES = { 'pid-file': 'value' } as const;

/** @throws WeirError argument-value, daemon-not-running */
function daemonOf(word: string): number {
  const pid = processNumber(word);
  if (isKeepalived(pid)) return pid;
  throw new WeirError('daemon-not-running', { where: `process ${word} is none` });
}

/** @throws WeirError daemon-ended */
function hangUp(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
    throw new WeirError('daemon-ended', { pid });
  }
}

/** The first reading that began after `before` is one of the file as it is now. @throws WeirError daemon-ended, daemon-silent */
async function answer(pid: number, before: ReloadState): Promise<ReloadState> {
  for (let waitedMs = 0; waitedMs < WAIT_MAX_S * 1000; waitedMs += POLL_MS) {
    const state = readReloadState(pid);
    if (state !== undefined && state.ended > before.begun) return state;
    if (!isKeepalived(pid)) throw new WeirError('daemon-ended', { pid });
    await sleep(POLL_MS);
  }
  throw new WeirError('daemon-silent', { pid, seconds: WAIT_MAX_S });
}

export const run = command({ name: 'weir reload', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, flags['pid-file'] === undefined ? 1 : 0);
  const file = flags['pid-file'];
  const [word] = words;
  const pid = word !== undefined ? daemonOf(word) : file !== undefined ? daemonOfFile(file) : daemonOfNamespace();
  const before = readReloadState(pid);
  hangUp(pid);
  if (before === undefined) {
    io.err(`weir reload: process ${pid} does not report what comes of a reload; its log does\n`);
    return 0;
  }
  const { taken, text } = await answer(pid, before);
  if (!taken) throw new WeirError('reload-refused', { why: text });
  io.out(`${text}\n`);
  return 0;
});
