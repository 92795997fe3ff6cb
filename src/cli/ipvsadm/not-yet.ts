// Commands that ask for what weir does not have yet.

import type { Command } from '../../config/ipvsadm/command.js';
import { lineIfMissing } from '../../model/capabilities.js';
import { missingFor } from '../../model/missing-for.js';

/** One line without `weir: ` for such a command; undefined when it can be done. */
export function notYet(command: Command): string | undefined {
  switch (command.kind) {
    case 'add-destination':
    case 'edit-destination':
      return missingFor(command);
    case 'start-daemon':
      return lineIfMissing('synchronisation');
    default:
      return undefined;
  }
}
