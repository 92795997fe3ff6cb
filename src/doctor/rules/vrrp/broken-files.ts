// Would keepalived use all of its configuration file? What it ignores, it does not report where anybody looks.
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import type { BrokenFile, VrrpFacts } from '../../vrrp-facts.js';

/** What the daemon has is in force until it starts again: traffic does not suffer yet. */
function findingOf({ file, faults, running, ofDaemon }: BrokenFile): Finding {
  const [first = ''] = faults;
  const more = faults.length === 1 ? '' : `, and ${counted(faults.length - 1, 'more fault')}`;
  const advice = `correct it: weir config lint ${shellWord(file)} prints all that is wrong`;
  const rest = { code: 'configuration-broken', cause: `${first}${more}`, advice } as const;
  if (ofDaemon)
    return { severity: 'warning', what: `the daemon goes on with what it read, but a start with ${file} would lose some`, ...rest };
  if (running)
    return { severity: 'warning', what: `the daemon of ${file} does not use all of it, or does not after its next start`, ...rest };
  return { severity: 'error', what: `keepalived would not use all of ${file}`, ...rest };
}

export const brokenFilesRule = ({ broken }: VrrpFacts): readonly Finding[] => broken.map(findingOf);
