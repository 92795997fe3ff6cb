// What the machine cannot do itself with a configuration: keys that stand in files are read before it sees them.
import { closeSync, openSync, readSync } from 'node:fs';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../../model/keepalived/instance.js';
import type { LogLevel } from './vrrp-process.js';

const KEY = { least: 32, most: 64 } as const;

/** As much of a key file as may be a key, and one byte more. */
function readKey(path: string): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const room = new Uint8Array(KEY.most + 2);
    return room.slice(0, readSync(fd, room));
  } finally {
    closeSync(fd);
  }
}

/** A line end behind the key is none of its bytes. */
function trimmed(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes;
}

function withKeys(authentication: Authentication, complain: (text: string) => void): Authentication {
  if (authentication.kind !== 'hmac') {
    return authentication;
  }
  const keys = authentication.keys.map(({ id, hex, file }) => {
    if (file === undefined || hex !== undefined) {
      return { id, ...(hex === undefined ? {} : { hex }) };
    }
    try {
      const key = trimmed(readKey(file));
      if (key.length < KEY.least || key.length > KEY.most) {
        complain(`key ${id} in ${file} must have ${KEY.least} to ${KEY.most} bytes`);
        return { id, file };
      }
      return { id, hex: Buffer.from(key).toString('hex') };
    } catch (error) {
      complain(`cannot read key ${id}: ${(error as Error).message}`);
      return { id, file };
    }
  });
  return { ...authentication, keys };
}

export function prepareConfiguration(
  configuration: KeepalivedConfiguration,
  log: (level: LogLevel, text: string) => void,
): KeepalivedConfiguration {
  const instances = configuration.instances.map((instance): VrrpInstance => {
    const authentication = withKeys(instance.authentication, (text) => log('error', `(${instance.name}) auth_hmac: ${text}`));
    return authentication === instance.authentication ? instance : { ...instance, authentication };
  });
  return { ...configuration, instances };
}
