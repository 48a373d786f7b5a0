import { useState } from 'react';
import { resize_disk } from '../../api/guests';
import { follow } from '../../api/tasks';
import type { GuestRef } from '../../api/types';
import { use_t } from '../../i18n';
import { SelectField, TextField } from '../../kit/field';
import { Notice } from '../../kit/notice';
import { free_key, parse_props } from '../../state/props';
import { EditDialog, type EditProps } from './edit-dialog';
import type { HardwareRow } from './hardware-rows';
import { StoragePicker } from './pickers';

export const disk_buses = ['scsi', 'virtio', 'sata', 'ide'];
export const disk_formats = ['qcow2', 'raw'];

export function AddDisk({ guest, settings, change, onClose }: EditProps) {
  const t = use_t();
  const vm = guest.kind === 'qemu';
  const [bus, set_bus] = useState('scsi');
  const [storage, set_storage] = useState('');
  const [size, set_size] = useState(vm ? '32' : '8');
  const [format, set_format] = useState('');
  const [path, set_path] = useState('');
  const key = free_key(vm ? bus : 'mp', settings.entries.keys());
  const value = vm
    ? `${storage}:${size}${format ? `,format=${format}` : ''}`
    : `${storage}:${size},mp=${path}`;
  const path_bad = path !== '' && !/^\/[^,]+$/.test(path);
  const ready = !!key && !!storage && Number(size) > 0 && (vm || (path !== '' && !path_bad));
  return (
    <EditDialog
      title={vm ? t('hardware.add_disk') : t('hardware.add_mount')}
      action={t('action.add')}
      ready={ready}
      onClose={onClose}
      save={() => change({ [key!]: value })}
    >
      {(errors) => (
        <div className="form">
          {vm ? (
            <SelectField
              label={t('hardware.bus')}
              value={bus}
              onChange={set_bus}
              choices={disk_buses.map((one) => ({ value: one, text: one }))}
            />
          ) : (
            <TextField
              label={t('hardware.path')}
              hint={t('hardware.path_hint')}
              error={path_bad ? t('hardware.path_bad') : undefined}
              value={path}
              onChange={set_path}
              placeholder="/srv"
            />
          )}
          <StoragePicker
            node={guest.node}
            content={vm ? 'images' : 'rootdir'}
            value={storage}
            onChange={set_storage}
          />
          <TextField
            label={t('hardware.size')}
            unit="GiB"
            type="number"
            min={1}
            value={size}
            error={key ? errors[key] : undefined}
            onChange={set_size}
          />
          {vm && (
            <SelectField
              label={t('hardware.format')}
              value={format}
              onChange={set_format}
              choices={[
                { value: '', text: t('hardware.format_default') },
                ...disk_formats.map((one) => ({ value: one, text: one })),
              ]}
            />
          )}
        </div>
      )}
    </EditDialog>
  );
}

export interface ResizeProps {
  guest: GuestRef;
  row: HardwareRow;
  refresh: () => Promise<void>;
  onClose: () => void;
}

export function ResizeDisk({ guest, row, refresh, onClose }: ResizeProps) {
  const t = use_t();
  const [more, set_more] = useState('1');
  const size = parse_props(row.value).keys.get('size') ?? '–';
  return (
    <EditDialog
      title={t('hardware.resize_named', { name: row.name })}
      action={t('hardware.resize')}
      ready={Number(more) > 0}
      onClose={onClose}
      save={async () => {
        await follow(await resize_disk(guest, row.key, `+${more}G`));
        await refresh();
      }}
    >
      {(errors) => (
        <>
          <p>{t('hardware.size_now', { size })}</p>
          <TextField
            label={t('hardware.grow_by')}
            unit="GiB"
            type="number"
            min={1}
            value={more}
            error={errors.size ?? errors.disk}
            onChange={set_more}
          />
          <Notice>{t('hardware.grow_hint')}</Notice>
        </>
      )}
    </EditDialog>
  );
}

export function AttachUnused({
  guest,
  settings,
  change,
  onClose,
  row,
}: EditProps & {
  row: HardwareRow;
}) {
  const t = use_t();
  const vm = guest.kind === 'qemu';
  const [bus, set_bus] = useState('scsi');
  const [path, set_path] = useState('/srv');
  const key = free_key(vm ? bus : 'mp', settings.entries.keys());
  return (
    <EditDialog
      title={t('hardware.attach_named', { name: row.value })}
      action={t('hardware.attach')}
      ready={!!key}
      onClose={onClose}
      save={() => change({ [key!]: vm ? row.value : `${row.value},mp=${path}` })}
    >
      {(errors) =>
        vm ? (
          <SelectField
            label={t('hardware.bus')}
            value={bus}
            error={key ? errors[key] : undefined}
            onChange={set_bus}
            choices={disk_buses.map((one) => ({ value: one, text: one }))}
          />
        ) : (
          <TextField
            label={t('hardware.path')}
            value={path}
            error={key ? errors[key] : undefined}
            onChange={set_path}
          />
        )
      }
    </EditDialog>
  );
}
