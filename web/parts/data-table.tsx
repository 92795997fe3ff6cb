// A table with sortable columns, of which only the rows in view are in the page: ten thousand rows cost what fifty do.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface Column<Row> {
  readonly name: string;
  /** A heading over columns that follow each other. */
  readonly group?: string;
  readonly isNumber?: true;
  /** What rows are sorted by; absent: this column does not sort. */
  readonly sortBy?: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface Sort {
  readonly column: string;
  readonly direction: 'ascending' | 'descending';
}

interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly rowClass?: (row: Row) => string;
  /** The order before a person chooses one. */
  readonly sort?: Sort;
  /** Rows under each other: `rows` are of groups, sorted within. Absent: one order for all. */
  readonly order?: (rows: readonly Row[], compare: (a: Row, b: Row) => number) => readonly Row[];
  readonly empty: string;
}

/** px, as the style sheet has it. */
const ROW_HEIGHT = 30;
const [SHOWN, MARGIN] = [60, 15] as const;

function comparer<Row>(columns: readonly Column<Row>[], sort: Sort | undefined): (a: Row, b: Row) => number {
  const by = columns.find(({ name }) => name === sort?.column)?.sortBy;
  if (by === undefined) return () => 0;
  const sign = sort?.direction === 'descending' ? -1 : 1;
  return (a, b) => {
    const [left, right] = [by(a), by(b)];
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : String(left).localeCompare(String(right), 'en', { numeric: true });
    return sign * order;
  };
}

const groupsOf = <Row,>(columns: readonly Column<Row>[]): readonly { readonly name: string; readonly span: number }[] =>
  columns.reduce<{ name: string; span: number }[]>((groups, { group = '' }) => {
    const last = groups.at(-1);
    if (last !== undefined && last.name === group) last.span += 1;
    else groups.push({ name: group, span: 1 });
    return groups;
  }, []);

interface HeadProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort) => void;
}

function Head<Row>({ columns, sort, onSort }: HeadProps<Row>) {
  const groups = groupsOf(columns);
  const flip = (name: string): Sort => ({
    column: name,
    direction: sort?.column === name && sort.direction === 'descending' ? 'ascending' : 'descending',
  });
  return (
    <thead>
      {groups.length > 1 && (
        <tr>
          {groups.map(({ name, span }, index) =>
            name === '' ? (
              <td key={index} colSpan={span} />
            ) : (
              <th key={index} scope="colgroup" colSpan={span}>
                {name}
              </th>
            ),
          )}
        </tr>
      )}
      <tr>
        {columns.map(({ name, sortBy, isNumber }) => (
          <th
            key={name}
            scope="col"
            class={isNumber ? 'number' : ''}
            aria-sort={sortBy === undefined ? undefined : sort?.column === name ? sort.direction : 'none'}
          >
            {sortBy === undefined ? (
              name
            ) : (
              <button type="button" onClick={() => onSort(flip(name))}>
                {name}
                <span class="arrow" aria-hidden="true">
                  {sort?.column === name ? (sort.direction === 'ascending' ? ' ▴' : ' ▾') : ''}
                </span>
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

const Gap = ({ rows, span }: { readonly rows: number; readonly span: number }) =>
  rows === 0 ? null : (
    <tr class="gap">
      <td colSpan={span} style={{ height: `${rows * ROW_HEIGHT}px` }} />
    </tr>
  );

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { caption, columns, rows, keyOf, rowClass, order, empty } = props;
  const [sort, setSort] = useState(props.sort);
  const [top, setTop] = useState(0);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const compare = comparer(columns, sort);
  const sorted = order === undefined ? [...rows].sort(compare) : order(rows, compare);
  const first = Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT) - MARGIN, sorted.length - SHOWN));
  const shown = sorted.slice(first, first + SHOWN);
  const left = sorted.length - first - shown.length;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section class="scroll" tabIndex={0} aria-label={caption} onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}>
      <table aria-rowcount={sorted.length + 1}>
        <caption>{caption}</caption>
        <Head columns={columns} sort={sort} onSort={setSort} />
        <tbody>
          <Gap rows={first} span={columns.length} />
          {shown.map((row, index) => (
            <tr key={keyOf(row)} class={rowClass?.(row) ?? ''} aria-rowindex={first + index + 2}>
              {columns.map(({ name, cell, isNumber }, column) =>
                column === 0 ? (
                  <th key={name} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={name} class={isNumber ? 'number' : ''}>
                    {cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
          <Gap rows={left} span={columns.length} />
        </tbody>
      </table>
    </section>
  );
}
