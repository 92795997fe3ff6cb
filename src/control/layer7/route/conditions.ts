// The conditions of a route besides its path: method, fields, cookies, SNI.
import { RegularExpression } from '../../../model/expression/regular-expression.js';
import type { RouteMatch, TextMatch } from '../../../model/layer7/route.js';
import { cookieOf, type RequestFacts } from '../request.js';

type Condition = (facts: RequestFacts) => boolean;

function textCondition(match: TextMatch): (text: string | undefined) => boolean {
  switch (match.kind) {
    case 'present':
      return (text) => text !== undefined;
    case 'absent':
      return (text) => text === undefined;
    case 'exact':
      return (text) => text === match.text;
    case 'prefix':
      return (text) => text?.startsWith(match.text) ?? false;
    case 'expression': {
      const expression = new RegularExpression(match.pattern, match.ignoreCase);
      return (text) => text !== undefined && expression.test(text);
    }
  }
}

/** Whether all conditions hold; undefined: there are none. */
export function conditionsOf({ methods, fields, cookies, sni }: RouteMatch): Condition | undefined {
  const all: Condition[] = [];
  if (methods.length > 0) all.push(({ method }) => methods.includes(method));
  if (sni !== undefined) {
    const holds = textCondition(sni);
    all.push((facts) => holds(facts.sni));
  }
  for (const { name, value } of fields) {
    const holds = textCondition(value);
    all.push((facts) => holds(facts.field(name)));
  }
  for (const { name, value } of cookies) {
    const holds = textCondition(value);
    all.push((facts) => holds(cookieOf(facts, name)));
  }
  return all.length === 0 ? undefined : (facts) => all.every((holds) => holds(facts));
}
