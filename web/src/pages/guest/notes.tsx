// Notes are shown as the text they are: nothing in them is run or followed.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change_config, guest_key, type Config } from '../../api/guests';
import type { GuestRef } from '../../api/types';
import { follow } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { TextField } from '../../kit/field';
import { Failure } from '../../kit/notice';
import { use_form_action } from '../../state/action';

interface Props {
  guest: GuestRef;
  config: Config | undefined;
}

export function Notes({ guest, config }: Props) {
  const t = use_t();
  const client = useQueryClient();
  const [draft, set_draft] = useState<string>();
  const { busy, error, submit } = use_form_action();
  const text = String(config?.description ?? '');
  const save = () =>
    submit(async () => {
      const digest = config?.digest ?? '';
      await follow(
        await change_config(
          guest,
          draft ? { description: draft, digest } : { delete: 'description', digest },
        ),
      );
      await client.invalidateQueries({ queryKey: guest_key(guest) });
      set_draft(undefined);
    });
  if (draft === undefined) {
    return (
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <p className={text ? 'pre grow' : 'muted grow'}>{text || t('guest.no_notes')}</p>
        <Button small icon="edit" disabled={!config} onClick={() => set_draft(text)}>
          {t('action.edit')}
        </Button>
      </div>
    );
  }
  return (
    <div className="stack">
      <TextField label={t('guest.notes')} rows={5} value={draft} onChange={set_draft} />
      {error !== undefined && <Failure error={error} />}
      <div className="row">
        <Button variant="primary" busy={busy} onClick={() => void save()}>
          {t('action.save')}
        </Button>
        <Button onClick={() => set_draft(undefined)}>{t('action.cancel')}</Button>
      </div>
    </div>
  );
}
