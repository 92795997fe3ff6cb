// The section layer7 of a weir.yaml that a command was given.
import { faultText, readWeirFile } from '../config/weir/read.js';
import { WeirError } from '../model/errors/weir-error.js';
import type { Layer7 } from '../model/layer7/layer7.js';
import { readText } from './read-text.js';

/** @throws WeirError file-unreadable, proxy-config */
export function readLayer7(path: string): Layer7 {
  const { file, faults } = readWeirFile(readText(path));
  if (faults.length > 0) throw new WeirError('proxy-config', { why: faults.map((fault) => faultText(path, fault)) });
  if (file.layer7 === undefined) throw new WeirError('proxy-config', { why: [`${path} has no section layer7`] });
  return file.layer7;
}
