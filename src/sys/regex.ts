// Regular expressions of PCRE2 over bytes, by an addon of its own, which is loaded on first use.
import { loadAddon } from './addon.js';
import { artifact } from './artifact.js';

declare const expression: unique symbol;
type Compiled = { readonly [expression]: true };

interface RegexAddon {
  compile(pattern: Uint8Array, options: number): Compiled;
  match(expression: Compiled, bytes: Uint8Array, from: number): number;
}

/** regex_options of keepalived.conf, as PCRE2 has them (pcre2api(3)). */
const OPTIONS: Readonly<Record<string, number>> = {
  allow_empty_class: 0x1,
  alt_bsux: 0x2,
  auto_callout: 0x4,
  caseless: 0x8,
  dollar_endonly: 0x10,
  dotall: 0x20,
  dupnames: 0x40,
  extended: 0x80,
  firstline: 0x100,
  match_unset_backref: 0x200,
  multiline: 0x400,
  never_ucp: 0x800,
  never_utf: 0x1000,
  no_auto_capture: 0x2000,
  no_auto_possess: 0x4000,
  no_dotstar_anchor: 0x8000,
  no_start_optimize: 0x10000,
  ucp: 0x20000,
  ungreedy: 0x40000,
  utf: 0x80000,
  never_backslash_c: 0x100000,
  alt_circumflex: 0x200000,
  alt_verbnames: 0x400000,
};

let loaded: RegexAddon | undefined;

function addon(): RegexAddon {
  loaded ??= loadAddon(artifact('weir-regex.node')) as RegexAddon;
  return loaded;
}

export class Regex {
  readonly #compiled: Compiled;

  /** @throws Error in PCRE2's words for a pattern that is none. Options that PCRE2 does not have are ignored. */
  constructor(pattern: string, options: readonly string[]) {
    const bits = options.reduce((sum, name) => sum | (OPTIONS[name.toLowerCase()] ?? 0), 0);
    this.#compiled = addon().compile(new TextEncoder().encode(pattern), bits >>> 0);
  }

  /** Where it matches first at or behind `from`; undefined: nowhere. @throws Error where that takes too many steps */
  find(bytes: Uint8Array, from = 0): number | undefined {
    const at = addon().match(this.#compiled, bytes, from);
    return at < 0 ? undefined : at;
  }
}
