// Asks before something that cannot be taken back; the typed form asks for the name as well.
import { useState, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from './button';
import { Dialog } from './dialog';
import { TextField } from './field';
import { Failure } from './notice';

interface Props {
  title: string;
  children: ReactNode;
  action: string;
  danger?: boolean;
  // The text that has to be typed before the button works.
  typed?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function Confirm({ title, children, action, danger, typed, onConfirm, onClose }: Props) {
  const t = use_t();
  const [text, set_text] = useState('');
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<unknown>();
  const submit = async () => {
    if (typed !== undefined && text.trim() !== typed) return;
    set_busy(true);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      set_error(failure);
      set_busy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={() => void submit()}
      foot={
        <>
          <Button onClick={onClose} data-first-focus={typed === undefined || undefined}>
            {t('action.cancel')}
          </Button>
          <Button
            type="submit"
            variant={danger ? 'danger solid' : 'primary'}
            busy={busy}
            disabled={typed !== undefined && text.trim() !== typed}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <TextField
          label={t('confirm.type', { text: typed })}
          value={text}
          onChange={set_text}
          autoComplete="off"
        />
      )}
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
