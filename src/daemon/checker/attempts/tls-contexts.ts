// The TLS settings of SSL_GET: which servers it talks to, the certificate that it shows itself, and the authorities that it knows.
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CertificateRules, SslContext } from '../../../model/keepalived/virtual-server.js';
import type { Log } from '../../../model/log-level.js';
import { authoritiesTrouble, readAuthorities, systemAuthorities } from '../../../sys/files/authorities.js';
import { NotMadeError } from './attempt-run.js';

/** As keepalived's OpenSSL has it: any version and cipher that a server may still have. */
const ANY_SERVER = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const;
/** A certificate is worth nothing where its signature or the connection can be forged: the level of Debian's OpenSSL. */
const VERIFIED_SERVER = { minVersion: 'TLSv1.2', ciphers: 'DEFAULT:@SECLEVEL=2' } as const;

/** What the SSL block names. @throws Error for a file that cannot be read or is none of its kind */
const namedBy = ({ authorities, certificate, key, password }: SslContext) => ({
  ...(authorities === undefined ? {} : { ca: readFileSync(authorities) }),
  ...(certificate === undefined ? {} : { cert: readFileSync(certificate) }),
  ...(key === undefined ? {} : { key: readFileSync(key) }),
  ...(password === undefined ? {} : { passphrase: password }),
});

/** A context for servers that want no certificate of ours. */
export const contextForAnyServer = (): SecureContext => createSecureContext(ANY_SERVER);

interface Made {
  /** What it was made of. */
  readonly of: string;
  readonly context: SecureContext;
}

export class TlsContexts {
  /** By the file of authorities; '': any server will do. */
  readonly #made = new Map<string, Made>();

  constructor(
    readonly ssl: () => SslContext | undefined,
    readonly log: Log,
  ) {}

  /** @throws NotMadeError where the authorities cannot be read */
  get(rules: CertificateRules | undefined): SecureContext {
    return rules === undefined ? this.#context('', '', ANY_SERVER) : this.#verifying(rules);
  }

  /** A file that changes is read again, without a reload. */
  #verifying({ authorities }: CertificateRules): SecureContext {
    const path = authorities ?? this.ssl()?.authorities ?? systemAuthorities();
    if (path === undefined) throw new NotMadeError('SSL_GET cannot verify: this system has no file of authorities; name one by verify_ca');
    try {
      const { mtimeMs, size, ino } = statSync(path);
      return this.#context(path, `${mtimeMs} ${size} ${ino}`, VERIFIED_SERVER, () => readAuthorities(path));
    } catch (error) {
      throw new NotMadeError(`SSL_GET cannot verify: authorities ${path}: ${authoritiesTrouble(error)}`);
    }
  }

  #context(path: string, stamp: string, versions: typeof ANY_SERVER | typeof VERIFIED_SERVER, authorities?: () => Buffer): SecureContext {
    const ssl = this.ssl() ?? {};
    const of = JSON.stringify([ssl, stamp]);
    const known = this.#made.get(path);
    if (known?.of === of) return known.context;
    const ca = authorities === undefined ? {} : { ca: authorities() };
    let context: SecureContext;
    try {
      context = createSecureContext({ ...versions, ...namedBy(ssl), ...ca });
    } catch (error) {
      this.log('error', `SSL context: ${(error as Error).message} - SSL_GET shows no certificate`);
      context = createSecureContext({ ...versions, ...ca });
    }
    this.#made.set(path, { of, context });
    return context;
  }
}
