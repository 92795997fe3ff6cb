// A change that was made is written into the journal, and whoever watches is notified.
import type { ApiSources } from '../sources.js';
import type { JournalEntry } from './journal.js';

/** Its id. @throws SystemError */
export function recordChange(sources: ApiSources, change: Omit<JournalEntry, 'id' | 'at'>): string {
  const id = sources.newId();
  const at = new Date(sources.now()).toISOString();
  sources.journal.add({ id, at, ...change });
  const { before, after, of } = change;
  sources.events.push('change', { id, at, before, after, of });
  return id;
}
