import { useState } from 'react';
import { offered } from '../../api/offered';
import type { Kind } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Confirm } from '../../kit/confirm';
import { Icon } from '../../kit/icon';
import { Menu } from '../../kit/menu';
import { Failure, Loading, Notice } from '../../kit/notice';
import { Table } from '../../kit/table';
import { use_action } from '../../state/action';
import { CdromDialog } from './edit-cdrom';
import { AddDisk, AttachUnused, ResizeDisk } from './edit-disk';
import { DriveDialog, MoveDisk } from './edit-drive';
import { NicDialog } from './edit-nic';
import { CpuDialog, MemoryDialog, TextDialog } from './edit-simple';
import { hardware_rows, type HardwareRow } from './hardware-rows';
import type { GuestProps } from './page';
import { use_config, type Change, type Settings } from './use-config';

type RowAction = 'edit' | 'remove' | 'resize' | 'move';
type Opened =
  { what: RowAction; row: HardwareRow } | { what: 'add-disk' | 'add-nic' | 'add-cdrom' };

const can_resize = {
  qemu: offered('PUT /nodes/{node}/qemu/{vmid}/resize'),
  lxc: offered('PUT /nodes/{node}/lxc/{vmid}/resize'),
};
const can_move = {
  qemu: offered('POST /nodes/{node}/qemu/{vmid}/move_disk'),
  lxc: offered('POST /nodes/{node}/lxc/{vmid}/move_volume'),
};

export function Hardware({ guest, row }: GuestProps) {
  const t = use_t();
  const { query, change, refresh } = use_config(guest);
  const [opened, set_opened] = useState<Opened>();
  const { busy, run } = use_action();
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const settings = query.data;
  const rows = hardware_rows(settings, guest.kind, t);
  const waiting = rows.some((one) => one.removing || one.pending !== undefined);
  const vm = guest.kind === 'qemu';
  const revert = (one: HardwareRow) =>
    run(() => change({ revert: one.keys.join(',') }), t('hardware.reverted'));
  const add_serial = () => run(() => change({ serial0: 'socket' }));
  return (
    <div className="stack">
      {waiting && <Notice tone="warn">{t('hardware.pending_notice')}</Notice>}
      <Card
        title={vm ? t('view.hardware') : t('view.resources')}
        flush
        tools={
          <Menu
            name={t('action.add')}
            icon="plus"
            label={t('action.add')}
            items={[
              {
                text: vm ? t('hardware.disk') : t('hardware.mount'),
                icon: 'disk',
                onChoose: () => set_opened({ what: 'add-disk' }),
              },
              {
                text: t('hardware.nic'),
                icon: 'network',
                onChoose: () => set_opened({ what: 'add-nic' }),
              },
              ...(vm
                ? [
                    {
                      text: t('hardware.cdrom'),
                      icon: 'disc' as const,
                      onChoose: () => set_opened({ what: 'add-cdrom' as const }),
                    },
                    {
                      text: t('hardware.serial'),
                      icon: 'terminal' as const,
                      disabled: settings.entries.has('serial0'),
                      onChoose: () => void add_serial(),
                    },
                  ]
                : []),
            ]}
          />
        }
      >
        <Table<HardwareRow>
          label={t('view.hardware')}
          rows={rows}
          row_key={(one) => one.key}
          row_class={(one) => (one.removing || one.pending !== undefined ? 'pending' : undefined)}
          columns={[
            {
              id: 'name',
              head: t('field.device'),
              width: '280px',
              cell: (one) => (
                <span className="row">
                  <Icon name={one.icon} />
                  <b>{one.name}</b>
                </span>
              ),
            },
            { id: 'value', head: t('field.value'), cell: (one) => <Value row={one} /> },
            {
              id: 'actions',
              head: t('field.actions'),
              actions: true,
              cell: (one) => (
                <RowButtons
                  row={one}
                  kind={guest.kind}
                  busy={busy}
                  onRevert={() => void revert(one)}
                  onOpen={(what) => set_opened({ what, row: one })}
                />
              ),
            },
          ]}
        />
      </Card>
      {opened && (
        <Editor
          guest={guest}
          row={row}
          opened={opened}
          settings={settings}
          change={change}
          refresh={refresh}
          onClose={() => set_opened(undefined)}
        />
      )}
    </div>
  );
}

