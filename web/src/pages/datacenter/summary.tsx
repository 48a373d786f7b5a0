// At one look: what runs, how full the machines are, and what went wrong lately.
import { has_failed } from '../../api/tasks';
import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { Card } from '../../kit/card';
import { Icon, type IconName } from '../../kit/icon';
import { Meter } from '../../kit/meter';
import { Empty } from '../../kit/notice';
import { StatusIcon, StatusPill } from '../../shell/status';
import { TaskTable } from '../../shell/task-table';
import { format_bytes, format_duration, format_number } from '../../state/format';
import { is_guest, use_all_live, use_tasks } from '../../state/resources';
import { go, link_to } from '../../state/route';

const recent_s = 24 * 3600;

const sum = (rows: Resource[], read: (row: Resource) => number | undefined) =>
  rows.reduce((total, row) => total + (read(row) ?? 0), 0);

export function DatacenterSummary() {
  const t = use_t();
  const all = use_all_live();
  const nodes = all.filter((row) => row.type === 'node');
  const guests = all.filter(is_guest);
  const storages = all.filter((row) => row.type === 'storage');
  const since = Date.now() / 1000 - recent_s;
  const failed = use_tasks().filter((task) => has_failed(task) && task.starttime > since);
  const cpus = sum(nodes, (row) => row.maxcpu);
  const busy = sum(nodes, (row) => (row.cpu ?? 0) * (row.maxcpu ?? 0));
  const mem = sum(nodes, (row) => row.mem);
  const maxmem = sum(nodes, (row) => row.maxmem);
  const counted = [
    ...new Map(storages.map((row) => [row.shared ? row.storage : row.id, row])).values(),
  ];
  const disk = sum(counted, (row) => row.disk);
  const maxdisk = sum(counted, (row) => row.maxdisk);
  const running = (rows: Resource[]) => rows.filter((row) => row.status === 'running').length;
  const vms = guests.filter((row) => row.type === 'qemu');
  const cts = guests.filter((row) => row.type === 'lxc');
  const online = nodes.filter((row) => row.status === 'online').length;
  return (
    <div className="grid">
      <Count
        icon="server"
        name={t('datacenter.nodes')}
        good={online}
        of={nodes.length}
        word={t('state.online')}
      />
      <Count
        icon="screen"
        name={t('datacenter.vms')}
        good={running(vms)}
        of={vms.length}
        word={t('state.running')}
      />
      <Count
        icon="box"
        name={t('datacenter.cts')}
        good={running(cts)}
        of={cts.length}
        word={t('state.running')}
      />
      <Count
        icon="disk"
        name={t('datacenter.storages')}
        good={storages.filter((row) => row.status === 'available').length}
        of={storages.length}
        word={t('state.available')}
      />
      <Card title={t('node.room')} span={5}>
        <div className="stack">
          <Meter
            label={t('chart.cpu')}
            fraction={cpus ? busy / cpus : undefined}
            text={t('datacenter.cpu_of', { used: format_number(busy, 1), total: cpus })}
          />
          <Meter
            label={t('chart.memory')}
            fraction={maxmem ? mem / maxmem : undefined}
            text={t('node.used_of', { used: format_bytes(mem), total: format_bytes(maxmem) })}
          />
          <Meter
            label={t('view.storage')}
            fraction={maxdisk ? disk / maxdisk : undefined}
            text={t('node.used_of', { used: format_bytes(disk), total: format_bytes(maxdisk) })}
          />
        </div>
      </Card>
      <Card title={t('datacenter.nodes')} span={7} flush>
        <div className="table-wrap">
          <table className="table stacked" aria-label={t('datacenter.nodes')}>
            <tbody>
              {nodes.map((row) => (
                <tr key={row.id} className="clickable" onClick={() => go(`/node/${row.node}`)}>
                  <td>
                    <span className="row">
                      <StatusIcon row={row} />
                      <a href={link_to(`/node/${row.node}`)}>{row.node}</a>
                    </span>
                  </td>
                  <td>
                    <StatusPill row={row} />
                  </td>
                  <td className="share">
                    <Meter label={t('chart.cpu')} fraction={row.cpu} />
                  </td>
                  <td className="share">
                    <Meter
                      label={t('chart.memory')}
                      fraction={row.maxmem ? (row.mem ?? 0) / row.maxmem : undefined}
                    />
                  </td>
                  <td className="muted number">{format_duration(row.uptime)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title={t('datacenter.failed')} flush>
        {failed.length === 0 ? (
          <Empty icon="check">{t('datacenter.none_failed')}</Empty>
        ) : (
          <TaskTable tasks={failed.slice(0, 10)} label={t('datacenter.failed')} />
        )}
      </Card>
    </div>
  );
}

interface CountProps {
  icon: IconName;
  name: string;
  good: number;
  of: number;
  word: string;
}

function Count({ icon, name, good, of, word }: CountProps) {
  const t = use_t();
  return (
    <section className="card span-3 tile" aria-label={name}>
      <div className="tile-name">
        <Icon name={icon} />
        {name}
      </div>
      <div className="tile-value">
        {format_number(good)} <small>{t('datacenter.of_word', { total: of, word })}</small>
      </div>
    </section>
  );
}
