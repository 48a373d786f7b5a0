// One task: its state, progress and log as it grows; a running one can be stopped.
import { useEffect, useRef, useState } from 'react';
import { is_running, stop_task, task_log } from '../api/tasks';
import type { LogLine, Task } from '../api/types';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { Facts } from '../kit/card';
import { Dialog } from '../kit/dialog';
import { Bar } from '../kit/meter';
import { Failure } from '../kit/notice';
import { use_action } from '../state/action';
import { format_duration, format_time } from '../state/format';
import { use_task } from '../state/resources';
import { create_store, use_store } from '../state/store';
import { TaskState, task_text } from './task-text';

const opened = create_store<Task | undefined>(undefined);
export const open_task = (task: Task) => opened.set(task);

export function TaskViewer() {
  const task = use_store(opened);
  return task ? <Viewer key={task.upid} first={task} /> : null;
}

// Reads on whenever the stream tells of more lines or of the end; without the stream, whenever
// anything is heard of the task.
function use_log(task: Task) {
  const [lines, set_lines] = useState<LogLine[]>([]);
  const [error, set_error] = useState<unknown>();
  const seen = useRef(0);
  const first = useRef(task).current;
  const news = is_running(task) ? (task.lines ?? task) : 'ended';
  useEffect(() => {
    let stopped = false;
    const read = async () => {
      try {
        for (;;) {
          const { data } = await task_log(first, seen.current);
          if (stopped) return;
          const real = data.filter((line) => line.n > seen.current && line.t !== 'no content');
          set_error(undefined);
          if (real.length === 0) return;
          seen.current = real[real.length - 1]!.n;
          set_lines((before) => [...before, ...real]);
        }
      } catch (failure) {
        if (!stopped) set_error(failure);
      }
    };
    void read();
    return () => {
      stopped = true;
    };
  }, [first, news]);
  return { lines, error };
}

function Viewer({ first }: { first: Task }) {
  const t = use_t();
  const task = use_task(first.upid) ?? first;
  const running = is_running(task);
  const { lines, error } = use_log(task);
  const { busy, run } = use_action();
  const log = useRef<HTMLPreElement>(null);
  const [now, set_now] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => set_now(Date.now() / 1000), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  useEffect(() => {
    log.current?.scrollTo(0, log.current.scrollHeight);
  }, [lines]);
  const close = () => opened.set(undefined);
  return (
    <Dialog
      wide
      title={task_text(task)}
      onClose={close}
      foot={
        <>
          {running && (
            <Button
              variant="danger"
              icon="stop"
              busy={busy}
              onClick={() => void run(() => stop_task(task))}
            >
              {t('task.stop')}
            </Button>
          )}
          <Button variant="primary" onClick={close} data-first-focus>
            {t('action.close')}
          </Button>
        </>
      }
    >
      <Facts
        rows={[
          [t('field.status'), <TaskState key="state" task={task} />],
          [t('task.start'), format_time(task.starttime)],
          [t('task.took'), format_duration(Math.max(0, (task.endtime ?? now) - task.starttime))],
          [t('field.user'), task.user],
          [t('field.node'), task.node],
          [t('task.upid'), <code key="upid">{task.upid}</code>],
        ]}
      />
      {running && <Bar fraction={task.progress} label={t('task.progress')} />}
      {error !== undefined && <Failure error={error} />}
      <pre className="log" ref={log} tabIndex={0} role="log" aria-label={t('task.log')}>
        {lines.map((line) => (
          <div key={line.n} className={line_class(line.t)}>
            {line.t}
          </div>
        ))}
        {lines.length === 0 && (running ? t('task.log_waiting') : t('task.log_empty'))}
      </pre>
    </Dialog>
  );
}

function line_class(text: string): string | undefined {
  if (/^TASK ERROR|\berror\b/i.test(text)) return 'log-bad';
  return text === 'TASK OK' ? 'log-good' : undefined;
}
