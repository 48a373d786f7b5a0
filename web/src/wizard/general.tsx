// The first step of both wizards: where, which number, what name.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { next_id } from '../api/nodes';
import { use_t } from '../i18n';
import { CheckField, SelectField, TextField } from '../kit/field';
import { peek_resource, use_structure } from '../state/resources';

export interface General {
  node: string;
  vmid: string;
  name: string;
  tags: string;
  start: boolean;
  onboot: boolean;
}

export const first_general: General = {
  node: '',
  vmid: '',
  name: '',
  tags: '',
  start: true,
  onboot: false,
};

const host_name = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export function general_problems(value: Pick<General, 'vmid' | 'name'>, kind: 'qemu' | 'lxc') {
  const id = Number(value.vmid);
  const taken = peek_resource(`qemu/${id}`) ?? peek_resource(`lxc/${id}`);
  return {
    vmid: !/^\d+$/.test(value.vmid) || id < 100 || id > 999_999_999,
    taken: taken !== undefined,
    name: kind === 'lxc' || value.name !== '' ? !host_name.test(value.name) : false,
  };
}

interface Props {
  kind: 'qemu' | 'lxc';
  value: General;
  set: (next: Partial<General>) => void;
  errors: Record<string, string>;
}

export function GeneralStep({ kind, value, set, errors }: Props) {
  const t = use_t();
  const nodes = use_structure()
    .filter((row) => row.type === 'node' && row.status === 'online')
    .map((row) => row.node ?? '');
  const free = useQuery({ queryKey: ['nextid'], queryFn: next_id, staleTime: 0, gcTime: 0 });
  const first = nodes[0];
  useEffect(() => {
    if (!value.node && first) set({ node: first });
  }, [value.node, first, set]);
  useEffect(() => {
    if (!value.vmid && free.data) set({ vmid: free.data });
    // Only the first free number fills in; what is typed afterwards stays.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [free.data]);
  const problems = general_problems(value, kind);
  const id_error = problems.taken
    ? t('wizard.id_taken')
    : problems.vmid && value.vmid
      ? t('wizard.id_bad')
      : undefined;
  return (
    <div className="form">
      <SelectField
        label={t('field.node')}
        value={value.node}
        error={errors.node}
        onChange={(node) => set({ node })}
        choices={nodes.map((node) => ({ value: node, text: node }))}
      />
      <TextField
        label={t('wizard.id')}
        name="vmid"
        type="number"
        min={100}
        value={value.vmid}
        hint={t('wizard.id_hint')}
        error={errors.vmid ?? id_error}
        onChange={(vmid) => set({ vmid })}
      />
      <TextField
        label={kind === 'lxc' ? t('field.hostname') : t('field.name')}
        name="name"
        value={value.name}
        hint={t(kind === 'lxc' ? 'wizard.name_needed' : 'options.name_hint')}
        error={
          errors.name ??
          errors.hostname ??
          (problems.name && value.name ? t('wizard.name_bad') : undefined)
        }
        onChange={(name) => set({ name })}
      />
      <TextField
        label={t('field.tags')}
        hint={t('options.tags_hint')}
        value={value.tags}
        error={errors.tags}
        onChange={(tags) => set({ tags })}
      />
      <CheckField
        label={t('wizard.start')}
        checked={value.start}
        onChange={(start) => set({ start })}
      />
      <CheckField
        label={t('options.onboot')}
        checked={value.onboot}
        onChange={(onboot) => set({ onboot })}
      />
    </div>
  );
}
