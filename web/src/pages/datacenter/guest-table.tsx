import { useMemo, useState } from 'react';
import type { Resource } from '../../api/types';
import { use_t } from '../../i18n';
import { Card } from '../../kit/card';
import { Icon } from '../../kit/icon';
import { Empty } from '../../kit/notice';
import { Table, type Column } from '../../kit/table';
import { name_of, state_of, StatusIcon } from '../../shell/status';
import { matches } from '../../shell/tree-data';
import { format_bytes, format_duration, format_percent } from '../../state/format';
import { is_guest, use_all_live } from '../../state/resources';
import { go, link_to } from '../../state/route';
import { Tags } from '../guest/tags';
import { BulkBar } from './bulk';

const many = 60;

export function GuestTable({ node }: { node?: string }) {
  const t = use_t();
  const [text, set_text] = useState('');
  const all = use_all_live().filter((row) => is_guest(row) && (!node || row.node === node));
  const rows = text.trim() ? all.filter((row) => matches(row, text)) : all;
  const [chosen, set_chosen] = useState<ReadonlySet<string>>(new Set());
  const select = (ids: string[], on: boolean) =>
    set_chosen((before) => {
      const next = new Set(before);
      ids.forEach((id) => (on ? next.add(id) : next.delete(id)));
      return next;
    });
  const selection: Column<Resource> = {
    id: 'select',
    head: t('bulk.select'),
    head_cell: (
      <input
        type="checkbox"
        aria-label={t('bulk.select_all')}
        checked={rows.length > 0 && rows.every((row) => chosen.has(row.id))}
        onChange={(event) =>
          select(
            rows.map((row) => row.id),
            event.target.checked,
          )
        }
      />
    ),
    cell: (row) => (
      <input
        type="checkbox"
        aria-label={t('bulk.select_named', { name: name_of(row) })}
        checked={chosen.has(row.id)}
        onChange={(event) => select([row.id], event.target.checked)}
      />
    ),
    width: '36px',
  };
  const columns = useMemo<Column<Resource>[]>(
    () => [
      {
        id: 'vmid',
        head: 'ID',
        cell: (row) => (
          <span className="row">
            <StatusIcon row={row} />
            {row.vmid}
          </span>
        ),
        sort: (row) => row.vmid ?? 0,
        width: '90px',
      },
      {
        id: 'name',
        head: t('field.name'),
        cell: (row) => <a href={link_to(`/${row.type}/${row.vmid}`)}>{row.name || row.id}</a>,
        sort: (row) => row.name ?? '',
      },
      {
        id: 'status',
        head: t('field.status'),
        cell: (row) => state_of(row).text,
        sort: (row) => state_of(row).text,
        width: '120px',
        fit: 'fixed',
      },
      {
        id: 'node',
        head: t('field.node'),
        cell: (row) => row.node,
        sort: (row) => row.node ?? '',
        fit: 'wide',
      },
      {
        id: 'cpu',
        head: t('chart.cpu'),
        cell: (row) => (row.status === 'running' ? format_percent(row.cpu) : '–'),
        sort: (row) => row.cpu ?? 0,
        width: '90px',
        number: true,
      },
      {
        id: 'mem',
        head: t('chart.memory'),
        cell: (row) => (row.status === 'running' ? format_bytes(row.mem) : '–'),
        sort: (row) => row.mem ?? 0,
        width: '110px',
        number: true,
      },
      {
        id: 'uptime',
        head: t('field.uptime'),
        cell: (row) => (row.uptime ? format_duration(row.uptime) : '–'),
        sort: (row) => row.uptime ?? 0,
        width: '140px',
        number: true,
        fit: 'wide',
      },
      { id: 'tags', head: t('field.tags'), cell: (row) => <Tags text={row.tags} />, fit: 'wide' },
    ],
    [t],
  );
  return (
    <Card
      title={t('view.guests')}
      flush
      tools={
        <div className="search">
          <Icon name="search" />
          <input
            className="input"
            type="search"
            aria-label={t('tree.filter')}
            placeholder={t('tree.filter')}
            value={text}
            onChange={(event) => set_text(event.target.value)}
          />
        </div>
      }
    >
      <BulkBar
        rows={all.filter((row) => chosen.has(row.id))}
        onClear={() => set_chosen(new Set())}
      />
      <Table
        label={t('view.guests')}
        columns={[selection, ...columns]}
        rows={rows}
        row_key={(row) => row.id}
        first_sort="vmid"
        virtual={rows.length > many}
        onOpen={(row) => go(`/${row.type}/${row.vmid}`)}
        empty={<Empty icon="screen">{text ? t('search.none') : t('guest.none')}</Empty>}
      />
    </Card>
  );
}
