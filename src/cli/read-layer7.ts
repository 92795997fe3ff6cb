// The section layer7 of a weir.yaml that a command was given.
import { WeirError } from '../model/errors/weir-error.js';
import type { Layer7 } from '../model/layer7/layer7.js';
import { readWholeFile } from './read-weir-file.js';

/** @throws WeirError file-unreadable, weir-file-refused */
export function readLayer7(path: string): Layer7 {
  const { layer7 } = readWholeFile(path);
  if (layer7 === undefined) throw new WeirError('weir-file-refused', { faults: [`${path} has no section layer7`] });
  return layer7;
}
