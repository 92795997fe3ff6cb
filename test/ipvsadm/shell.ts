// As much of a shell as the recorded transcripts need: quotes, `;`, `|`, `<` and `>` on files in memory.

export interface ShellResult {
  stdout: string;
  stderr: string;
  status: number;
}

/** A program: its words, without its name, and what it reads. */
export type Program = (args: readonly string[], stdin: string) => Promise<ShellResult>;

type Token = { readonly word: string } | { readonly operator: string };

/** @throws RangeError for what this shell does not know: variables, substitutions, `&` */
function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|([;|<>])|((?:'[^']*'|[^\s;|<>'"$`&()\\])+)/y;
  let at = 0;
  while (at < line.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) throw new RangeError(`not in this shell: ${line.slice(at)}`);
    at = pattern.lastIndex;
    if (match[1] !== undefined) tokens.push({ operator: match[1] });
    else if (match[2] !== undefined) tokens.push({ word: match[2].replaceAll(/'([^']*)'/g, '$1') });
  }
  return tokens;
}

interface Stage {
  readonly words: string[];
  from: string | undefined;
  to: string | undefined;
}

/** Commands by `;`, each a pipeline of stages. */
function pipelinesOf(line: string): Stage[][] {
  const empty = (): Stage => ({ words: [], from: undefined, to: undefined });
  const pipelines: Stage[][] = [[empty()]];
  let redirect: '<' | '>' | undefined;
  for (const token of tokensOf(line)) {
    const pipeline = pipelines.at(-1) ?? [];
    const stage = pipeline.at(-1) ?? empty();
    if ('word' in token) {
      if (redirect === '<') stage.from = token.word;
      else if (redirect === '>') stage.to = token.word;
      else stage.words.push(token.word);
      redirect = undefined;
    } else if (token.operator === ';') pipelines.push([empty()]);
    else if (token.operator === '|') pipeline.push(empty());
    else redirect = token.operator === '<' ? '<' : '>';
  }
  return pipelines;
}

/** Runs command lines with these programs; files live as long as the shell. */
export class Shell {
  readonly #files = new Map([['/dev/null', '']]);
  readonly #programs: ReadonlyMap<string, Program>;

  constructor(programs: Readonly<Record<string, Program>>) {
    this.#programs = new Map(Object.entries(programs));
  }

  /** undefined: a program or a word of shell that there is not here. */
  async run(line: string): Promise<ShellResult | undefined> {
    let pipelines: Stage[][];
    try {
      pipelines = pipelinesOf(line);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
    if (pipelines.flat().some(({ words }) => !this.#programs.has(words[0] ?? '') && words[0] !== 'cmp')) return undefined;
    const whole: ShellResult = { stdout: '', stderr: '', status: 0 };
    for (const pipeline of pipelines) {
      const result = await this.#pipeline(pipeline);
      whole.stdout += result.stdout;
      whole.stderr += result.stderr;
      whole.status = result.status;
    }
    return whole;
  }

  async #pipeline(stages: readonly Stage[]): Promise<ShellResult> {
    let flowing: ShellResult = { stdout: '', stderr: '', status: 0 };
    for (const { words, from, to } of stages) {
      const [name = '', ...args] = words;
      const input = from === undefined ? flowing.stdout : (this.#files.get(from) ?? '');
      const result = name === 'cmp' ? this.#compare(args) : await this.#programs.get(name)?.(args, input);
      if (result === undefined) throw new Error(`no program ${name}`);
      flowing = { stdout: result.stdout, stderr: flowing.stderr + result.stderr, status: result.status };
      if (to !== undefined) {
        this.#files.set(to, result.stdout);
        flowing.stdout = '';
      }
    }
    return flowing;
  }

  #compare([a = '', b = '']: readonly string[]): ShellResult {
    const same = this.#files.get(a) === this.#files.get(b);
    return { stdout: same ? '' : `${a} ${b} differ\n`, stderr: '', status: same ? 0 : 1 };
  }
}
