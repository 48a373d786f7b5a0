// One action for many guests at once. Each guest gets its own task, so each can be followed and
// stopped alone; what the server refuses is said by guest.
import { useState } from 'react';
import { power } from '../../api/guests';
import { note_task } from '../../api/tasks';
import type { Kind, Resource } from '../../api/types';
import { explain, use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Confirm } from '../../kit/confirm';
import { Notice } from '../../kit/notice';
import { toast_good } from '../../kit/toast';
import { name_of } from '../../shell/status';

type Action = 'start' | 'shutdown' | 'stop';

const applies = (action: Action, row: Resource) =>
  action === 'start' ? row.status === 'stopped' && !row.template : row.status === 'running';

const ref_of = (row: Resource) => ({
  kind: row.type as Kind,
  vmid: row.vmid ?? 0,
  node: row.node ?? '',
});

export function BulkBar({ rows, onClear }: { rows: Resource[]; onClear: () => void }) {
  const t = use_t();
  const [asked, set_asked] = useState<Action>();
  const [refused, set_refused] = useState<string[]>([]);
  if (rows.length === 0 && refused.length === 0) return null;
  const fit = (action: Action) => rows.filter((row) => applies(action, row));
  const run = async (action: Action) => {
    const chosen = fit(action);
    const answers = await Promise.allSettled(
      chosen.map(async (row) => note_task(await power(ref_of(row), action))),
    );
    const failed = answers.flatMap((answer, at) => {
      if (answer.status === 'fulfilled') return [];
      const { what, next } = explain(answer.reason);
      return [`${name_of(chosen[at]!)}: ${what} ${next}`];
    });
    set_refused(failed);
    const count = chosen.length - failed.length;
    if (count > 0) toast_good(t('bulk.begun', { count }));
    onClear();
  };
  return (
    <div className="body stack" role="region" aria-label={t('bulk.label')}>
      {rows.length > 0 && (
        <div className="row wrap">
          <b role="status">{t('bulk.selected', { count: rows.length })}</b>
          <Button
            small
            icon="play"
            disabled={fit('start').length === 0}
            onClick={() => set_asked('start')}
          >
            {t('power.start')}
          </Button>
          <Button
            small
            icon="power"
            disabled={fit('shutdown').length === 0}
            onClick={() => set_asked('shutdown')}
          >
            {t('power.shutdown')}
          </Button>
          <Button
            small
            variant="danger"
            icon="stop"
            disabled={fit('stop').length === 0}
            onClick={() => set_asked('stop')}
          >
            {t('power.stop')}
          </Button>
          <Button small variant="ghost" icon="cross" onClick={onClear}>
            {t('bulk.clear')}
          </Button>
        </div>
      )}
      {refused.length > 0 && (
        <Notice tone="bad">
          {refused.map((line) => (
            <div key={line}>{line}</div>
          ))}
          <Button small onClick={() => set_refused([])}>
            {t('action.close')}
          </Button>
        </Notice>
      )}
      {asked && (
        <Confirm
          title={t(`bulk.${asked}_title`, { count: fit(asked).length })}
          action={t(`power.${asked}`)}
          danger={asked === 'stop'}
          onClose={() => set_asked(undefined)}
          onConfirm={() => run(asked)}
        >
          {asked !== 'start' && <p>{t(`power.${asked}_text`)}</p>}
          <ul className="plain scroll">
            {fit(asked).map((row) => (
              <li key={row.id}>{name_of(row)}</li>
            ))}
          </ul>
        </Confirm>
      )}
    </div>
  );
}
