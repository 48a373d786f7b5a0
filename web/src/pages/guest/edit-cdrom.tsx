import { useState } from 'react';
import { use_t } from '../../i18n';
import { SelectField } from '../../kit/field';
import { free_key, parse_props } from '../../state/props';
import { EditDialog, type EditProps } from './edit-dialog';
import { StoragePicker, VolumePicker } from './pickers';
import { planned } from './use-config';

export function CdromDialog({
  guest,
  settings,
  change,
  onClose,
  edited,
}: EditProps & {
  edited?: string;
}) {
  const t = use_t();
  const now = edited ? (parse_props(planned(settings, edited)).bare ?? '') : '';
  const inserted = now && now !== 'none' && now !== 'cdrom';
  const [what, set_what] = useState(inserted || !edited ? 'iso' : 'none');
  const [storage, set_storage] = useState(inserted ? (now.split(':')[0] ?? '') : '');
  const [iso, set_iso] = useState(inserted ? now : '');
  const key = edited ?? free_key('ide', settings.entries.keys());
  const value = what === 'iso' ? iso : 'none';
  return (
    <EditDialog
      title={t('hardware.cdrom')}
      ready={!!key && value !== ''}
      onClose={onClose}
      save={() => change({ [key!]: `${value},media=cdrom` })}
    >
      {(errors) => (
        <>
          <SelectField
            label={t('hardware.medium')}
            value={what}
            onChange={set_what}
            choices={[
              { value: 'iso', text: t('hardware.iso') },
              { value: 'none', text: t('hardware.no_medium') },
            ]}
          />
          {what === 'iso' && (
            <div className="form">
              <StoragePicker
                node={guest.node}
                content="iso"
                value={storage}
                onChange={(next) => {
                  set_storage(next);
                  if (next !== iso.split(':')[0]) set_iso('');
                }}
              />
              <VolumePicker
                node={guest.node}
                storage={storage}
                content="iso"
                label={t('hardware.iso')}
                value={iso}
                none={t('wizard.choose')}
                error={key ? errors[key] : undefined}
                onChange={set_iso}
              />
            </div>
          )}
        </>
      )}
    </EditDialog>
  );
}
