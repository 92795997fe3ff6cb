// A short text of an nft rule: nft's JSON does not contain the rule's own text.
import { field, isRecord, type Json, listOf, textOf } from '../../model/json.js';

const VERDICTS = ['accept', 'drop', 'reject', 'return', 'jump', 'goto', 'queue', 'redirect', 'dnat', 'tproxy'];
const LIMITING = ['limit', 'quota', 'ct count', 'xt', 'synproxy'];

function side(value: Json): string {
  const [prefix, set, range] = [field(value, 'prefix'), field(value, 'set'), field(value, 'range')];
  if (prefix !== undefined) return `${textOf(field(prefix, 'addr'))}/${textOf(field(prefix, 'len'))}`;
  if (range !== undefined) return listOf(range).map(textOf).join('-');
  const many = set ?? (Array.isArray(value) ? value : undefined);
  return many === undefined ? textOf(value) : `{ ${listOf(many).map(side).join(', ')} }`;
}

function subject(left: Json): string {
  const parts = field(left, 'concat');
  if (parts !== undefined) return listOf(parts).map(subject).join(' . ');
  const [masked, mask] = listOf(field(left, '&'));
  if (masked !== undefined) return `${subject(masked)} & ${side(mask)}`;
  const payload = field(left, 'payload');
  if (payload !== undefined) return `${textOf(field(payload, 'protocol'))} ${textOf(field(payload, 'field'))}`;
  const ct = field(left, 'ct', 'key');
  const fib = field(left, 'fib');
  if (fib !== undefined) return `fib ${listOf(field(fib, 'flags')).map(textOf).join(' . ')} ${textOf(field(fib, 'result'))}`;
  if (ct !== undefined) return `ct ${textOf(ct)}`;
  const meta = textOf(field(left, 'meta', 'key'));
  return meta === '' && isRecord(left) ? (Object.keys(left)[0] ?? '') : meta;
}

export function nftRuleText(expressions: readonly Json[]): string {
  return expressions
    .flatMap((expression) => {
      const match = field(expression, 'match');
      if (match !== undefined) {
        const not = textOf(field(match, 'op')) === '!=' ? ' !=' : '';
        return [`${subject(field(match, 'left'))}${not} ${side(field(match, 'right'))}`];
      }
      const map = field(expression, 'vmap');
      if (map !== undefined) return [`${subject(field(map, 'key'))} vmap …`];
      const verdict = isRecord(expression) ? VERDICTS.find((word) => word in expression) : undefined;
      const set = field(expression, 'set');
      if (set !== undefined) return [`${textOf(field(set, 'op'))} ${textOf(field(set, 'set'))}`];
      const limiting = isRecord(expression) ? LIMITING.find((word) => word in expression) : undefined;
      if (limiting !== undefined) return [`${limiting} …`];
      if (verdict === undefined) return [];
      const target = textOf(field(expression, verdict, 'target'));
      const [addr, port] = [textOf(field(expression, verdict, 'addr')), textOf(field(expression, verdict, 'port'))];
      const place = `${addr}${port === '' ? '' : `:${port}`}`;
      return [[verdict, target, ...(place === '' ? [] : ['to', place])].filter((word) => word !== '').join(' ')];
    })
    .join(' ');
}
