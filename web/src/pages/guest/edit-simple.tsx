import { useState } from 'react';
import { use_t } from '../../i18n';
import { SelectField, TextField } from '../../kit/field';
import { EditDialog, type EditProps } from './edit-dialog';
import { planned } from './use-config';

// An emptied field goes back to the server's own default.
export function set_or_delete(values: Record<string, string>): Record<string, string> {
  const gone = Object.keys(values).filter((key) => values[key] === '');
  const kept = Object.entries(values).filter(([, value]) => value !== '');
  return { ...Object.fromEntries(kept), ...(gone.length > 0 ? { delete: gone.join(',') } : {}) };
}

// Only what differs is sent, so that nothing else becomes pending.
export function changed(
  settings: EditProps['settings'],
  values: Record<string, string>,
): Record<string, string> {
  return set_or_delete(
    Object.fromEntries(
      Object.entries(values).filter(([key, value]) => planned(settings, key) !== value),
    ),
  );
}

export async function save_changed(
  { settings, change }: Pick<EditProps, 'settings' | 'change'>,
  values: Record<string, string>,
): Promise<void> {
  const params = changed(settings, values);
  if (Object.keys(params).length > 0) await change(params);
}

export function MemoryDialog(props: EditProps) {
  const t = use_t();
  const { guest, settings, onClose } = props;
  const vm = guest.kind === 'qemu';
  const second = vm ? 'balloon' : 'swap';
  const [memory, set_memory] = useState(planned(settings, 'memory'));
  const [other, set_other] = useState(planned(settings, second));
  return (
    <EditDialog
      title={t('hardware.memory')}
      onClose={onClose}
      save={() => save_changed(props, { memory, [second]: other })}
    >
      {(errors) => (
        <div className="form">
          <TextField
            label={t('hardware.memory')}
            unit="MiB"
            type="number"
            min={16}
            value={memory}
            error={errors.memory}
            onChange={set_memory}
          />
          <TextField
            label={vm ? t('hardware.balloon') : t('hardware.swap')}
            hint={vm ? t('hardware.balloon_hint') : undefined}
            unit="MiB"
            type="number"
            min={0}
            value={other}
            error={errors[second]}
            onChange={set_other}
          />
        </div>
      )}
    </EditDialog>
  );
}

export const cpu_types = [
  'host',
  'max',
  'x86-64-v2-AES',
  'x86-64-v3',
  'x86-64-v4',
  'qemu64',
  'kvm64',
];

export function CpuDialog(props: EditProps) {
  const t = use_t();
  const { guest, settings, onClose } = props;
  const vm = guest.kind === 'qemu';
  const [sockets, set_sockets] = useState(planned(settings, 'sockets'));
  const [cores, set_cores] = useState(planned(settings, 'cores'));
  const [type, set_type] = useState(planned(settings, 'cpu'));
  const [limit, set_limit] = useState(planned(settings, 'cpulimit'));
  return (
    <EditDialog
      title={t('hardware.cpu')}
      onClose={onClose}
      save={() =>
        save_changed(props, vm ? { sockets, cores, cpu: type } : { cores, cpulimit: limit })
      }
    >
      {(errors) => (
        <div className="form">
          {vm && (
            <TextField
              label={t('hardware.sockets')}
              type="number"
              min={1}
              value={sockets}
              error={errors.sockets}
              onChange={set_sockets}
            />
          )}
          <TextField
            label={t('hardware.cores')}
            hint={vm ? undefined : t('hardware.cores_hint')}
            type="number"
            min={1}
            value={cores}
            error={errors.cores}
            onChange={set_cores}
          />
          {vm ? (
            <SelectField
              label={t('hardware.cpu_type')}
              value={type}
              error={errors.cpu}
              onChange={set_type}
              choices={[
                { value: '', text: t('hardware.cpu_default') },
                ...cpu_types.map((one) => ({ value: one, text: one })),
              ]}
            />
          ) : (
            <TextField
              label={t('hardware.cpu_limit')}
              hint={t('hardware.cpu_limit_hint')}
              value={limit}
              error={errors.cpulimit}
              onChange={set_limit}
            />
          )}
        </div>
      )}
    </EditDialog>
  );
}

// For settings whose text the page does not take apart (vga, machine, bios …).
export function TextDialog(props: EditProps & { name: string; edited: string }) {
  const t = use_t();
  const { settings, onClose, name, edited } = props;
  const [text, set_text] = useState(planned(settings, edited));
  return (
    <EditDialog title={name} onClose={onClose} save={() => save_changed(props, { [edited]: text })}>
      {(errors) => (
        <TextField
          label={edited}
          hint={t('hardware.text_hint')}
          value={text}
          error={errors[edited]}
          onChange={set_text}
        />
      )}
    </EditDialog>
  );
}
