import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  drop_snapshot,
  guest_key,
  list_snapshots,
  roll_back,
  take_snapshot,
} from '../../api/guests';
import { note_task } from '../../api/tasks';
import type { Snapshot } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Confirm } from '../../kit/confirm';
import { Dialog } from '../../kit/dialog';
import { CheckField, TextField } from '../../kit/field';
import { Empty, Failure, Loading } from '../../kit/notice';
import { Table } from '../../kit/table';
import { use_form_action } from '../../state/action';
import { format_time } from '../../state/format';
import type { GuestProps } from './page';

export function Snapshots({ guest, row }: GuestProps) {
  const t = use_t();
  const [taking, set_taking] = useState(false);
  const [asked, set_asked] = useState<{ what: 'rollback' | 'delete'; name: string }>();
  const query = useQuery({
    queryKey: [...guest_key(guest), 'snapshots'],
    queryFn: () => list_snapshots(guest),
    retry: false,
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const list = query.data.filter((one) => one.name !== 'current');
  return (
    <Card
      title={t('view.snapshots')}
      flush
      tools={
        <Button small variant="primary" icon="camera" onClick={() => set_taking(true)}>
          {t('snapshot.take')}
        </Button>
      }
    >
      <Table<Snapshot>
        label={t('view.snapshots')}
        rows={list}
        row_key={(one) => one.name}
        empty={<Empty icon="camera">{t('snapshot.none')}</Empty>}
        columns={[
          { id: 'name', head: t('field.name'), cell: (one) => <b>{one.name}</b> },
          { id: 'time', head: t('field.created'), cell: (one) => format_time(one.snaptime) },
          {
            id: 'ram',
            head: t('snapshot.ram'),
            cell: (one) => (one.vmstate ? t('state.yes') : t('state.no')),
          },
          { id: 'text', head: t('field.comment'), cell: (one) => one.description },
          {
            id: 'actions',
            head: t('field.actions'),
            actions: true,
            cell: (one) => (
              <>
                <Button
                  small
                  icon="undo"
                  onClick={() => set_asked({ what: 'rollback', name: one.name })}
                >
                  {t('snapshot.rollback')}
                </Button>{' '}
                <Button
                  small
                  variant="danger"
                  icon="trash"
                  name={t('action.delete_named', { name: one.name })}
                  onClick={() => set_asked({ what: 'delete', name: one.name })}
                />
              </>
            ),
          },
        ]}
      />
      {taking && <TakeDialog guest={guest} row={row} onClose={() => set_taking(false)} />}
      {asked && (
        <Confirm
          title={t(`snapshot.${asked.what}_title`, { name: asked.name })}
          action={asked.what === 'rollback' ? t('snapshot.rollback') : t('action.delete')}
          danger
          onClose={() => set_asked(undefined)}
          onConfirm={async () =>
            note_task(
              await (asked.what === 'rollback'
                ? roll_back(guest, asked.name)
                : drop_snapshot(guest, asked.name)),
            )
          }
        >
          <p>{t(`snapshot.${asked.what}_text`)}</p>
        </Confirm>
      )}
    </Card>
  );
}

function TakeDialog({ guest, row, onClose }: GuestProps & { onClose: () => void }) {
  const t = use_t();
  const [name, set_name] = useState('');
  const [text, set_text] = useState('');
  const [ram, set_ram] = useState(false);
  const { busy, error, errors, submit } = use_form_action();
  const send = async () => {
    const ok = await submit(async () => {
      const params = { snapname: name.trim(), description: text || undefined };
      note_task(await take_snapshot(guest, params, ram));
    });
    if (ok) onClose();
  };
  return (
    <Dialog
      title={t('snapshot.take')}
      onClose={onClose}
      onSubmit={() => void send()}
      foot={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
            {t('snapshot.take')}
          </Button>
        </>
      }
    >
      <TextField
        label={t('field.name')}
        hint={t('snapshot.name_hint')}
        error={errors.snapname}
        value={name}
        onChange={set_name}
      />
      <TextField label={t('field.comment')} rows={2} value={text} onChange={set_text} />
      {guest.kind === 'qemu' && (
        <CheckField
          label={t('snapshot.with_ram')}
          hint={t('snapshot.with_ram_hint')}
          checked={ram}
          disabled={row.status !== 'running'}
          onChange={set_ram}
        />
      )}
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
