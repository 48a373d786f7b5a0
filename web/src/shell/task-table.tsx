import { useMemo } from 'react';
import { has_failed } from '../api/tasks';
import type { Task } from '../api/types';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Empty } from '../kit/notice';
import { Table, type Column } from '../kit/table';
import { format_duration, short_time } from '../state/format';
import { open_task } from './task-viewer';
import { TaskState, task_text } from './task-text';

export function TaskTable({ tasks, label }: { tasks: Task[]; label: string }) {
  const t = use_t();
  const columns = useMemo<Column<Task>[]>(
    () => [
      {
        id: 'start',
        head: t('task.start'),
        cell: (task) => short_time(task.starttime),
        sort: (task) => task.starttime,
        fit: 'fixed',
      },
      {
        id: 'what',
        head: t('task.what'),
        cell: (task) => (
          <Button small variant="ghost" onClick={() => open_task(task)}>
            {task_text(task)}
          </Button>
        ),
        sort: task_text,
      },
      {
        id: 'node',
        head: t('field.node'),
        cell: (task) => task.node,
        sort: (task) => task.node,
        fit: 'wide',
      },
      {
        id: 'user',
        head: t('field.user'),
        cell: (task) => task.user,
        sort: (task) => task.user,
        fit: 'wide',
      },
      {
        id: 'took',
        head: t('task.took'),
        cell: (task) => format_duration(task.endtime ? task.endtime - task.starttime : undefined),
        sort: (task) => (task.endtime ?? 0) - task.starttime,
        number: true,
        fit: 'wide',
      },
      {
        id: 'status',
        head: t('field.status'),
        cell: (task) => <TaskState task={task} />,
        sort: (task) => task.status ?? '',
        width: '34%',
        fit: 'rest',
      },
    ],
    [t],
  );
  return (
    <Table
      label={label}
      columns={columns}
      rows={tasks}
      row_key={(task) => task.upid}
      onOpen={open_task}
      row_class={(task) => (has_failed(task) ? 'failed' : undefined)}
      empty={<Empty icon="list">{t('task.none')}</Empty>}
    />
  );
}
