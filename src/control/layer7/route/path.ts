// The path that rules see: as nginx normalises a URI. Bytes stand as characters.

const HEX = /^[0-9a-fA-F]{2}$/;
/** What needs work: an encoded byte, a dot or a slash behind a slash, a fragment. */
const SPECIAL = /%|\/[/.]|#/;

/** undefined: an encoding that is none, or of NUL. */
function decoded(text: string): string | undefined {
  let result = '';
  let at = 0;
  for (let next = text.indexOf('%'); next >= 0; next = text.indexOf('%', at)) {
    const digits = text.slice(next + 1, next + 3);
    if (!HEX.test(digits) || digits === '00') return undefined;
    result += text.slice(at, next) + String.fromCharCode(Number.parseInt(digits, 16));
    at = next + 3;
  }
  return result + text.slice(at);
}

/**
 * Decoded once, `.` and `..` resolved, slashes merged, without query and fragment. undefined: no rule can be asked, the request is wrong (400): it does
 * not begin with `/`, leads above the root, or has a bad encoding or NUL.
 */
export function normalisedPath(target: string): string | undefined {
  if (target.charCodeAt(0) !== 47) return target === '*' ? target : undefined;
  const query = target.indexOf('?');
  const whole = query < 0 ? target : target.slice(0, query);
  if (!SPECIAL.test(whole)) return whole;
  const fragment = whole.indexOf('#');
  const path = decoded(fragment < 0 ? whole : whole.slice(0, fragment));
  if (path === undefined) return undefined;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..' && kept.pop() === undefined) return undefined;
    if (segment !== '' && segment !== '.' && segment !== '..') kept.push(segment);
  }
  const isFolder = ['', '.', '..'].includes(segments.at(-1) ?? '');
  return `/${kept.join('/')}${isFolder && kept.length > 0 ? '/' : ''}`;
}
