// A line over time. What it draws is in its caption as numbers, and on request in a table.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Series } from '../data/history.js';
import { DataTable } from './data-table.js';
import { shortNumber } from './texts.js';

const HEIGHT = 160;

interface ChartProps {
  readonly title: string;
  readonly unit: string;
  readonly series: Series;
}

const colour = (element: HTMLElement, name: string): string => getComputedStyle(element).getPropertyValue(name).trim();

/** A reading alone would be drawn on an axis of years. */
const MINUTE_S = 60;
const timeRange = (_plot: uPlot, low: number | null, high: number | null): [number | null, number | null] =>
  low === null || high === null ? [Date.now() / 1000 - MINUTE_S, Date.now() / 1000] : [Math.min(low, high - MINUTE_S), high];

function options(element: HTMLElement, unit: string): uPlot.Options {
  const axis = { stroke: () => colour(element, '--text'), grid: { stroke: () => colour(element, '--line') } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { range: timeRange }, y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [axis, axis],
    series: [{}, { label: unit, stroke: () => colour(element, '--accent'), width: 2 }],
  };
}

const dataOf = ({ times, values }: Series): uPlot.AlignedData => [[...times], [...values]];

function Plot({ unit, series }: Omit<ChartProps, 'title'>) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(options(element, unit), dataOf(series), element);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw();
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      resized.disconnect();
      made.destroy();
    };
  }, [unit]);
  useEffect(() => plot.current?.setData(dataOf(series)), [series]);
  return <div class="plot" ref={place} aria-hidden="true" />;
}

export function Chart({ title, unit, series }: ChartProps) {
  const [asTable, setAsTable] = useState(false);
  const { times, values } = series;
  const now = values.at(-1);
  const rows = times.map((time, index) => ({ time, value: values[index] ?? 0 })).reverse();
  return (
    <figure>
      <figcaption>
        {title}:{' '}
        {now === undefined
          ? 'two readings are needed'
          : `now ${shortNumber(now)} ${unit}, lowest ${shortNumber(Math.min(...values))}, highest ${shortNumber(Math.max(...values))} since this page was opened`}{' '}
        <button type="button" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          Show as table
        </button>
      </figcaption>
      {asTable ? (
        <DataTable
          caption={title}
          rows={rows}
          keyOf={({ time }) => String(time)}
          empty="Nothing was read yet."
          columns={[
            { name: 'Time', cell: ({ time }) => new Date(time * 1000).toLocaleTimeString() },
            { name: unit, isNumber: true, cell: ({ value }) => shortNumber(value) },
          ]}
        />
      ) : (
        <Plot unit={unit} series={series} />
      )}
    </figure>
  );
}
