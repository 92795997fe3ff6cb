// Where the control API keeps its journal of changes of this network namespace. Below /run: the table does not outlive a boot either.
import { native } from '../sys/addon.js';
import { removeFile } from '../sys/files/durable-file.js';

export const journalPath = (): string => `/run/weir/api/changes.${native().netnsCookie()}`;

/** With its table. @throws SystemError */
export const removeJournal = (): void => void removeFile(journalPath());
