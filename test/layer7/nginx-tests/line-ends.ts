// Tests of nginx-tests send heads whose lines end with a bare LF, which weir refuses. What they check is something else: so their heads get the line
// ends of RFC 9112 §2.2, in their source, before they are run.

/** Perl drops a CR before the end of a line of its source: it is written as an escape. */
const HERE_DOCUMENT = /<<(["']?)([A-Z]+)\1(.*)\n([\s\S]*?\n)\2\n/g;
const FIRST_LINE = /^(?:HTTP\/1\.\d \d|\S+ \S+ HTTP\/1\.)/;
/** A string of a first line or of fields. */
const HEAD_STRING = /"(?:HTTP\/1\.\d|[A-Z][A-Za-z-]+: )(?:[^"\\\n]|\\.)*"/g;

function withEscapes(text: string): string {
  let isHead = false;
  const lines = text.split('\n').slice(0, -1);
  return lines
    .map((line) => {
      isHead ||= FIRST_LINE.test(line);
      const ended = isHead ? `${line}\\r\n` : `${line}\n`;
      isHead &&= line !== '';
      return ended;
    })
    .join('');
}

export function withLineEnds(source: string): string {
  const documents = source.replace(HERE_DOCUMENT, (whole, quote: string, tag: string, rest: string, text: string) => {
    if (!text.split('\n').some((line) => FIRST_LINE.test(line))) return whole;
    const plain = quote === "'" ? text.replace(/[\\$@]/g, '\\$&') : text;
    return `<<"${tag}"${rest}\n${withEscapes(plain)}${tag}\n`;
  });
  return documents.replace(HEAD_STRING, (text) =>
    text.replace(/(\\r|\\x0d)?\\n/g, (end, cr?: string) => (cr === undefined ? '\\r\\n' : end)),
  );
}
