// MISC_CHECK: a script's exit status. `text` of a failure: `failed (exited with status 1)`, `timed out`.

import type { CheckKind } from '../../../model/keepalived/virtual-server.js';
import type { Attempt } from '../messages.js';
import { failed, type ProbeInput, type ProbeStep, probeOf, succeeded } from '../probe.js';
import { type Kind, only, retriesText, type Subject, scriptName } from './rules.js';

/** `Misc check for [[10.0.0.2]:tcp:80 VS [192.0.2.1]:tcp:80] by [/x] failed with retry disabled (exited with status 1).` */
function line({ checker, real, server }: Subject, text: string, when: string): string {
  const [, verdict = text, reason = ''] = /^(failed|timed out)( .*)?$/.exec(text) ?? [];
  const { script } = only(checker.check, 'misc');
  return `Misc check for [${real} VS ${server.name}] by [${scriptName(script)}] ${verdict}${when}${reason}.`;
}

/** misc_dynamic: what a successful status adds to the weight of the file, so that it becomes the status less 2; 0 leaves it as it is. */
export const addedByStatus = ({ dynamic }: Extract<CheckKind, { kind: 'misc' }>, status: number, given: number): number =>
  dynamic && status >= 2 ? status - 2 - given : 0;

function step(state: undefined, input: ProbeInput, { check }: Attempt): ProbeStep<undefined> {
  switch (input.kind) {
    case 'exited': {
      const { status } = input;
      const accepted = status === 0 || (only(check, 'misc').dynamic && status >= 2 && status <= 255);
      return accepted
        ? succeeded(state, { status })
        : { state, outcome: { kind: 'failure', text: `failed (exited with status ${status})`, status } };
    }
    case 'signalled':
      return failed(state, input.timedOut ? 'timed out' : `failed (due to signal ${input.signal})`);
    // It did not run, which is no verdict about the server.
    case 'failed':
      return {
        state,
        outcome: { kind: 'not-made', text: `Misc check by [${scriptName(only(check, 'misc').script)}] cannot be made: ${input.reason}` },
      };
    default:
      return { state };
  }
}

export const misc: Kind = {
  success: (subject) => line(subject, 'succeeded', ''),
  failure: (subject, { text, retries }) => line(subject, text, retries === 0 ? ' with retry disabled' : ` after ${retriesText(retries)}`),
  uncounted: (subject, text, retry) => {
    const { retry: all } = subject.checker.timing;
    return line(subject, text, retry === 1 ? `, will do ${retriesText(all)}` : ` on retry ${retry - 1}/${all}`);
  },
  mail: {
    up: () => 'MISC CHECK succeeded on service',
    down: (_, { text }) => `MISC CHECK ${text.startsWith('timed out') ? 'timed out' : 'failed'} on service`,
  },
  fromStart: true,
  probe: probeOf({ transport: () => 'script', refused: { socket: 'Misc check cannot be made.' }, begin: () => undefined, step }),
};
