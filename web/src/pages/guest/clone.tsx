// A copy of a guest, or its change into a template that copies are made from.
import { useState } from 'react';
import { clone_guest, make_template } from '../../api/guests';
import { note_task } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Confirm } from '../../kit/confirm';
import { SelectField, TextField } from '../../kit/field';
import { name_field } from '../../wizard/general';
import { NumberField, use_new_id } from '../../wizard/number';
import { id_problems, name_problems } from '../../wizard/problems';
import { EditDialog } from './edit-dialog';
import type { GuestProps } from './page';
import { StoragePicker } from './pickers';

type Props = GuestProps & { onClose: () => void };

export function CloneDialog({ guest, row, onClose }: Props) {
  const t = use_t();
  const { vmid, set_vmid } = use_new_id();
  const [name, set_name] = useState('');
  const [mode, set_mode] = useState(row.template ? 'linked' : 'full');
  const [storage, set_storage] = useState('');
  const id_problem = id_problems('newid', vmid, t)[0];
  const name_problem = name_problems('name', name, false, t)[0];
  const full = mode === 'full';
  const save = async () =>
    note_task(
      await clone_guest(guest, {
        newid: Number(vmid),
        name: name || undefined,
        full,
        storage: full ? storage : undefined,
      }),
    );
  return (
    <EditDialog
      title={t('clone.title', { name: `${guest.vmid} ${row.name ?? ''}` })}
      action={t('clone.do')}
      ready={!id_problem && !name_problem && (!full || storage !== '')}
      onClose={onClose}
      save={save}
    >
      {(errors) => (
        <div className="form">
          <NumberField
            label={t('wizard.id')}
            name="newid"
            value={vmid}
            error={errors.newid ?? (id_problem?.missing ? undefined : id_problem?.text)}
            onChange={set_vmid}
          />
          <TextField
            label={guest.kind === 'lxc' ? t('field.hostname') : t('field.name')}
            name="name"
            hint={t('options.name_hint')}
            value={name}
            error={errors[name_field(guest.kind)] ?? name_problem?.text}
            onChange={set_name}
          />
          {row.template === 1 && (
            <SelectField
              label={t('clone.mode')}
              hint={t(full ? 'clone.full_hint' : 'clone.linked_hint')}
              value={mode}
              error={errors.full}
              onChange={set_mode}
              choices={[
                { value: 'linked', text: t('clone.linked') },
                { value: 'full', text: t('clone.full') },
              ]}
            />
          )}
          {full && (
            <StoragePicker
              node={guest.node}
              content={guest.kind === 'qemu' ? 'images' : 'rootdir'}
              label={t('clone.storage')}
              value={storage}
              error={errors.storage}
              onChange={set_storage}
            />
          )}
        </div>
      )}
    </EditDialog>
  );
}

export function TemplateDialog({ guest, row, onClose }: Props) {
  const t = use_t();
  return (
    <Confirm
      title={t('template.title', { name: `${guest.vmid} ${row.name ?? ''}` })}
      action={t('template.do')}
      danger
      onClose={onClose}
      onConfirm={async () => note_task(await make_template(guest))}
    >
      <p>{t('template.text')}</p>
    </Confirm>
  );
}
