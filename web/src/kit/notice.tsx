import type { ReactNode } from 'react';
import type { ApiError } from '../api/client';
import { explain, use_t } from '../i18n';
import { Button } from './button';
import { Icon, type IconName } from './icon';

type Tone = 'plain' | 'bad' | 'warn' | 'good';

export function Notice({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  const icon = tone === 'plain' ? 'info' : tone === 'good' ? 'check' : 'warning';
  return (
    <div className={`notice ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={icon} />
      <div className="grow">{children}</div>
    </div>
  );
}

// What failed, what to do next, and the button that does it.
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = use_t();
  const { what, next, request } = explain(error);
  // Also here, for the fields that the form in view does not have.
  const fields = Object.entries((error as Partial<ApiError>).errors ?? {});
  return (
    <Notice tone="bad">
      <div className="what pre">{what}</div>
      {fields.map(([name, text]) => (
        <div key={name} className="pre">
          <b>{name}</b>: {text}
        </div>
      ))}
      <div className="pre">{next}</div>
      {request && <div className="muted mono">{t('error.request', { id: request })}</div>}
      {onRetry && (
        <p>
          <Button small icon="restart" onClick={onRetry}>
            {t('action.retry')}
          </Button>
        </p>
      )}
    </Notice>
  );
}

export function Empty({ icon, children }: { icon: IconName; children: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function Loading() {
  const t = use_t();
  return (
    <div className="empty" role="status">
      <span className="spinner" />
      {t('state.loading')}
    </div>
  );
}
