// Places in compiled files as places in their sources. Node could do this itself (--enable-source-maps), but would read the map of every module
// that any process of the tests loads; a report needs those of a failure's stack alone.

import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';

const maps = new Map();

/** undefined: it was not compiled. */
function mapOf(file) {
  if (!maps.has(file)) {
    const path = `${file}.map`;
    maps.set(file, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
  }
  return maps.get(file);
}

/** The file that one was compiled of; of a bundle, and of what was not compiled, itself. */
export function sourceOf(file) {
  const { sources = [], sourceRoot = '' } = mapOf(file)?.payload ?? {};
  return sources.length === 1 ? resolve(dirname(file), sourceRoot, sources[0]) : file;
}

/** `FILE:LINE:COLUMN`, of the source where there is one. */
export function placeOf(file, line, column) {
  const { originalSource, originalLine, originalColumn } = mapOf(file)?.findEntry(line - 1, column - 1) ?? {};
  if (originalSource === undefined) return `${file}:${line}:${column}`;
  return `${resolve(dirname(file), originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
}

/** A text with stacks in it, whose places are those of the sources. */
export function withPlaces(text) {
  return text.replace(/(?:file:\/\/)?(\/[^\s():]+\.[cm]?js):(\d+):(\d+)/g, (whole, file, line, column) =>
    mapOf(file) === undefined ? whole : placeOf(file, Number(line), Number(column)),
  );
}
