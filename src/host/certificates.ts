// The certificates of listeners, from their files: read and examined as a whole before anything uses them.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { WeirError } from '../model/errors/weir-error.js';
import type { CertificateFiles, Listener } from '../model/layer7/listener.js';
import { isSystemError, reasonOf } from '../sys/errno.js';
import { textOfFile } from '../sys/files/durable-file.js';

/** Texts in PEM, as they stand in the files. */
export interface Certificate {
  readonly chain: string;
  readonly key: string;
  /** Of DNS, in lower case, `*.x` too; without a subjectAltName the common name. */
  readonly names: readonly string[];
  /** `ec`, `rsa`, …: of one name, clients may get either. */
  readonly keyType: string;
  readonly endsAtMs: number;
  readonly file: string;
  readonly keyFile: string;
}

/** By the names of listeners. */
export type Certificates = Readonly<Record<string, readonly Certificate[]>>;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const DAY_MS = 86_400_000;
/** Shorter than this, an automatic renewal is overdue. */
const ENDS_SOON_MS = 21 * DAY_MS;

const unusable = (file: string, why: string, cause?: unknown, hint?: string): WeirError =>
  new WeirError('certificate-unusable', { file, why, ...(hint === undefined ? {} : { hint }) }, { cause });

/** @throws WeirError certificate-unusable */
function readPem(file: string): string {
  try {
    return textOfFile(file);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(
      file,
      reasonOf(error),
      error,
      'correct the path, which begins at the folder of the weir.yaml, or let root read the file',
    );
  }
}

/** What `make` makes of a text of `file`, or why OpenSSL refuses it. @throws WeirError certificate-unusable */
function examined<T>(file: string, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const { code, reason } = error as { readonly code?: string; readonly reason?: string };
    if (code === undefined) throw error;
    throw unusable(file, `${what}: ${code === 'ERR_MISSING_PASSPHRASE' ? 'it has a passphrase' : (reason ?? code)}`, error);
  }
}

function namesOf(certificate: X509Certificate): readonly string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:'));
  if (certificate.subjectAltName !== undefined) return names.map((name) => name.slice(4).toLowerCase());
  const [, common] = /^CN=(.+)$/m.exec(certificate.subject) ?? [];
  return common === undefined ? [] : [common.toLowerCase()];
}

/** @throws WeirError certificate-unusable */
export function loadCertificate(files: CertificateFiles, folder: string, nowMs: number): Certificate {
  const [chainFile, keyFile] = [files.chain, files.key].map((file) => (isAbsolute(file) ? file : resolve(folder, file))) as [
    string,
    string,
  ];
  const chain = readPem(chainFile);
  const certificates = (chain.match(CERTIFICATE) ?? []).map((text, index) =>
    examined(chainFile, `certificate ${index + 1}`, () => new X509Certificate(text)),
  );
  const [first] = certificates;
  if (first === undefined) throw unusable(chainFile, 'there is no certificate in it');
  const [begins, ends] = [Date.parse(first.validFrom), Date.parse(first.validTo)];
  if (ends <= nowMs) throw unusable(chainFile, `it expired on ${first.validTo}`);
  if (begins > nowMs) throw unusable(chainFile, `it is not valid before ${first.validFrom}`);
  const key = readPem(keyFile);
  const privateKey = examined(keyFile, 'the key', () => createPrivateKey(key));
  if (!first.checkPrivateKey(privateKey))
    throw unusable(keyFile, `it is not the key of ${chainFile}`, undefined, 'name the key with which this certificate was requested');
  examined(chainFile, 'TLS refuses it', () => createSecureContext({ cert: chain, key }));
  return { chain, key, names: namesOf(first), keyType: privateKey.asymmetricKeyType ?? '', endsAtMs: ends, file: chainFile, keyFile };
}

/** `folder`: what paths are relative to. @throws WeirError certificate-unusable: the first one that is */
export function loadCertificates(listeners: readonly Listener[], folder: string, nowMs: number): Certificates {
  return Object.fromEntries(
    listeners.flatMap(({ name, tls }) =>
      tls === undefined ? [] : [[name, tls.certificates.map((files) => loadCertificate(files, folder, nowMs))]],
    ),
  );
}

/** A line for each file whose certificate ends within 21 days. */
export function certificatesThatEnd(certificates: Certificates, nowMs: number): readonly string[] {
  const ends = new Map(
    Object.values(certificates)
      .flat()
      .map(({ file, endsAtMs }) => [file, endsAtMs]),
  );
  return [...ends].flatMap(([file, endsAtMs]) => {
    if (endsAtMs - nowMs > ENDS_SOON_MS) return [];
    const when = new Date(endsAtMs).toISOString().slice(0, 10);
    return [endsAtMs <= nowMs ? `${file}: the certificate expired on ${when}` : `${file}: the certificate expires on ${when}`];
  });
}
