import { useQuery } from '@tanstack/react-query';
import { node_rrd, node_status } from '../../api/nodes';
import type { Resource } from '../../api/types';
import { History, type ChartSpec } from '../../charts/history';
import { use_t } from '../../i18n';
import { Card, Facts } from '../../kit/card';
import { Failure, Notice } from '../../kit/notice';
import {
  format_bytes,
  format_duration,
  format_number,
  format_percent,
  format_rate,
} from '../../state/format';
import { is_guest, use_all_live, use_structure } from '../../state/resources';
import { use_samples } from '../../state/samples';
import { Tile } from '../guest/summary';
import { StorageUsage } from '../storage/usage';

const charts: ChartSpec[] = [
  {
    title: 'chart.cpu',
    curves: [
      { column: 'cpu', label: 'chart.cpu' },
      { column: 'iowait', label: 'chart.iowait' },
    ],
    format: (value) => format_percent(value),
  },
  {
    title: 'chart.load',
    curves: [{ column: 'loadavg', label: 'chart.load' }],
    format: (value) => format_number(value, 2),
  },
  {
    title: 'chart.memory',
    curves: [
      { column: 'memused', label: 'chart.used' },
      { column: 'memtotal', label: 'chart.total' },
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
];

// Whoever lacks the right to see the node's figures knows that it is there, and no more.
export function NodeSummary({ row }: { row: Resource }) {
  const t = use_t();
  const node = row.node ?? '';
  if (row.maxcpu === undefined) {
    return (
      <Notice>
        <div className="what">{t('node.no_figures')}</div>
        <div>{t('node.no_figures_next', { path: `/nodes/${node}` })}</div>
      </Notice>
    );
  }
  return <Figures row={row} node={node} />;
}

function Figures({ row, node }: { row: Resource; node: string }) {
  const t = use_t();
  const samples = use_samples(row);
  const guests = use_structure().filter((one) => is_guest(one) && one.node === node);
  const storages = use_all_live().filter((one) => one.type === 'storage' && one.node === node);
  const running = guests.filter((one) => one.status === 'running').length;
  // What stays as it is while the node runs; the stream brings the rest.
  const status = useQuery({
    queryKey: ['node', node, 'status'],
    queryFn: () => node_status(node),
  });
  const now = status.data;
  const acceleration = (now?.acceleration ?? row.acceleration)?.toLowerCase();
  return (
    <div className="grid">
      <NetworkFailure reason={row['network-failure']} />
      <Tile
        icon="cpu"
        name={t('chart.cpu')}
        value={format_percent(row.cpu)}
        note={t('guest.of_cpus', { count: row.maxcpu ?? 0 })}
        values={samples.map((sample) => sample.cpu)}
        top={1}
        fraction={row.cpu}
        testid="cpu"
      />
      <Tile
        icon="memory"
        name={t('chart.memory')}
        value={format_bytes(row.mem)}
        note={t('guest.of_bytes', { total: format_bytes(row.maxmem) })}
        values={samples.map((sample) => sample.mem)}
        top={row.maxmem}
        fraction={(row.mem ?? 0) / (row.maxmem || 1)}
        testid="memory"
      />
      <Tile
        icon="disk"
        name={t('node.rootfs')}
        value={format_bytes(row.disk)}
        note={t('guest.of_bytes', { total: format_bytes(row.maxdisk) })}
        values={[]}
        fraction={(row.disk ?? 0) / (row.maxdisk || 1)}
        testid="rootfs"
      />
      <Tile
        icon="screen"
        name={t('node.guests_running')}
        value={format_number(running)}
        note={t('node.of_guests', { count: guests.length })}
        values={[]}
        testid="guests"
      />
      <Card title={t('node.facts')} span={7}>
        {status.isError && <Failure error={status.error} onRetry={() => void status.refetch()} />}
        <Facts
          rows={[
            [t('field.uptime'), format_duration(row.uptime)],
            [t('node.version'), now?.pveversion],
            [t('node.processor'), now?.cpuinfo?.model],
            [
              t('node.cores'),
              now?.cpuinfo &&
                t('node.cores_value', {
                  cpus: now.cpuinfo.cpus ?? 0,
                  sockets: now.cpuinfo.sockets ?? 1,
                }),
            ],
            [t('node.load'), row.loadavg?.join('  ')],
            ...(row.maxswap
              ? ([
                  [
                    t('node.swap'),
                    t('node.used_of', {
                      used: format_bytes(row.swap),
                      total: format_bytes(row.maxswap),
                    }),
                  ],
                ] as [string, string][])
              : []),
            [t('node.kernel'), now?.kversion ?? now?.['current-kernel']?.release],
            [
              t('field.acceleration'),
              acceleration && (
                <span className="row wrap" key="acceleration">
                  <span className={`pill ${acceleration === 'kvm' ? 'good' : 'warn'}`}>
                    {acceleration.toUpperCase()}
                  </span>
                  <span className="muted">
                    {acceleration === 'kvm' ? t('guest.kvm') : t('node.tcg')}
                  </span>
                </span>
              ),
            ],
          ]}
        />
      </Card>
      <Card title={t('view.storage')} span={5}>
        <div className="stack">
          {storages.map((one) => (
            <StorageUsage key={one.id} row={one} label={one.storage ?? ''} />
          ))}
          {storages.length === 0 && <p className="muted">{t('storage.none')}</p>}
        </div>
      </Card>
      <History query_key={['node', node]} load={(frame) => node_rrd(node, frame)} charts={charts} />
    </div>
  );
}

function NetworkFailure({ reason }: { reason: string | undefined }) {
  const t = use_t();
  if (!reason) return null;
  return (
    <div className="span-12">
      <Notice tone="bad">
        <div className="what">{t('error.net.down.what')}</div>
        <div>{t('error.net.down.next')}</div>
        <div className="muted mono">{reason}</div>
      </Notice>
    </div>
  );
}
