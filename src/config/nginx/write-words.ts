// Words, texts and times of an nginx.conf.
import type { Template, TemplatePart } from '../../model/layer7/template.js';

/** A word that nginx reads as this text. */
export const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

export const timeWord = (us: number): string => `${Math.ceil(us / 1000)}ms`;

/** nginx counts some times in seconds. */
export const secondsWord = (us: number): string => `${Math.ceil(us / 1_000_000)}s`;

function partText(part: TemplatePart, uri: string): string {
  if (part.kind === 'variable' && part.variable === 'uri') return `\${${uri}}`;
  if (part.kind === 'text') return part.text;
  if (part.kind === 'variable') return `\${${part.variable}}`;
  return part.variable === 'group' ? `$${part.of}` : `\${${part.variable}_${part.of.replaceAll('-', '_')}}`;
}

/** A word with nginx's variables. `uri`: which of them has the normalised path. */
export const templateWord = (template: Template, uri = 'uri'): string => quoted(template.map((part) => partText(part, uri)).join(''));

/** What of a template nginx does not have. */
export const unknownTo = (template: Template): readonly string[] =>
  template.flatMap((part) => (part.kind === 'variable' && part.variable === 'proxy_add_forwarded' ? ['$proxy_add_forwarded'] : []));
