// The secret of cookies that bind clients to servers (`sticky`): whoever has it makes the same cookies, before a restart and after it, by the proxy and by an
// engine, on this director and on others that have the same file.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { WeirError } from '../model/errors/weir-error.js';
import { unlessCode } from '../sys/errno.js';
import { makeFolders } from '../sys/files/make-folders.js';
import { hostKeyFile } from './hmac-keys.js';

/** The operator's, the same on several directors. */
const SHARED = '/etc/weir/sticky-secret';
/** This host's own, where there is no other. */
const OWN = '/run/weir/sticky-secret';
const BYTES = 32;
/** Shorter ones could be found out from a cookie. */
const SHARED_MIN_BYTES = 16;

function sharedSecret(path: string): Uint8Array {
  const refuse = (why: string): never => {
    throw new WeirError('sticky-secret', { path, why });
  };
  const file = hostKeyFile(path);
  if (file.kind === 'failed') return refuse(file.reason);
  if (file.exposed) return refuse('others may read or write it');
  const bytes = file.kind === 'bytes' ? file.bytes : refuse('it is too large');
  return bytes.length >= SHARED_MIN_BYTES ? bytes : refuse(`it has fewer than ${SHARED_MIN_BYTES} bytes`);
}

const readOwn = (path: string): Uint8Array | undefined => {
  const text = unlessCode(() => readFileSync(path, 'latin1'), ['ENOENT', 'EACCES'], '');
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : undefined;
};

/** Who may not write there has a secret of its own each time. */
function ownSecret(path: string): Uint8Array {
  const made = randomBytes(BYTES);
  const write = (flag: 'wx' | 'w'): boolean => {
    makeFolders(dirname(path));
    writeFileSync(path, made.toString('hex'), { mode: 0o600, flag });
    return true;
  };
  const known = readOwn(path);
  if (known !== undefined) return known;
  if (unlessCode(() => write('wx'), ['EEXIST', 'EACCES', 'EROFS'], false)) return made;
  // another process has just made it, or has been killed while it did
  const theirs = readOwn(path);
  if (theirs === undefined) unlessCode(() => write('w'), ['EACCES', 'EROFS'], false);
  return theirs ?? made;
}

/** @throws WeirError sticky-secret: the operator's file cannot be read, others may read it, or it is too short or too large */
export const stickySecret = (shared = SHARED, own = OWN): Uint8Array => (existsSync(shared) ? sharedSecret(shared) : ownSecret(own));
