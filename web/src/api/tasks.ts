// Work that goes on after its call has answered: read its UPID, follow it, stop it.
import { apply_tasks, peek_task, snapshots, task_ended } from '../state/resources';
import { ask, ask_whole, type Answer, type Work } from './client';
import type { LogLine, Task, TaskStatus } from './types';

export function parse_upid(upid: string): Task | undefined {
  const parts = upid.split(':');
  const [mark, node, , , start, type, id, user] = parts;
  if (mark !== 'UPID' || !node || !start || !type || !user) return undefined;
  return { upid, node, type, id, user, starttime: parseInt(start, 16) };
}

// Shows the task in the list at once, before the stream tells of it.
export function note_task(upid: unknown): Task | undefined {
  const task = typeof upid === 'string' ? parse_upid(upid) : undefined;
  if (task) apply_tasks([task]);
  return task;
}

export const is_running = (task: Task) => !task.endtime;
export const has_failed = (task: Task) =>
  !!task.endtime && task.status !== 'OK' && !task.status?.startsWith('WARNINGS');

const at = ({ node, upid }: Task) => ({ node, upid });

export const task_status = (task: Task): Promise<TaskStatus> =>
  ask('GET /nodes/{node}/tasks/{upid}/status', at(task));
export const stop_task = (task: Task): Work => ask('DELETE /nodes/{node}/tasks/{upid}', at(task));
export const task_log = (task: Task, start: number): Promise<Answer<LogLine[]>> =>
  ask_whole('GET /nodes/{node}/tasks/{upid}/log', { ...at(task), start, limit: 500 });

interface TaskFilter {
  vmid?: number;
  limit: number;
  errors?: boolean;
}
// Running and ended ones, newest first.
export const node_tasks = (node: string, filter: TaskFilter): Promise<Task[]> =>
  ask('GET /nodes/{node}/tasks', { node, source: 'all', ...filter });

// Ends when the task ends; throws the task's own last words when it failed.
export async function follow(upid: unknown): Promise<void> {
  const task = note_task(upid);
  if (!task) return;
  // The stream may have told of the end before the call had answered.
  const known = peek_task(task.upid);
  const ended = known?.endtime ? known : await end_of(task);
  if (has_failed(ended)) throw new Error(ended.status ?? 'unexpected status');
}

function end_of(task: Task): Promise<Task> {
  return new Promise<Task>((resolve) => {
    const finish = (last: Task) => {
      stop_listening.forEach((stop) => stop());
      resolve(last);
    };
    const heard = () => {
      const last = task_ended.get();
      if (last?.upid === task.upid) finish(last);
    };
    // The stream may miss the end of a task while it is cut off; the task itself does not.
    const check = async () => {
      const now = await task_status(task).catch(() => undefined);
      if (now?.status !== 'stopped') return;
      const last = { ...task, endtime: Math.floor(Date.now() / 1000), status: now.exitstatus };
      apply_tasks([last]);
      finish(last);
    };
    const stop_listening = [task_ended.subscribe(heard), snapshots.subscribe(() => void check())];
  });
}
