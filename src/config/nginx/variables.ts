// Texts with nginx's variables, where weir has other names for them.
import { readTemplate, type TemplateReading } from '../../model/layer7/template.js';

const SAME: Readonly<Record<string, string>> = { query_string: 'args', document_uri: 'uri' };

/** `serverName`: what nginx's `$server_name` is. */
export function readNginxTemplate(text: string, serverName = ''): TemplateReading {
  const known = text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    if (name === 'server_name') return serverName;
    return Object.hasOwn(SAME, name) ? `\${${SAME[name]}}` : all;
  });
  return readTemplate(known);
}
