// MISC_CHECK: a script's exit status. `text` of a failure: `failed (exited with status 1)`, `timed out`.
import { type KindRules, only, retriesText, type Subject, scriptName } from './rules.js';

/** `Misc check for [[10.0.0.2]:tcp:80 VS [192.0.2.1]:tcp:80] by [/x] failed with retry disabled (exited with status 1).` */
function line({ checker, real, server }: Subject, text: string, when: string): string {
  const [, verdict = text, reason = ''] = /^(failed|timed out)( .*)?$/.exec(text) ?? [];
  const { script } = only(checker.check, 'misc');
  return `Misc check for [${real} VS ${server.name}] by [${scriptName(script)}] ${verdict}${when}${reason}.`;
}

export const miscRules: KindRules = {
  success: (subject) => line(subject, 'succeeded', ''),
  failure: (subject, { text, retries }) => line(subject, text, retries === 0 ? ' with retry disabled' : ` after ${retriesText(retries)}`),
  uncounted: (subject, text, retry) => {
    const { retry: all } = subject.checker.timing;
    return line(subject, text, retry === 1 ? `, will do ${retriesText(all)}` : ` on retry ${retry - 1}/${all}`);
  },
  mail: {
    up: () => 'MISC CHECK succeeded on service',
    down: (_, text) => `MISC CHECK ${text.startsWith('timed out') ? 'timed out' : 'failed'} on service`,
  },
  fromStart: true,
};
