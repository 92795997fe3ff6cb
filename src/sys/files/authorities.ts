// Files of certificates of authorities (PEM): where the system has its own, and what is wrong with one.
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isSystemError, reasonOf } from '../errno.js';

/** Debian, Red Hat, SUSE, Alpine. */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

/** Undefined: the system knows none. */
export const systemAuthorities = (): string | undefined => SYSTEM_FILES.find((path) => existsSync(path));

/** @throws SystemError, Error where it begins with no certificate */
export function readAuthorities(path: string): Buffer {
  const bytes = readFileSync(path);
  // By a file without certificates every server's would be wrong.
  new X509Certificate(bytes);
  return bytes;
}

/** One clause about an error of `readAuthorities`. */
export const authoritiesTrouble = (error: unknown): string => (isSystemError(error) ? reasonOf(error) : 'it holds no certificate');

/** Why files cannot be used, by path; the others are not in it. */
export function troublesOfAuthorities(paths: readonly string[]): ReadonlyMap<string, string> {
  const troubles = new Map<string, string>();
  for (const path of new Set(paths)) {
    try {
      readAuthorities(path);
    } catch (error) {
      troubles.set(path, authoritiesTrouble(error));
    }
  }
  return troubles;
}
