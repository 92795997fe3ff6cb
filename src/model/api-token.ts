// Tokens of the control API as they are stored: a name, what it may do, until when, and the digest of its secret.
import type { ApiScope } from './api-settings.js';

export interface ApiToken {
  readonly name: string;
  readonly scope: ApiScope;
  /** May see the addresses of clients, the findings of doctor and the journal. */
  readonly confidential: boolean;
  /** RFC 3339. */
  readonly made: string;
  /** RFC 3339; null: never. */
  readonly expires: string | null;
  /** SHA-256 of the secret's text, hexadecimal. The secret has 256 random bits, so that no guess needs to be made slow. */
  readonly sha256: string;
}

export const TOKEN_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

const PREFIX = 'weir';
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** What its owner keeps: weir.NAME.SECRET */
export const tokenText = (name: string, secret: string): string => `${PREFIX}.${name}.${secret}`;

/** Undefined: it is no token. */
export function parseToken(text: string): { readonly name: string; readonly secret: string } | undefined {
  const [prefix, name = '', secret = '', ...more] = text.split('.');
  return prefix === PREFIX && more.length === 0 && TOKEN_NAME.test(name) && SECRET.test(secret) ? { name, secret } : undefined;
}
