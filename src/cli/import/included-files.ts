// The files that an nginx.conf includes, by a path or a pattern of the shell.
import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { expandWildcards, hasWildcard } from '../../config/keepalived/lines/file-patterns.js';
import type { NginxFile, ReadIncluded } from '../../config/nginx/parse.js';
import { hostConfigFiles } from '../../host/config-files.js';
import { readRegular } from '../read-text.js';

/** Of the file that includes: a pattern may match nothing, a path without one must be there. */
export const includedFiles =
  (including: string): ReadIncluded =>
  (word: string): readonly NginxFile[] | undefined => {
    const path = isAbsolute(word) ? word : join(dirname(including), word);
    if (!hasWildcard(path) && statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return expandWildcards(hostConfigFiles, path).map((file) => ({ file, text: readRegular(file) }));
  };
