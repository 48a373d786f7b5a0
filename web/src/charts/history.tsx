// The rrddata charts of a node, guest or storage with the choice of the span.
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { frames, type Frame } from '../api/nodes';
import type { RrdPoint } from '../api/types';
import { use_t, type Key } from '../i18n';
import { Card } from '../kit/card';
import { Failure } from '../kit/notice';
import { Chart, type Curve } from './chart';

const refresh_ms = 60_000;

export interface ChartSpec {
  title: Key;
  curves: { column: string; label: Key }[];
  format: (value: number) => string;
  binary?: boolean;
  top?: number;
}

interface Props {
  query_key: readonly string[];
  load: (timeframe: Frame) => Promise<RrdPoint[]>;
  charts: ChartSpec[];
  span?: 6 | 12;
  tools?: ReactNode;
}

export function History({ query_key, load, charts, span = 6 }: Props) {
  const t = use_t();
  const [frame, set_frame] = useState<Frame>('hour');
  const history = useQuery({
    queryKey: [...query_key, 'rrd', frame],
    queryFn: () => load(frame),
    refetchInterval: refresh_ms,
  });
  const points = history.data ?? [];
  return (
    <>
      <div className="span-12 row wrap">
        <h2 className="grow">{t('chart.history')}</h2>
        <div className="row wrap" role="group" aria-label={t('chart.span')}>
          {frames.map((one) => (
            <button
              key={one}
              type="button"
              className={one === frame ? 'button small primary' : 'button small'}
              aria-pressed={one === frame}
              onClick={() => set_frame(one)}
            >
              {t(`chart.${one}`)}
            </button>
          ))}
        </div>
      </div>
      {history.isError && (
        <div className="span-12">
          <Failure error={history.error} onRetry={() => void history.refetch()} />
        </div>
      )}
      {charts.map((chart) => (
        <Card key={chart.title} title={t(chart.title)} span={span}>
          <Chart
            label={t(chart.title)}
            points={points}
            curves={chart.curves.map((curve): Curve => ({
              column: curve.column,
              label: t(curve.label),
            }))}
            format={chart.format}
            binary={chart.binary}
            top={chart.top}
          />
        </Card>
      ))}
    </>
  );
}
