import { useQuery } from '@tanstack/react-query';
import { get_config, get_status, guest_key, guest_rrd } from '../../api/guests';
import { History, type ChartSpec } from '../../charts/history';
import { Sparkline } from '../../charts/sparkline';
import { use_t } from '../../i18n';
import { Card, Facts } from '../../kit/card';
import { Icon, type IconName } from '../../kit/icon';
import { Bar } from '../../kit/meter';
import { Failure } from '../../kit/notice';
import { format_bytes, format_duration, format_percent, format_rate } from '../../state/format';
import { use_samples } from '../../state/samples';
import { Acceleration, HaState } from './facts';
import { Addresses } from './addresses';
import { Notes } from './notes';
import type { GuestProps } from './page';
import { EditableTags } from './tags';

export const guest_charts: ChartSpec[] = [
  {
    title: 'chart.cpu',
    curves: [{ column: 'cpu', label: 'chart.cpu' }],
    format: (value) => format_percent(value),
  },
  {
    title: 'chart.memory',
    curves: [
      { column: 'mem', label: 'chart.used' },
      { column: 'maxmem', label: 'chart.total' },
    ],
    format: format_bytes,
    binary: true,
  },
  {
    title: 'chart.network',
    curves: [
      { column: 'netin', label: 'chart.incoming' },
      { column: 'netout', label: 'chart.outgoing' },
    ],
    format: format_rate,
    binary: true,
  },
  {
    title: 'chart.disk',
    curves: [
      { column: 'diskread', label: 'chart.read' },
      { column: 'diskwrite', label: 'chart.write' },
    ],
    format: format_rate,
    binary: true,
  },
];

export function GuestSummary({ guest, row }: GuestProps) {
  const t = use_t();
  const running = row.status === 'running';
  const samples = use_samples(row);
  const last = samples[samples.length - 1];
  const status = useQuery({
    queryKey: [...guest_key(guest), 'status', row.status ?? ''],
    queryFn: () => get_status(guest),
  });
  const config = useQuery({
    queryKey: [...guest_key(guest), 'config'],
    queryFn: () => get_config(guest),
  });
  const now = status.data;
  return (
    <div className="grid">
      <Tile
        icon="cpu"
        name={t('chart.cpu')}
        value={running ? format_percent(row.cpu) : '–'}
        note={t('guest.of_cpus', { count: row.maxcpu ?? 0 })}
        values={samples.map((sample) => sample.cpu)}
        top={1}
        fraction={running ? row.cpu : 0}
        testid="cpu"
      />
      <Tile
        icon="memory"
        name={t('chart.memory')}
        value={running ? format_bytes(row.mem) : '–'}
        note={t('guest.of_bytes', { total: format_bytes(row.maxmem) })}
        values={samples.map((sample) => sample.mem)}
        top={row.maxmem}
        fraction={running ? (row.mem ?? 0) / (row.maxmem || 1) : 0}
        testid="memory"
      />
      <Tile
        icon="network"
        name={t('chart.network')}
        value={running ? format_rate(last?.netin) : '–'}
        note={t('guest.out', { rate: format_rate(running ? last?.netout : undefined) })}
        values={samples.map((sample) => sample.netin)}
        testid="network"
      />
      <Tile
        icon="disk"
        name={t('chart.disk')}
        value={running ? format_rate(last?.diskread) : '–'}
        note={t('guest.written', { rate: format_rate(running ? last?.diskwrite : undefined) })}
        values={samples.map((sample) => sample.diskread)}
        testid="disk"
      />
      <Card title={t('guest.state')} span={5}>
        {status.isError && <Failure error={status.error} onRetry={() => void status.refetch()} />}
        <Facts
          rows={[
            [t('field.uptime'), running ? format_duration(row.uptime) : '–'],
            [t('field.node'), row.node],
            [t('field.ha'), <HaState key="ha" row={row} />],
            [t('field.tags'), <EditableTags key="tags" guest={guest} text={row.tags} />],
            ...(guest.kind === 'qemu'
              ? ([
                  [
                    t('field.acceleration'),
                    <Acceleration key="acceleration" row={row} status={now} config={config.data} />,
                  ],
                  [t('field.machine'), now?.['running-machine'] ?? config.data?.machine],
                ] as [string, React.ReactNode][])
              : ([
                  [
                    t('field.unprivileged'),
                    config.data?.unprivileged ? t('state.yes') : t('state.no'),
                  ],
                  [t('field.ostype'), config.data?.ostype],
                ] as [string, React.ReactNode][])),
            guest.kind === 'lxc' && running && row.disk
              ? [
                  t('guest.root_disk'),
                  t('node.used_of', {
                    used: format_bytes(row.disk),
                    total: format_bytes(row.maxdisk),
                  }),
                ]
              : [t('field.boot_disk'), format_bytes(row.maxdisk)],
          ]}
        />
      </Card>
      <div className="span-7 stack">
        <Addresses guest={guest} row={row} />
        <Card title={t('guest.notes')}>
          <Notes guest={guest} config={config.data} />
        </Card>
      </div>
      <History
        query_key={guest_key(guest)}
        load={(frame) => guest_rrd(guest, frame)}
        charts={guest_charts}
      />
    </div>
  );
}

interface TileProps {
  icon: IconName;
  name: string;
  value: string;
  note: string;
  values: (number | undefined)[];
  top?: number;
  fraction?: number;
  testid: string;
}

export function Tile({ icon, name, value, note, values, top, fraction, testid }: TileProps) {
  const full = fraction ?? 0;
  return (
    <section className="card span-3 tile" aria-label={name} data-tile={testid}>
      <div className="tile-name">
        <Icon name={icon} />
        {name}
      </div>
      <div className="tile-value">
        {value}
        <small>{note}</small>
      </div>
      <Sparkline values={values} top={top} />
      {fraction !== undefined && (
        <Bar
          role="meter"
          fraction={Math.min(1, full)}
          tone={full > 0.92 ? 'bad' : full > 0.8 ? 'warn' : ''}
          label={name}
        />
      )}
    </section>
  );
}
