import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useState } from 'react';
import { get_config, guest_key, power } from '../api/guests';
import type { GuestRef, Resource } from '../api/types';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Empty, Loading } from '../kit/notice';
import { use_action } from '../state/action';
import { ask_terminal } from './connect';

const VncConsole = lazy(() => import('./vnc'));
const TerminalConsole = lazy(() => import('./terminal'));

type Screen = 'vnc' | 'terminal';

export function ConsoleView({ guest, row }: { guest: GuestRef; row: Resource }) {
  const t = use_t();
  const { busy, run } = use_action();
  const [wanted, set_wanted] = useState<Screen>();
  const { kind, vmid, node } = guest;
  const link = useCallback(() => ask_terminal({ kind, vmid, node }), [kind, vmid, node]);
  const config = useQuery({
    queryKey: [...guest_key(guest), 'config'],
    queryFn: () => get_config(guest),
  });
  if (row.status !== 'running') {
    return (
      <Empty icon="terminal">
        <div className="stack">
          <p>{t('console.off')}</p>
          <p>
            <Button
              variant="primary"
              icon="play"
              busy={busy}
              onClick={() => void run(() => power(guest, 'start'))}
            >
              {t('power.start')}
            </Button>
          </p>
        </div>
      </Empty>
    );
  }
  if (config.isPending) return <Loading />;
  const serial = guest.kind === 'lxc' || config.data?.serial0 !== undefined;
  const screenless = guest.kind === 'lxc' || /^serial/.test(String(config.data?.vga ?? ''));
  const screen: Screen = screenless ? 'terminal' : (wanted ?? 'vnc');
  const both = serial && !screenless;
  const switcher = both ? (
    <div className="row" role="group" aria-label={t('console.which')}>
      {(['vnc', 'terminal'] as const).map((one) => (
        <button
          key={one}
          type="button"
          className={one === screen ? 'button small primary' : 'button small'}
          aria-pressed={one === screen}
          onClick={() => set_wanted(one)}
        >
          {t(`console.${one}`)}
        </button>
      ))}
    </div>
  ) : (
    <b>{t(`console.${screen}`)}</b>
  );
  return (
    <Suspense fallback={<Loading />}>
      {screen === 'vnc' ? (
        <VncConsole guest={guest} switcher={switcher} />
      ) : (
        <TerminalConsole ask={link} switcher={switcher} />
      )}
    </Suspense>
  );
}
