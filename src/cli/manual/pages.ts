// Every manual page of weir's commands.
import type { Command } from '../command.js';
import { ipvsadmPages } from './ipvsadm-pages.js';
import { keepalivedPages } from './keepalived-pages.js';
import type { ManualPage } from './page.js';
import { weirPages } from './weir-pages.js';

export const manualPages = async (table: readonly Command[]): Promise<readonly ManualPage[]> => [
  ...(await weirPages(table)),
  ...ipvsadmPages(),
  ...keepalivedPages(),
];
