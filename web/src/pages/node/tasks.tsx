import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card } from '../../kit/card';
import { CheckField } from '../../kit/field';
import { Failure } from '../../kit/notice';
import { TaskTable } from '../../shell/task-table';
import { use_tasks } from '../../state/resources';
import { merge_tasks } from '../guest/tasks';
import { has_failed, node_tasks } from '../../api/tasks';

const page_size = 100;

export function NodeTasks({ node }: { node: string }) {
  const t = use_t();
  const [errors, set_errors] = useState(false);
  const [limit, set_limit] = useState(page_size);
  const live = use_tasks().filter((task) => task.node === node && (!errors || has_failed(task)));
  const archive = useQuery({
    queryKey: ['node', node, 'tasks', errors, limit],
    queryFn: () => node_tasks(node, { limit, errors }),
  });
  const full = (archive.data?.length ?? 0) >= limit;
  return (
    <Card
      title={t('view.tasks')}
      flush
      tools={<CheckField label={t('task.only_errors')} checked={errors} onChange={set_errors} />}
    >
      {archive.isError && <Failure error={archive.error} />}
      <TaskTable tasks={merge_tasks(live, archive.data ?? [])} label={t('view.tasks')} />
      {full && (
        <div className="body">
          <Button onClick={() => set_limit(limit + page_size)}>{t('action.more')}</Button>
        </div>
      )}
    </Card>
  );
}
