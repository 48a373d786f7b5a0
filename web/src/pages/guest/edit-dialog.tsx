// The frame of every small settings dialog: fields, the server's answer, save and cancel.
import type { ReactNode } from 'react';
import type { GuestRef } from '../../api/types';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Dialog } from '../../kit/dialog';
import { Failure } from '../../kit/notice';
import { use_form_action } from '../../state/action';
import type { Change, Settings } from './use-config';

export interface EditProps {
  guest: GuestRef;
  settings: Settings;
  change: Change;
  onClose: () => void;
}

interface Props {
  title: string;
  action?: string;
  ready?: boolean;
  save: () => Promise<unknown>;
  onClose: () => void;
  children: (errors: Record<string, string>) => ReactNode;
}

export function EditDialog({ title, action, ready = true, save, onClose, children }: Props) {
  const t = use_t();
  const { busy, error, errors, submit } = use_form_action();
  const send = async () => {
    if (ready && (await submit(save))) onClose();
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={() => void send()}
      foot={
        <>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!ready}>
            {action ?? t('action.save')}
          </Button>
        </>
      }
    >
      {children(errors)}
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
