// Which host of a listener has a name: exact, the longest `*.x`, the longest `x.*`, the first expression, else the default (nginx's order).
import { RegularExpression } from '../../../model/expression/regular-expression.js';
import type { HostName } from '../../../model/layer7/host.js';

export class HostTable<H> {
  readonly #exact = new Map<string, H>();
  readonly #suffixes = new Map<string, H>();
  readonly #prefixes = new Map<string, H>();
  readonly #expressions: { readonly expression: RegularExpression; readonly host: H }[] = [];

  constructor(readonly fallback: H) {}

  /** The first host of a name has it. */
  add(name: HostName, host: H): void {
    const put = (map: Map<string, H>, key: string): void => {
      if (!map.has(key)) map.set(key, host);
    };
    if (name.kind === 'exact') put(this.#exact, name.name);
    else if (name.kind === 'prefix') put(this.#prefixes, name.prefix);
    else if (name.kind === 'expression') {
      this.#expressions.push({ expression: new RegularExpression(name.pattern, name.ignoreCase), host });
    } else {
      if (name.withBare) put(this.#exact, name.suffix.slice(1));
      put(this.#suffixes, name.suffix);
    }
  }

  /** `name`: in lower case, without port; a dot at its end does not count. */
  find(given: string): H {
    const name = given.endsWith('.') ? given.slice(0, -1) : given;
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    if (this.#suffixes.size > 0) {
      for (let at = name.indexOf('.', 1); at > 0; at = name.indexOf('.', at + 1)) {
        const found = this.#suffixes.get(name.slice(at));
        if (found !== undefined) return found;
      }
    }
    if (this.#prefixes.size > 0) {
      for (let at = name.lastIndexOf('.'); at > 0; at = name.lastIndexOf('.', at - 1)) {
        const found = this.#prefixes.get(name.slice(0, at + 1));
        if (found !== undefined) return found;
      }
    }
    for (const { expression, host } of this.#expressions) if (expression.test(name)) return host;
    return this.fallback;
  }
}
