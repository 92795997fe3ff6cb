// What the machine cannot do itself with a configuration: keys that stand in files are read before it sees them.
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Authentication, VrrpInstance } from '../../model/keepalived/instance.js';
import { startOfFile } from '../../sys/start-of-file.js';
import type { LogLevel } from './vrrp-process.js';

const KEY = { least: 32, most: 64 } as const;

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
      // One byte more than a key and its line end may have: too long a key is seen to be one.
      const key = trimmed(startOfFile(file, KEY.most + 2) ?? new Uint8Array(0));
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
