// The one file that knows uPlot; loaded when the first chart is shown.
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  label: string;
  color: string;
}

export interface PlotSpec {
  lines: Line[];
  format: (value: number) => string;
  language: string;
  text_color: string;
  grid_color: string;
  // Ticks at powers of two, for bytes.
  binary?: boolean;
  top?: number;
}

export interface Plot {
  set(times: number[], columns: (number | null)[][]): void;
  resize(width: number): void;
  destroy(): void;
}

const height = 180;
const fill = (color: string) => `${color}22`;
const binary_steps = Array.from({ length: 50 }, (_, power) => 2 ** power);

export function make_plot(host: HTMLElement, spec: PlotSpec): Plot {
  const axis = {
    stroke: spec.text_color,
    grid: { stroke: spec.grid_color, width: 1 },
    ticks: { stroke: spec.grid_color, width: 1 },
    font: '11.5px system-ui, sans-serif',
  };
  const clock = new Intl.DateTimeFormat(spec.language, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const day = new Intl.DateTimeFormat(spec.language, { day: 'numeric', month: 'short' });
  const plot = new UPlot(
    {
      width: Math.max(200, host.clientWidth),
      height,
      cursor: { points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: {
        x: { time: true },
        y: { range: (_plot, _low, high) => [0, spec.top ?? Math.max(high * 1.1, 1e-6)] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          values: (_plot, ticks, _axis, _space, step) =>
            ticks.map((tick) => (step >= 86_400 ? day : clock).format(tick * 1000)),
        },
        {
          ...axis,
          size: 76,
          ...(spec.binary ? { incrs: binary_steps } : {}),
          values: (_plot, ticks) => ticks.map(spec.format),
        },
      ],
      series: [
        {},
        ...spec.lines.map((line, at) => ({
          label: line.label,
          stroke: line.color,
          fill: at === 0 ? fill(line.color) : undefined,
          width: 1.8,
          points: { show: false },
        })),
      ],
    },
    [[], ...spec.lines.map(() => [])] as UPlot.AlignedData,
    host,
  );
  return {
    set: (times, columns) => plot.setData([times, ...columns] as UPlot.AlignedData),
    resize: (width) => plot.setSize({ width, height }),
    destroy: () => plot.destroy(),
  };
}
