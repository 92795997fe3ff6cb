// What is wrong with the certificate that a server showed, in one clause; and when it ends. Pure.

import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { printableAscii } from '../../model/printable-ascii.js';

const DAY_MS = 86_400_000;
/** A certificate may have thousands of names. */
const NAMES_MAX = 120;

/** What a certificate must be, besides signed by a known authority. */
export interface CertificateDemands {
  /** A name or an address that must be in it; absent: any. */
  readonly host?: string;
  /** So many days before its end there is a warning. */
  readonly warningDays?: number;
}

/** Texts of servers: only what is printable, and not too much of it. */
function quoted(text: string): string {
  const printable = printableAscii(text);
  return printable.length > NAMES_MAX ? `${printable.slice(0, NAMES_MAX)} …` : printable;
}

const dateText = (time: string | number): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString().slice(0, 10);
};

const commonName = (entity: PeerCertificate['issuer'] | undefined): string => {
  const name: unknown = entity?.CN ?? entity?.O;
  return typeof name === 'string' ? quoted(name) : '?';
};

/** OpenSSL's results (man 3 X509_STORE_CTX_get_error), by the names that Node gives them. */
function chainFault(code: string, { valid_from: from, valid_to: to, issuer }: PeerCertificate, nowMs: number): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return Date.parse(to) <= nowMs ? `certificate has expired on ${dateText(to)}` : 'certificate of its authority has expired';
    case 'CERT_NOT_YET_VALID':
      return Date.parse(from) > nowMs
        ? `certificate is not valid before ${dateText(from)}`
        : 'certificate of its authority is not valid yet';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'certificate is self-signed';
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `certificate is from '${commonName(issuer)}', which is no known authority, or the server does not send the one in between`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `certificate is from '${commonName(issuer)}', which leads to no known authority`;
    case 'INVALID_PURPOSE':
      return 'certificate is not one for servers';
    default:
      return `certificate is not valid (${code.toLowerCase().replaceAll('_', ' ')})`;
  }
}

const namesOf = ({ subject, subjectaltname }: PeerCertificate): string =>
  quoted(subjectaltname === undefined ? commonName(subject) : subjectaltname.replaceAll('DNS:', '').replaceAll('IP Address:', ''));

/** `chain`: OpenSSL's result, undefined where it found nothing wrong. Undefined: the certificate is as demanded. */
export function certificateFault(
  certificate: PeerCertificate,
  chain: string | undefined,
  { host }: CertificateDemands,
  nowMs: number,
): string | undefined {
  // Node has an empty object for none.
  if (certificate.raw === undefined) return 'no certificate was shown';
  if (chain !== undefined) return chainFault(chain, certificate, nowMs);
  if (host === undefined || checkServerIdentity(host, certificate) === undefined) return undefined;
  return `certificate is not for '${quoted(host)}' but for ${namesOf(certificate)}`;
}

/** A warning about a certificate that ends soon. */
export function endingSoon({ valid_to: to }: PeerCertificate, { warningDays = 0 }: CertificateDemands, nowMs: number): string | undefined {
  const days = Math.floor((Date.parse(to) - nowMs) / DAY_MS);
  return days < warningDays ? `certificate ends on ${dateText(to)}, in ${days} ${days === 1 ? 'day' : 'days'}` : undefined;
}
