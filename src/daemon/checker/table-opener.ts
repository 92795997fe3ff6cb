// Opens the table for the checker, which does so at each change: what every opening finds again is logged when it comes, and not each time.
import type { Director } from '../../datapath/director.js';
import type { Log } from '../../model/log-level.js';

/** `open` gives `onNotice` lines about what a command goes on without, also later, at changes. */
export function tableOpener(open: (onNotice: (text: string) => void) => Director, log: Log): () => Director {
  let before: ReadonlySet<string> = new Set();
  return () => {
    const notices = new Set<string>();
    const director = open((text) => {
      if (!before.has(text) && !notices.has(text)) log('warning', text);
      notices.add(text);
    });
    before = notices;
    return director;
  };
}
