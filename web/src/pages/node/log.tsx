import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { node_journal } from '../../api/machine';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { Failure, Loading } from '../../kit/notice';

const steps = 500;

export function NodeLog({ node }: { node: string }) {
  const t = use_t();
  const [count, set_count] = useState(steps);
  const [text, set_text] = useState('');
  const query = useQuery({
    queryKey: ['node', node, 'journal', count],
    queryFn: () => node_journal(node, count),
    placeholderData: (before) => before,
  });
  const box = useRef<HTMLPreElement>(null);
  const newest = query.data?.at(-1);
  useEffect(() => {
    box.current?.scrollTo(0, box.current.scrollHeight);
  }, [newest]);
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const needle = text.toLowerCase();
  const lines = query.data.filter((line) => line.toLowerCase().includes(needle));
  return (
    <Card
      title={t('view.log')}
      flush
      tools={
        <>
          <input
            className="input"
            type="search"
            aria-label={t('tree.filter')}
            placeholder={t('tree.filter')}
            value={text}
            onChange={(event) => set_text(event.target.value)}
          />
          {query.data.length >= count && (
            <Button small busy={query.isFetching} onClick={() => set_count(count + steps)}>
              {t('action.more')}
            </Button>
          )}
          <Button small icon="restart" busy={query.isFetching} onClick={() => void query.refetch()}>
            {t('action.refresh')}
          </Button>
        </>
      }
    >
      <pre className="log tall" ref={box} tabIndex={0} role="log" aria-label={t('view.log')}>
        {lines.join('\n') || t(needle ? 'search.none' : 'log.empty')}
      </pre>
    </Card>
  );
}
