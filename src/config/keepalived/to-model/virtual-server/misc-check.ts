// MISC_CHECK and UDP_CHECK: checks by a command and by a datagram.
import type { Script } from '../../../../model/keepalived/script.js';
import type { CheckKind } from '../../../../model/keepalived/virtual-server.js';
import type { Report } from '../../diagnostics/report.js';
import type { Values, Word } from '../../keyword.js';
import { has, numberOf, placeOf, scriptOf, wordsOf } from '../../values/values.js';

/** The command with the user of `user`. A user behind the command of `misc_path` itself is ignored. */
function commandOf(block: Values, report: Report): Script | undefined {
  const script = scriptOf(block, 'misc_path');
  if (script === undefined) return undefined;
  const words = wordsOf(block, 'user');
  const [user, group] = words ?? [];
  if (words !== undefined && user === undefined) report('misc-check-without-user', placeOf(block, 'user'), { script: script.text });
  const runAs = user === undefined ? {} : { runAs: { user: user.text, ...(group === undefined ? {} : { group: group.text }) } };
  return { argv: script.argv, text: script.text, ...runAs };
}

export function buildMiscCheck(block: Values, report: Report): CheckKind | undefined {
  const script = commandOf(block, report);
  if (script === undefined) {
    report('misc-check-without-path', block.at);
    return undefined;
  }
  return { kind: 'misc', script, timeoutUs: (numberOf(block, 'misc_timeout') ?? 0) * 1_000_000, dynamic: has(block, 'misc_dynamic') };
}

/** Hexadecimal words as one string of whole bytes: a single digit is a byte. `wild`: x matches any digit. */
function readHex(words: readonly Word[], wild: boolean): string | undefined {
  const parts = words.flatMap(({ text }) => text.split(/[ \t]+/)).filter((part) => part !== '');
  const digits = wild ? /^[0-9a-fA-FxX]+$/ : /^[0-9a-fA-F]+$/;
  if (parts.length === 0 || parts.some((part) => !digits.test(part))) return undefined;
  return parts
    .map((part) => (part.length % 2 === 0 ? part : `${part.slice(0, -1)}0${part.slice(-1)}`))
    .join('')
    .toLowerCase();
}

export function buildUdpCheck(block: Values, report: Report): CheckKind {
  const [payloadWords, replyWords] = [wordsOf(block, 'payload'), wordsOf(block, 'require_reply')];
  const payload = payloadWords === undefined ? undefined : readHex(payloadWords, false);
  if (payloadWords !== undefined && payload === undefined) {
    report(payloadWords.length === 0 ? 'udp-check-payload-missing' : 'udp-check-payload-invalid', placeOf(block, 'payload'));
  }
  const reply = replyWords === undefined || replyWords.length === 0 ? undefined : readHex(replyWords, true);
  if (replyWords !== undefined && replyWords.length > 0 && reply === undefined) {
    report('udp-check-reply-invalid', placeOf(block, 'require_reply'));
  }
  const [minReply, maxReply] = [numberOf(block, 'min_reply_length') ?? 0, numberOf(block, 'max_reply_length') ?? 255];
  if (minReply > maxReply) report('udp-check-reply-lengths', block.at, { minReply, maxReply });
  return {
    kind: 'udp',
    requireReply: replyWords !== undefined,
    minReply,
    maxReply,
    ...(payload === undefined ? {} : { payload }),
    ...(reply === undefined ? {} : { reply }),
  };
}
