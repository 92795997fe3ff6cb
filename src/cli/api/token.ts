// weir api token: makes, lists and revokes the tokens of the control API over TCP.
import { parseDuration } from '../../config/weir/units.js';
import { addToken, isExpired, readTokens, revokeToken } from '../../host/api-tokens.js';
import { API_SCOPES, API_TOKENS, type ApiScope } from '../../model/api-settings.js';
import { TOKEN_NAME } from '../../model/api-token.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { expectWords } from '../command.js';
import type { Io } from '../io.js';

interface TokenFlags {
  readonly scope?: string;
  readonly confidential?: boolean;
  readonly expires?: string;
  readonly tokens?: string;
}

const EXPIRES = '90d';
const MS_US = 1000;

/** @throws WeirError option-value */
function readScope(given = 'read'): ApiScope {
  const found = API_SCOPES.find((scope) => scope === given);
  if (found === undefined) throw new WeirError('option-value', { option: '--scope', expected: API_SCOPES.join(', '), given });
  return found;
}

/** RFC 3339; null: never. @throws WeirError option-value */
function readExpiry(nowMs: number, given = EXPIRES): string | null {
  if (given === 'never') return null;
  const us = parseDuration(given);
  if (us === undefined || us === 0)
    throw new WeirError('option-value', { option: '--expires', expected: 'a time as 30d or 12h, up to 365 days, or never', given });
  return new Date(nowMs + us / MS_US).toISOString();
}

/** @throws WeirError argument-missing, argument-value */
function nameOf(words: readonly string[]): string {
  const [name] = words;
  if (name === undefined) throw new WeirError('argument-missing', { expected: 'the name of a token' });
  expectWords(words, 1);
  if (!TOKEN_NAME.test(name))
    throw new WeirError('argument-value', { expected: 'a name of up to 32 characters: a-z, 0-9, -', given: name });
  return name;
}

function list(path: string, io: Io): number {
  const now = Date.now();
  for (const one of readTokens(path)) {
    const { name, scope, confidential, made, expires } = one;
    const until = expires === null ? 'never expires' : `${isExpired(one, now) ? 'expired' : 'expires'} ${expires}`;
    io.out(`${name}: ${scope}${confidential ? ' and confidential' : ''}, made ${made}, ${until}\n`);
  }
  return 0;
}

/** The exit status. @throws WeirError of wrong words; api-tokens, api-token-exists, api-token-missing, lock-busy */
export function token(words: readonly string[], flags: TokenFlags, io: Io): number {
  const [verb = '', ...rest] = words;
  const path = flags.tokens ?? API_TOKENS;
  const now = Date.now();
  switch (verb) {
    case 'new': {
      const [name, scope, expires] = [nameOf(rest), readScope(flags.scope), readExpiry(now, flags.expires)];
      const made = new Date(now).toISOString();
      io.out(`${addToken(path, { name, scope, confidential: flags.confidential === true, made, expires })}\n`);
      return 0;
    }
    case 'list':
      expectWords(rest, 0);
      return list(path, io);
    case 'revoke':
      revokeToken(path, nameOf(rest));
      return 0;
    default:
      throw new WeirError('action-unknown', { given: verb, known: 'new, list, revoke' });
  }
}
