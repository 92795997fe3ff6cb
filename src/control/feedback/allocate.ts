// Divides a sum among weights: whole numbers, each within its limits, as near to what is wished as the sum allows.

/** `lowest`, `highest`: whole numbers; `wish`: more than 0. */
export interface Wish {
  readonly wish: number;
  readonly lowest: number;
  readonly highest: number;
}

const HALVINGS = 60;

const clamp = (value: number, lowest: number, highest: number): number => Math.min(highest, Math.max(lowest, value));

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const scaled = (wishes: readonly Wish[], by: number): readonly number[] =>
  wishes.map(({ wish, lowest, highest }) => clamp(wish * by, lowest, highest));

/** All wishes by the one factor with which they have this sum. */
function atSum(wishes: readonly Wish[], total: number): readonly number[] {
  let low = 0;
  let high = Math.max(1, ...wishes.map(({ wish, highest }) => highest / wish));
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (sumOf(scaled(wishes, middle)) < total) low = middle;
    else high = middle;
  }
  return scaled(wishes, high);
}

/** Whole numbers with exactly this sum: what is missing goes to the largest fractions. */
function whole(values: readonly number[], wishes: readonly Wish[], total: number): readonly number[] {
  const result = values.map((value) => Math.floor(value + 1e-9));
  const byFraction = values
    .map((value, index) => ({ index, fraction: value - (result[index] ?? 0) }))
    .sort((a, b) => b.fraction - a.fraction);
  let missing = total - sumOf(result);
  for (const { index } of byFraction) {
    const value = result[index] ?? 0;
    if (missing <= 0 || value >= (wishes[index]?.highest ?? 0)) continue;
    result[index] = value + 1;
    missing--;
  }
  return result;
}

/** The weights, in the order of the wishes. Where the limits do not allow the sum, the nearest one that they allow. */
export function allocate(wishes: readonly Wish[], total: number): readonly number[] {
  const possible = clamp(Math.round(total), sumOf(wishes.map(({ lowest }) => lowest)), sumOf(wishes.map(({ highest }) => highest)));
  return whole(atSum(wishes, possible), wishes, possible);
}
