// Short messages at the corner. Errors stay until closed; the rest leaves by itself.
import { explain, use_t } from '../i18n';
import { create_store, use_store } from '../state/store';
import { Button } from './button';
import { Icon } from './icon';

interface Toast {
  id: number;
  kind: 'good' | 'bad' | 'plain';
  what: string;
  next?: string;
  request?: string;
}

const toasts = create_store<Toast[]>([]);
let last = 0;
const shown_ms = 6_000;

const drop = (id: number) => toasts.set(toasts.get().filter((toast) => toast.id !== id));

function add(toast: Omit<Toast, 'id'>): void {
  const id = ++last;
  const rest = toasts.get().filter((one) => one.what !== toast.what);
  toasts.set([...rest, { ...toast, id }].slice(-4));
  if (toast.kind !== 'bad') setTimeout(() => drop(id), shown_ms);
}

export const toast_good = (what: string) => add({ kind: 'good', what });
export const toast_error = (error: unknown) => add({ kind: 'bad', ...explain(error) });

export function Toasts() {
  const t = use_t();
  return (
    <div className="toasts">
      <div role="status" className="stack">
        {use_store(toasts).map((toast) => (
          <div
            key={toast.id}
            className={`toast ${toast.kind}`}
            role={toast.kind === 'bad' ? 'alert' : undefined}
          >
            <Icon name={toast.kind === 'bad' ? 'warning' : 'check'} />
            <div className="grow">
              <div className="what pre">{toast.what}</div>
              {toast.next && <div className="muted pre">{toast.next}</div>}
              {toast.request && (
                <div className="muted mono">{t('error.request', { id: toast.request })}</div>
              )}
            </div>
            <Button
              small
              variant="ghost"
              icon="cross"
              name={t('action.close')}
              onClick={() => drop(toast.id)}
            />
          </div>
        ))}
      </div>
    </div>
  );
}
