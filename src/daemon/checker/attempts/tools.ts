// What attempts need of the configuration: scripts as its users and times have them, and the certificate that SSL_GET shows.
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { SslContext } from '../../../model/keepalived/virtual-server.js';
import type { Log } from '../../../model/log-level.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { runScript } from '../../scripts/run-script.js';
import type { CarrierTools } from './carriers.js';

export interface ToolsOptions {
  readonly configuration: () => KeepalivedConfiguration;
  readonly resolve: (script: Script) => ResolvedScript;
  readonly log: Log;
}

/** As keepalived's OpenSSL has it: any version and cipher that a server may still have. */
const ANY_SERVER = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;

/** @throws Error for a file that cannot be read or is none of its kind */
export function secureContextOf({ authorities, certificate, key, password }: SslContext): SecureContext {
  return createSecureContext({
    ...ANY_SERVER,
    ...(authorities === undefined ? {} : { ca: readFileSync(authorities) }),
    ...(certificate === undefined ? {} : { cert: readFileSync(certificate) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(password === undefined ? {} : { passphrase: password }),
  });
}

export function attemptTools({ configuration, resolve, log }: ToolsOptions): Omit<CarrierTools, 'random'> {
  let made: { readonly of: SslContext | undefined; readonly context: SecureContext } | undefined;
  const secureContext = (): SecureContext => {
    const { ssl } = configuration();
    if (made !== undefined && JSON.stringify(made.of) === JSON.stringify(ssl)) return made.context;
    try {
      made = { of: ssl, context: secureContextOf(ssl ?? {}) };
    } catch (error) {
      log('error', `SSL context: ${(error as Error).message} - SSL_GET shows no certificate`);
      made = { of: ssl, context: createSecureContext(ANY_SERVER) };
    }
    return made.context;
  };
  return {
    secureContext,
    runScript: (script, timeoutUs) => runScript(resolve(script), { timeoutMs: timeoutUs / 1000, wholeFamily: true }),
  };
}
