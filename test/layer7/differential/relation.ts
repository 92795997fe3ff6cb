// How one program's verdict on a message stands to that of weir proxy, and how many of each kind there were.
import { inParallel, MOST_PATIENT, PATIENT, type Patience } from './conversations.js';
import type { EngineName } from './engines.js';

export type OtherName = Exclude<EngineName, 'weir'>;

export type Relation =
  /** The messages that weir passes on. */
  | { readonly kind: 'both pass it on' }
  /** weir passes on none, and the other none. */
  | { readonly kind: 'both refuse' }
  /** weir is the strict one. `why`: what it logs. */
  | { readonly kind: 'weir refuses'; readonly why: string }
  /** The other one refuses what weir passes on. `why`: the documented reason. */
  | { readonly kind: 'the other refuses'; readonly why: string }
  /** Both pass it on, as other bytes. */
  | { readonly kind: 'other bytes'; readonly why: string }
  /** Of weir: to be fixed. */
  | { readonly kind: 'defect'; readonly why: string };

/** Why another program does not do what weir does. Of a difference of one message it explains no more than what it names. */
export interface Reason<Difference> {
  readonly why: string;
  explains(difference: Difference): boolean;
}

/** undefined: there is no reason. */
export const reasonOf = <Difference>(reasons: readonly Reason<Difference>[], difference: Difference): string | undefined =>
  reasons.find((reason) => reason.explains(difference))?.why;

/** More are not printed. */
const DEFECTS_MAX = 40;

export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #defects: string[] = [];
  #all = 0;

  /** `bytes`: of the message. */
  add(name: OtherName, relation: Relation, bytes: string): void {
    this.#all++;
    if (relation.kind === 'defect' && this.#defects.length < DEFECTS_MAX)
      this.#defects.push(`${name}: ${JSON.stringify(bytes)}: ${relation.why}`);
    const why = relation.kind === 'defect' || !('why' in relation) ? '' : `: ${relation.why}`;
    const line = `${name}: ${relation.kind}${why}`;
    this.#counts.set(line, (this.#counts.get(line) ?? 0) + 1);
  }

  get defects(): readonly string[] {
    return this.#defects;
  }

  /** The share of verdicts of a kind. */
  share(kind: Relation['kind']): number {
    const found = [...this.#counts].filter(([line]) => line.split(': ')[1] === kind);
    return found.reduce((sum, [, count]) => sum + count, 0) / this.#all;
  }

  /** A line for each kind and reason, the most frequent first. */
  get lines(): readonly string[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a).map(([line, count]) => `${String(count).padStart(7)} ${line}`);
  }
}

/** Of the cases by their places, and of the others by theirs. */
export interface Judge {
  readonly names: readonly OtherName[];
  textOf(place: number): string;
  relation(place: number, other: number): Relation;
  /** All is asked once more. */
  again(place: number, other: number, patience: Patience): Promise<Relation>;
}

/** The last judgement of what seemed to be a defect. */
async function judgedAgain(judge: Judge, place: number, other: number): Promise<Relation> {
  const relation = await judge.again(place, other, PATIENT);
  return relation.kind === 'defect' ? judge.again(place, other, MOST_PATIENT) : relation;
}

/** Counts the relations of so many cases. */
export async function judgeAll(count: number, judge: Judge, tally: Tally): Promise<void> {
  const doubtful: { readonly place: number; readonly other: number; readonly name: OtherName }[] = [];
  for (let place = 0; place < count; place++) {
    for (const [other, name] of judge.names.entries()) {
      const relation = judge.relation(place, other);
      if (relation.kind === 'defect') doubtful.push({ place, other, name });
      else tally.add(name, relation, judge.textOf(place));
    }
  }
  await inParallel(doubtful, async ({ place, other, name }) =>
    tally.add(name, await judgedAgain(judge, place, other), judge.textOf(place)),
  );
}
