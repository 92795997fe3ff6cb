// How many lines of weir diff there are between the table and the document of this process: worked out again where one of both is another.
import { documentDrift } from '../control/plan/document-drift.js';
import { NO_FACTS } from '../control/plan/table-facts.js';
import type { PresentState } from '../document/kept-state.js';
import type { TableDocument } from '../model/table-document.js';

interface Kept {
  readonly document: TableDocument;
  readonly state: PresentState;
  readonly lines: number;
}

/** `document`: what the table should be; undefined: there is none, and so no drift. Connections are not looked at. */
export function keptDrift(document: () => TableDocument | undefined, state: () => PresentState): () => number | undefined {
  let last: Kept | undefined;
  return () => {
    const wanted = document();
    if (wanted === undefined) return undefined;
    const present = state();
    if (last?.document !== wanted || last.state !== present) {
      const { drift, settings } = documentDrift(wanted, { ...NO_FACTS, ...present });
      last = { document: wanted, state: present, lines: drift.length + settings.length };
    }
    return last.lines;
  };
}
