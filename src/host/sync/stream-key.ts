// The key by which a node of weir proves itself to others: 32 secret bytes in a file of root's. Its public half is the node's pin, which others are given; where
// all nodes have the same file, none needs another one's pin.
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WeirError } from '../../model/errors/weir-error.js';
import { KEY_IS_EXPOSED } from '../../model/stream-node.js';
import { onPath, unlessCode } from '../../sys/errno.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { selfSigned } from '../../wire/sync/self-signed.js';
import { hostKeyFile } from '../hmac-keys.js';

const HEAD = 'weir-sync-key-1 ';
const KEY_BYTES = 32;
/** What PKCS #8 has before the bytes of an Ed25519 key, and SubjectPublicKeyInfo before those of a public one. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD_BYTES = 12;

const publicBytes = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(PUBLIC_HEAD_BYTES);
const pinText = (key: Uint8Array): string => Buffer.from(key).toString('base64url');

export interface StreamKey {
  readonly pin: string;
  /** PEM, for TLS. */
  readonly key: string;
  readonly certificate: string;
}

function keyOf(seed: Uint8Array): StreamKey {
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' });
  const own = publicBytes(createPublicKey(key));
  const certificate = new X509Certificate(selfSigned(own, (message) => sign(null, message, key)));
  return { pin: pinText(own), key: String(key.export({ type: 'pkcs8', format: 'pem' })), certificate: certificate.toString() };
}

/** The pin of who proved to have the key of this certificate; undefined: its key is of another kind. */
export function pinOf({ publicKey }: X509Certificate): string | undefined {
  return publicKey.asymmetricKeyType === 'ed25519' ? pinText(publicBytes(publicKey)) : undefined;
}

/** Writes a new key into a file that is not there yet, for its owner alone; its folder is made. @throws WeirError sync-key-exists; SystemError */
export function makeStreamKey(path: string): StreamKey {
  makeFolders(dirname(resolve(path)));
  const seed = randomBytes(KEY_BYTES);
  const file = unlessCode(() => openSync(path, 'wx', 0o600), ['EEXIST'], undefined);
  if (file === undefined) throw new WeirError('sync-key-exists', { path });
  try {
    onPath(path, () => writeSync(file, `${HEAD}${seed.toString('base64')}\n`));
  } finally {
    closeSync(file);
  }
  return keyOf(seed);
}

/** @throws WeirError sync-key: it cannot be read, others may read it, or it is no key */
export function readStreamKey(path: string): StreamKey {
  const refuse = (why: string): never => {
    throw new WeirError('sync-key', { path, why });
  };
  const file = hostKeyFile(path);
  if (file.kind === 'failed') return refuse(file.reason);
  if (file.exposed) return refuse(KEY_IS_EXPOSED);
  const text = file.kind === 'bytes' ? Buffer.from(file.bytes).toString('utf8') : '';
  const seed = Buffer.from(text.slice(HEAD.length), 'base64');
  return text.startsWith(HEAD) && seed.length === KEY_BYTES ? keyOf(seed) : refuse('it has no key of weir sync keygen');
}
