// A modal dialog on the browser's own <dialog>: it traps focus, closes on Escape and gives the
// focus back to where it was.
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from './button';

interface Props {
  title: string;
  wide?: boolean;
  onClose: () => void;
  onSubmit?: () => void;
  foot?: ReactNode;
  bodyClass?: string;
  children: ReactNode;
}

export function Dialog({ title, wide, onClose, onSubmit, foot, bodyClass, children }: Props) {
  const t = use_t();
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement as HTMLElement | null;
    if (dialog && !dialog.open) dialog.showModal();
    const first = dialog?.querySelector<HTMLElement>(
      '[data-first-focus], .dialog-body input:not([type=hidden]):not(:disabled), .dialog-body select',
    );
    first?.focus();
    return () => {
      dialog?.close();
      before?.focus?.();
    };
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  const inside = (
    <>
      <div className={`dialog-body ${bodyClass ?? ''}`}>{children}</div>
      {foot && <div className="dialog-foot">{foot}</div>}
    </>
  );
  return (
    <dialog
      ref={element}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <Button variant="ghost" icon="cross" name={t('action.close')} onClick={onClose} />
      </header>
      {onSubmit ? (
        <form onSubmit={submit} noValidate className="dialog-form">
          {inside}
        </form>
      ) : (
        inside
      )}
    </dialog>
  );
}
