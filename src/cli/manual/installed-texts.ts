// The manual and the completions as files below /usr/share or /usr/local/share.
import type { MadeText } from '../../host/install/installed-files.js';
import type { Command } from '../command.js';
import { bashCompletion, COMPLETED, zshCompletion } from './completion/shells.js';
import { manualPages } from './pages.js';

/** A host may have these of another keepalived. */
const OF_KEEPALIVED: readonly string[] = ['keepalived', 'keepalived.conf', 'genhash'];

const BASH = 'bash-completion/completions';
/** bash looks for a file of the command's name: one has it all. */
const OTHER_COMMAND = `. "\${BASH_SOURCE[0]%/*}/weir"\n`;

/** All of them, of the daemon's commands, too. */
export async function installedTexts(table: readonly Command[]): Promise<readonly MadeText[]> {
  const pages = (await manualPages(table)).map(({ name, section, text }) => ({ name, path: `man/man${section}/${name}.${section}`, text }));
  const [first, ...others] = COMPLETED;
  const shells = [
    { name: first, path: `${BASH}/${first}`, text: await bashCompletion(table) },
    ...others.map((name) => ({ name, path: `${BASH}/${name}`, text: OTHER_COMMAND })),
    { name: first, path: 'zsh/site-functions/_weir', text: await zshCompletion(table) },
  ];
  return [...pages, ...shells].map(({ name, path, text }) => ({ path, text, keepalived: OF_KEEPALIVED.includes(name) }));
}
