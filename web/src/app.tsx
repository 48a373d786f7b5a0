import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { start_events } from './api/events';
import { session } from './api/session';
import { Loading } from './kit/notice';
import { Toasts } from './kit/toast';
import { SignIn } from './pages/signin';
import { queries } from './state/action';
import { clear_all } from './state/resources';
import { use_store } from './state/store';

const Shell = lazy(() => import('./shell/shell').then((m) => ({ default: m.Shell })));

export function App() {
  const { user, expired } = use_store(session);
  useEffect(() => {
    if (!user) return undefined;
    const stop = start_events();
    return () => {
      stop();
      clear_all();
      queries.clear();
    };
  }, [user]);
  return (
    <QueryClientProvider client={queries}>
      {user ? (
        <Suspense fallback={<Loading />}>
          <Shell />
        </Suspense>
      ) : (
        <SignIn expired={expired} />
      )}
      <Toasts />
    </QueryClientProvider>
  );
}
