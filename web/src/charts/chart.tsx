// A chart of one or two figures over time; the drawing code comes when it is first needed.
import { useEffect, useRef, useState } from 'react';
import type { RrdPoint } from '../api/types';
import { language, use_t } from '../i18n';
import { shown_theme } from '../state/prefs';
import { use_store } from '../state/store';
import type { Plot } from './plot';

export interface Curve {
  column: string;
  label: string;
}

interface Props {
  label: string;
  points: RrdPoint[];
  curves: Curve[];
  format: (value: number) => string;
  binary?: boolean;
  top?: number;
}

const colors = ['--chart-1', '--chart-2'] as const;

export function Chart({ label, points, curves, format, binary, top }: Props) {
  const t = use_t();
  const theme = use_store(shown_theme);
  const now_language = use_store(language);
  const host = useRef<HTMLDivElement>(null);
  const [plot, set_plot] = useState<Plot>();
  const names = curves.map((curve) => curve.label).join();
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    let made: Plot | undefined;
    let gone = false;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const watcher = new ResizeObserver(() => made?.resize(element.clientWidth));
    void import('./plot').then(({ make_plot }) => {
      if (gone) return;
      made = make_plot(element, {
        lines: curves.map((curve, at) => ({
          label: curve.label,
          color: color(colors[at] ?? '--chart-1'),
        })),
        format,
        language: now_language,
        text_color: color('--muted'),
        grid_color: color('--chart-grid'),
        binary,
        top,
      });
      watcher.observe(element);
      set_plot(made);
    });
    return () => {
      gone = true;
      watcher.disconnect();
      made?.destroy();
      set_plot(undefined);
    };
    // The curves' names stand for the curves: a new array each render must not redraw all.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [theme, now_language, names, top]);
  useEffect(() => {
    plot?.set(
      points.map((point) => point.time),
      curves.map((curve) => points.map((point) => point[curve.column] ?? null)),
    );
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [plot, points]);
  const last = [...points].reverse().find((point) => curves.some((c) => c.column in point));
  const summary = curves
    .map((curve) => {
      const value = last?.[curve.column];
      return `${curve.label}: ${value === undefined ? t('chart.no_value') : format(value)}`;
    })
    .join(', ');
  return (
    <figure style={{ margin: 0 }}>
      <figcaption className="legend">
        {curves.map((curve, at) => (
          <span key={curve.column}>
            <i style={{ background: `var(${colors[at]})` }} />
            {curve.label}
          </span>
        ))}
      </figcaption>
      <div className="chart" ref={host} role="img" aria-label={`${label}. ${summary}`} />
    </figure>
  );
}
