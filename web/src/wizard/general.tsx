// The first step of both wizards: where, which number, what name.
import { useEffect } from 'react';
import type { Kind } from '../api/types';
import { use_t, type Translate } from '../i18n';
import { CheckField, SelectField, TextField } from '../kit/field';
import { use_structure } from '../state/resources';
import { bind, type StepProps } from './fields';
import { NumberField } from './number';
import { choice_problems, id_problems, name_problems, type Problem } from './problems';

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

// A container's name is its host name, and it needs one.
export const name_field = (kind: Kind) => (kind === 'lxc' ? 'hostname' : 'name');

export function general_problems(form: General, kind: Kind, t: Translate): Problem[] {
  return [
    ...choice_problems('node', form.node, t('wizard.choose')),
    ...id_problems('vmid', form.vmid, t),
    ...name_problems(name_field(kind), form.name, kind === 'lxc', t),
  ];
}

export function GeneralStep({ kind, ...props }: StepProps<General> & { kind: Kind }) {
  const t = use_t();
  const { form, set } = props;
  const { text, check } = bind(props);
  const nodes = use_structure()
    .filter((row) => row.type === 'node' && row.status === 'online')
    .map((row) => row.node ?? '');
  const first = nodes[0];
  useEffect(() => {
    if (!form.node && first) set({ node: first });
  }, [form.node, first, set]);
  return (
    <div className="form">
      <SelectField
        label={t('field.node')}
        {...text('node')}
        choices={nodes.map((node) => ({ value: node, text: node }))}
      />
      <NumberField label={t('wizard.id')} hint={t('wizard.id_hint')} {...text('vmid')} />
      <TextField
        label={kind === 'lxc' ? t('field.hostname') : t('field.name')}
        hint={t(kind === 'lxc' ? 'wizard.name_needed' : 'options.name_hint')}
        {...text('name', name_field(kind))}
      />
      <TextField label={t('field.tags')} hint={t('options.tags_hint')} {...text('tags')} />
      <CheckField label={t('wizard.start')} {...check('start')} />
      <CheckField label={t('options.onboot')} {...check('onboot')} />
    </div>
  );
}
