import { useQuery } from '@tanstack/react-query';
import { node_tasks } from '../../api/tasks';
import type { Task } from '../../api/types';
import { guest_key } from '../../api/guests';
import { use_t } from '../../i18n';
import { Card } from '../../kit/card';
import { Failure } from '../../kit/notice';
import { TaskTable } from '../../shell/task-table';
import { use_tasks } from '../../state/resources';
import type { GuestProps } from './page';

// Newest first: what the stream knows of now, then the node's archive.
export function merge_tasks(live: Task[], archive: Task[]): Task[] {
  const known = new Map([...archive, ...live].map((task) => [task.upid, task]));
  return [...known.values()].sort((a, b) => b.starttime - a.starttime);
}

export function GuestTasks({ guest }: GuestProps) {
  const t = use_t();
  const id = String(guest.vmid);
  const live = use_tasks().filter((task) => task.id === id && task.node === guest.node);
  const archive = useQuery({
    queryKey: [...guest_key(guest), 'tasks'],
    queryFn: () => node_tasks(guest.node, { vmid: guest.vmid, limit: 200 }),
  });
  return (
    <Card title={t('view.tasks')} flush>
      {archive.isError && <Failure error={archive.error} />}
      <TaskTable tasks={merge_tasks(live, archive.data ?? [])} label={t('view.tasks')} />
    </Card>
  );
}
