// The keys of auth_hmac that stand in files of their own (`key ID file:PATH`), put into the configuration.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../model/keepalived/instance.js';

type Hmac = Extract<Authentication, { kind: 'hmac' }>;
type Key = Hmac['keys'][number];

/** More than any key has as text: 64 bytes as `hex:` digits and a line end. */
const ROOM = 256;

/** Never waits: what is no regular file is refused. @throws Error */
function readKeyFile(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file`);
    const room = Buffer.alloc(ROOM);
    return room.subarray(0, readSync(fd, room, 0, ROOM, 0));
  } finally {
    closeSync(fd);
  }
}

/** The key's 32 to 64 bytes as hex digits: the file's bytes less one line end, or its `hex:` digits. @throws Error */
export function keyOfFile(path: string, read: (path: string) => Buffer = readKeyFile): string {
  const text = read(path)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  const hex = text.startsWith('hex:') ? text.slice('hex:'.length).toLowerCase() : Buffer.from(text, 'latin1').toString('hex');
  if (!/^(?:[0-9a-f]{2}){32,64}$/.test(hex)) throw new Error(`${path} does not hold 32 to 64 bytes`);
  return hex;
}

/**
 * Fills in the keys of files. A key that cannot be had is told (`(VI) auth_hmac key ID: …`) and stays without bytes: nothing is
 * signed or accepted by it.
 */
export function withKeysOfFiles(
  configuration: KeepalivedConfiguration,
  tell: (text: string) => void,
  read?: (path: string) => Buffer,
): KeepalivedConfiguration {
  const filled = (name: string, key: Key): Key => {
    if (key.file === undefined) return key;
    try {
      return { ...key, hex: keyOfFile(key.file, read) };
    } catch (error) {
      tell(`(${name}) auth_hmac key ${key.id}: ${(error as Error).message}`);
      return key;
    }
  };
  const instances = configuration.instances.map((instance): VrrpInstance => {
    const { authentication, name } = instance;
    if (authentication.kind !== 'hmac') return instance;
    return { ...instance, authentication: { ...authentication, keys: authentication.keys.map((key) => filled(name, key)) } };
  });
  return { ...configuration, instances };
}
