// A console that fills its window: a guest's, or the shell of a node.
import { lazy, Suspense, useEffect } from 'react';
import type { Kind, Resource } from '../api/types';
import { use_t } from '../i18n';
import { Loading } from '../kit/notice';
import { name_of } from '../shell/status';
import { ConsoleView } from './page';

const NodeShell = lazy(() => import('../pages/node/shell'));

export function ConsoleWindow({ row }: { row: Resource }) {
  const t = use_t();
  const name = name_of(row);
  const title = t('console.window_title', { name });
  useEffect(() => {
    document.title = title;
  }, [title]);
  const node = row.node ?? '';
  return (
    <main className="console-window" id="main">
      <h1 className="visually-hidden">{title}</h1>
      <Suspense fallback={<Loading />}>
        {row.type === 'node' ? (
          <NodeShell node={node} />
        ) : (
          <ConsoleView guest={{ kind: row.type as Kind, vmid: row.vmid ?? 0, node }} row={row} />
        )}
      </Suspense>
    </main>
  );
}