function Value({ row }: { row: HardwareRow }) {
  const t = use_t();
  return (
    <>
      <span className="mono">{row.value || '–'}</span>
      {row.removing && <div className="pending-new">{t('hardware.will_go')}</div>}
      {row.pending !== undefined && !row.removing && (
        <div className="pending-new">{t('hardware.will_be', { value: row.pending })}</div>
      )}
    </>
  );
}

interface RowButtonsProps {
  row: HardwareRow;
  kind: Kind;
  busy: boolean;
  onRevert: () => void;
  onOpen: (what: RowAction) => void;
}

function RowButtons({ row, kind, busy, onRevert, onOpen }: RowButtonsProps) {
  const t = use_t();
  const name = row.name;
  const vm = kind === 'qemu';
  const firmware = /^(efidisk|tpmstate)/.test(row.key);
  const volume = row.kind === 'disk' && !/^\//.test(row.value);
  const removable = row.kind !== 'memory' && row.kind !== 'cpu' && row.key !== 'rootfs';
  const editable = row.kind !== 'disk' || !firmware;
  return (
    <>
      {(row.removing || row.pending !== undefined) && (
        <Button small icon="undo" busy={busy} onClick={onRevert}>
          {t('hardware.revert')}
        </Button>
      )}{' '}
      {volume && !firmware && can_resize[kind] && (
        <Button
          small
          icon="expand"
          name={t('hardware.resize_named', { name })}
          onClick={() => onOpen('resize')}
        >
          {t('hardware.resize')}
        </Button>
      )}{' '}
      {volume && can_move[kind] && (
        <Button
          small
          icon="exit"
          name={t('hardware.move_named', { name })}
          onClick={() => onOpen('move')}
        >
          {t('hardware.move')}
        </Button>
      )}{' '}
      {editable && (
        <Button
          small
          icon="edit"
          name={
            row.kind === 'unused'
              ? t('hardware.attach_named', { name })
              : t('action.edit_named', { name })
          }
          onClick={() => onOpen('edit')}
        >
          {row.kind === 'unused' ? t('hardware.attach') : t('action.edit')}
        </Button>
      )}{' '}
      {removable && (
        <Button
          small
          variant="danger"
          icon="trash"
          name={
            row.kind === 'disk' && vm
              ? t('hardware.detach_named', { name })
              : t('action.delete_named', { name })
          }
          onClick={() => onOpen('remove')}
        />
      )}
    </>
  );
}

interface EditorProps extends GuestProps {
  opened: Opened;
  settings: Settings;
  change: Change;
  refresh: () => Promise<void>;
  onClose: () => void;
}

function Editor(props: EditorProps) {
  const t = use_t();
  const { guest, opened, settings, change, refresh, onClose } = props;
  const shared = { guest, settings, change, onClose };
  if (opened.what === 'add-disk') return <AddDisk {...shared} />;
  if (opened.what === 'add-nic') return <NicDialog {...shared} />;
  if (opened.what === 'add-cdrom') return <CdromDialog {...shared} />;
  if (!('row' in opened)) return null;
  const { row } = opened;
  if (opened.what === 'resize') {
    return <ResizeDisk guest={guest} row={row} refresh={refresh} onClose={onClose} />;
  }
  if (opened.what === 'move') {
    return <MoveDisk guest={guest} row={row} refresh={refresh} onClose={onClose} />;
  }
  if (opened.what === 'remove') {
    const keeps = row.kind === 'disk';
    return (
      <Confirm
        title={
          keeps
            ? t('hardware.detach_named', { name: row.name })
            : t('action.delete_named', { name: row.name })
        }
        action={keeps ? t('hardware.detach') : t('action.delete')}
        danger
        onClose={onClose}
        onConfirm={() => change({ delete: row.key })}
      >
        <p>
          {keeps
            ? t('hardware.detach_text')
            : row.kind === 'unused'
              ? t('hardware.erase_text')
              : t('hardware.remove_text')}
        </p>
        <p className="mono">{row.value}</p>
      </Confirm>
    );
  }
  if (row.kind === 'memory') return <MemoryDialog {...shared} />;
  if (row.kind === 'cpu') return <CpuDialog {...shared} />;
  if (row.kind === 'nic') return <NicDialog {...shared} edited={row.key} />;
  if (row.kind === 'cdrom') return <CdromDialog {...shared} edited={row.key} />;
  if (row.kind === 'disk') return <DriveDialog {...shared} row={row} />;
  if (row.kind === 'unused') return <AttachUnused {...shared} row={row} />;
  return <TextDialog {...shared} name={row.name} edited={row.key} />;
}
