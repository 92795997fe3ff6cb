// A weir.yaml that a command was given, where anything wrong in it keeps the command from beginning.
import { faultText, readWeirFile } from '../config/weir/read.js';
import { WeirError } from '../model/errors/weir-error.js';
import type { WeirFile } from '../model/weir-file.js';
import { readText } from './read-text.js';

/** @throws WeirError file-unreadable; weir-file-refused: with all that is wrong, a line each */
export function readWholeFile(path: string): WeirFile {
  const { file, faults } = readWeirFile(readText(path));
  if (faults.length > 0) throw new WeirError('weir-file-refused', { faults: faults.map((fault) => faultText(path, fault)) });
  return file;
}
