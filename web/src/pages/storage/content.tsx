import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { free_volume, list_volumes } from '../../api/nodes';
import { follow } from '../../api/tasks';
import type { Resource, Volume } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Confirm } from '../../kit/confirm';
import { Icon } from '../../kit/icon';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { format_bytes, format_time } from '../../state/format';
import { content_kinds } from './content-kinds';
import { DownloadDialog } from './download';
import { UploadDialog } from './upload';

const uploadable = ['iso', 'vztmpl', 'import'];

export function StorageContent({ row }: { row: Resource }) {
  const t = use_t();
  const client = useQueryClient();
  const node = row.node ?? '';
  const storage = row.storage ?? '';
  const kinds = (row.content ?? '').split(',').filter(Boolean);
  const [kind, set_kind] = useState('');
  const [text, set_text] = useState('');
  const [open, set_open] = useState<'upload' | 'download'>();
  const [doomed, set_doomed] = useState<Volume>();
  const query = useQuery({
    queryKey: ['content', node, storage, kind],
    queryFn: () => list_volumes(node, storage, kind || undefined),
  });
  const may_upload = uploadable.filter((one) => kinds.includes(one));
  const refresh = () => client.invalidateQueries({ queryKey: ['content', node, storage] });
  const needle = text.trim().toLowerCase();
  const rows = (query.data ?? []).filter((one) =>
    `${one.volid} ${one.notes ?? ''} ${one.vmid ?? ''}`.toLowerCase().includes(needle),
  );
  return (
    <Card
      title={t('view.content')}
      flush
      tools={
        <>
          <Button
            small
            variant="primary"
            icon="upload"
            disabled={may_upload.length === 0}
            title={may_upload.length === 0 ? t('storage.no_upload') : undefined}
            onClick={() => set_open('upload')}
          >
            {t('storage.upload')}
          </Button>
          <Button
            small
            icon="download"
            disabled={may_upload.length === 0}
            onClick={() => set_open('download')}
          >
            {t('storage.download')}
          </Button>
        </>
      }
    >
      <div className="body row wrap">
        <div className="search">
          <Icon name="search" />
          <input
            className="input"
            type="search"
            aria-label={t('storage.filter')}
            placeholder={t('storage.filter')}
            value={text}
            onChange={(event) => set_text(event.target.value)}
          />
        </div>
        <div className="row wrap" role="group" aria-label={t('field.content')}>
          {['', ...kinds].map((one) => (
            <button
              key={one}
              type="button"
              className={one === kind ? 'button small primary' : 'button small'}
              aria-pressed={one === kind}
              onClick={() => set_kind(one)}
            >
              {one === '' ? t('storage.all') : content_kinds[one] ? t(content_kinds[one]) : one}
            </button>
          ))}
        </div>
      </div>
      {query.isPending && <Loading />}
      {query.isError && (
        <div className="body">
          <Failure error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.data && (
        <Volumes rows={rows} filtered={needle !== '' || kind !== ''} onDelete={set_doomed} />
      )}
      {open === 'upload' && (
        <UploadDialog
          node={node}
          storage={storage}
          kinds={may_upload}
          first={may_upload.includes(kind) ? kind : (may_upload[0] ?? 'iso')}
          onDone={refresh}
          onClose={() => set_open(undefined)}
        />
      )}
      {open === 'download' && (
        <DownloadDialog
          node={node}
          storage={storage}
          kinds={may_upload}
          onClose={() => set_open(undefined)}
        />
      )}
      {doomed && (
        <Confirm
          title={t('action.delete_named', { name: doomed.volid })}
          action={t('action.delete')}
          danger
          typed={doomed.vmid === undefined ? undefined : String(doomed.vmid)}
          onClose={() => set_doomed(undefined)}
          onConfirm={async () => {
            await follow(await free_volume(node, storage, doomed.volid));
            await refresh();
          }}
        >
          <p>{t(doomed.vmid === undefined ? 'storage.delete_text' : 'storage.delete_disk_text')}</p>
        </Confirm>
      )}
    </Card>
  );
}

interface VolumesProps {
  rows: Volume[];
  filtered: boolean;
  onDelete: (volume: Volume) => void;
}

function Volumes({ rows, filtered, onDelete }: VolumesProps) {
  const t = use_t();
  return (
    <Table<Volume>
      label={t('view.content')}
      rows={rows}
      row_key={(one) => one.volid}
      first_sort="name"
      virtual={rows.length > 200}
      empty={
        <Empty icon="disk">{filtered ? t('storage.none_match') : t('storage.content_none')}</Empty>
      }
      columns={[
        {
          id: 'name',
          head: t('field.name'),
          cell: (one) => <span className="mono">{one.volid}</span>,
          sort: (one) => one.volid,
        },
        { id: 'format', head: t('hardware.format'), cell: (one) => one.format },
        {
          id: 'vmid',
          head: t('field.guest'),
          cell: (one) => one.vmid,
          sort: (one) => one.vmid ?? 0,
        },
        {
          id: 'time',
          head: t('field.created'),
          cell: (one) => format_time(one.ctime),
          sort: (one) => one.ctime ?? 0,
        },
        {
          id: 'size',
          head: t('field.size'),
          cell: (one) => format_bytes(one.size),
          sort: (one) => one.size ?? 0,
          number: true,
        },
        {
          id: 'actions',
          head: t('field.actions'),
          actions: true,
          cell: (one) => (
            <Button
              small
              variant="danger"
              icon="trash"
              name={t('action.delete_named', { name: one.volid })}
              onClick={() => onDelete(one)}
            />
          ),
        },
      ]}
    />
  );
}
