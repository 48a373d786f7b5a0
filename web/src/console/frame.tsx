// What every console has around it: its bar, and a word over the screen while it is not there.
import { useRef, type ReactNode } from 'react';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Failure } from '../kit/notice';
import { go, link_to, use_place } from '../state/route';
import type { Phase } from './connect';

interface Props {
  phase: Phase;
  bar: ReactNode;
  terminal?: boolean;
  onRetry: () => void;
  children: ReactNode;
}

export function ConsoleFrame({ phase, bar, terminal, onRetry, children }: Props) {
  const t = use_t();
  const frame = useRef<HTMLDivElement>(null);
  const place = use_place();
  const path = `/${place.area}/${place.id}`;
  // A serial port has one reader: the console goes over to its window.
  const open_window = () => {
    const name = `console${path.replaceAll('/', '-')}`;
    if (window.open(link_to(`${path}/${place.view}/alone`), name, 'popup,width=1024,height=800'))
      go(`${path}/summary`);
  };
  return (
    <div className="console" ref={frame} data-phase={phase.name}>
      <div className="console-bar">
        {bar}
        {!place.alone && (
          <Button small icon="window" name={t('console.window')} onClick={open_window} />
        )}
        <Button
          small
          icon="expand"
          name={t('console.full')}
          onClick={() => void frame.current?.requestFullscreen()}
        />
      </div>
      <div className={terminal ? 'console-screen terminal' : 'console-screen'}>
        {children}
        {phase.name !== 'open' && (
          <div className="console-over">
            <div className="card">
              <div className="body stack">
                {phase.name === 'connecting' && (
                  <span className="row" role="status">
                    <span className="spinner" />
                    {t('console.connecting')}
                  </span>
                )}
                {phase.name === 'closed' && (
                  <>
                    <p role="status">{t('console.closed')}</p>
                    <Button variant="primary" icon="restart" onClick={onRetry}>
                      {t('console.again')}
                    </Button>
                  </>
                )}
                {phase.name === 'failed' && <Failure error={phase.error} onRetry={onRetry} />}
              </div>
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
