// How a disk behaves, and on which storage it lies.
import { useState } from 'react';
import { move_disk } from '../../api/guests';
import { note_task } from '../../api/tasks';
import { use_t, type Key } from '../../i18n';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { format_props, parse_props } from '../../state/props';
import { disk_formats, type ResizeProps } from './edit-disk';
import { EditDialog, type EditProps } from './edit-dialog';
import type { HardwareRow } from './hardware-rows';
import { StoragePicker } from './pickers';
import { planned } from './use-config';

const caches = ['none', 'writethrough', 'writeback', 'unsafe', 'directsync'];

interface Switch {
  key: string;
  name: Key;
  hint?: Key;
  // The words of the switch, and which one is meant when it is left out.
  on: string;
  off: string;
  first: boolean;
}

const backup: Switch = { key: 'backup', name: 'drive.backup', on: '1', off: '0', first: true };
const read_only: Switch = { key: 'ro', name: 'drive.ro', on: '1', off: '0', first: false };

function switches_of(key: string): Switch[] {
  const bus = key.replace(/\d+$/, '');
  const plain = { on: '1', off: '0', first: false };
  if (bus === 'rootfs') return [read_only];
  if (bus === 'mp') return [{ ...backup, first: false }, read_only];
  return [
    {
      key: 'discard',
      name: 'drive.discard',
      hint: 'drive.discard_hint',
      ...plain,
      on: 'on',
      off: 'ignore',
    },
    ...(bus === 'virtio' ? [] : [{ key: 'ssd', name: 'drive.ssd' as const, ...plain }]),
    ...(bus === 'virtio' || bus === 'scsi'
      ? [
          {
            key: 'iothread',
            name: 'drive.iothread' as const,
            hint: 'drive.iothread_hint' as const,
            ...plain,
          },
          read_only,
        ]
      : []),
    backup,
  ];
}

export function DriveDialog({ settings, change, onClose, row }: EditProps & { row: HardwareRow }) {
  const t = use_t();
  const now = parse_props(planned(settings, row.key));
  const switches = switches_of(row.key);
  const vm = !/^(rootfs|mp)/.test(row.key);
  const [cache, set_cache] = useState(now.keys.get('cache') ?? '');
  const [path, set_path] = useState(now.keys.get('mp') ?? '');
  const [on, set_on] = useState(
    () =>
      new Map(
        switches.map((one) => [
          one.key,
          (now.keys.get(one.key) ?? word(one, one.first)) === one.on,
        ]),
      ),
  );
  const save = () => {
    const keys = new Map(now.keys);
    if (vm) keys.set('cache', cache);
    if (keys.has('mp')) keys.set('mp', path);
    for (const one of switches) {
      const wanted = on.get(one.key) ?? false;
      // What is as it would be without a word is left out, as the administrators' own texts do.
      if (wanted === one.first) keys.delete(one.key);
      else keys.set(one.key, word(one, wanted));
    }
    return change({ [row.key]: format_props({ bare: now.bare, keys }) });
  };
  return (
    <EditDialog title={t('action.edit_named', { name: row.name })} onClose={onClose} save={save}>
      {(errors) => (
        <div className="form">
          {vm && (
            <SelectField
              whole
              label={t('drive.cache')}
              hint={t('drive.cache_hint')}
              value={cache}
              error={errors[row.key]}
              onChange={set_cache}
              choices={[
                { value: '', text: t('drive.cache_default') },
                ...caches.map((one) => ({ value: one, text: one })),
              ]}
            />
          )}
          {now.keys.has('mp') && (
            <TextField
              whole
              label={t('hardware.path')}
              hint={t('hardware.path_hint')}
              value={path}
              error={errors[row.key]}
              onChange={set_path}
            />
          )}
          {switches.map((one) => (
            <CheckField
              key={one.key}
              whole
              label={t(one.name)}
              hint={one.hint && t(one.hint)}
              checked={on.get(one.key) ?? false}
              onChange={(checked) => set_on(new Map(on).set(one.key, checked))}
            />
          ))}
        </div>
      )}
    </EditDialog>
  );
}

const word = (one: Switch, on: boolean) => (on ? one.on : one.off);

export function MoveDisk({ guest, row, onClose }: ResizeProps) {
  const t = use_t();
  const vm = guest.kind === 'qemu';
  const [storage, set_storage] = useState('');
  const [format, set_format] = useState('');
  const [erase, set_erase] = useState(true);
  const from = row.value.split(':')[0];
  return (
    <EditDialog
      title={t('hardware.move_named', { name: row.name })}
      action={t('hardware.move')}
      ready={storage !== ''}
      onClose={onClose}
      // It may take long: the task tells how far it is.
      save={async () =>
        note_task(
          await move_disk(guest, row.key, {
            storage,
            delete: erase,
            format: (format || undefined) as 'raw' | 'qcow2' | undefined,
          }),
        )
      }
    >
      {(errors) => (
        <div className="form">
          <p className="whole">{t('hardware.move_from', { storage: from ?? '' })}</p>
          <StoragePicker
            node={guest.node}
            content={vm ? 'images' : 'rootdir'}
            label={t('hardware.move_to')}
            value={storage}
            error={errors.storage}
            onChange={set_storage}
          />
          {vm && (
            <SelectField
              label={t('hardware.format')}
              value={format}
              error={errors.format}
              onChange={set_format}
              choices={[
                { value: '', text: t('hardware.format_default') },
                ...disk_formats.map((one) => ({ value: one, text: one })),
              ]}
            />
          )}
          <CheckField
            whole
            label={t('hardware.move_erase')}
            hint={t('hardware.move_erase_hint')}
            checked={erase}
            onChange={set_erase}
          />
        </div>
      )}
    </EditDialog>
  );
}
