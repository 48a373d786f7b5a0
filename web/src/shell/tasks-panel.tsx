// The strip at the bottom: what runs now, and on demand the recent tasks of all nodes.
import { useState } from 'react';
import { has_failed, is_running } from '../api/tasks';
import { use_t } from '../i18n';
import { Button } from '../kit/button';
import { use_tasks } from '../state/resources';
import { TaskTable } from './task-table';
import { TaskState, task_text } from './task-text';

const shown = 60;
// An open console is a task on the wire, not work that somebody waits for.
const quiet = new Set(['vncproxy', 'vncshell', 'spiceproxy']);
const key = 'posada.tasks';

function was_open(): boolean {
  try {
    // On a small screen the strip would hide what one came for.
    const saved = localStorage.getItem(key);
    return saved ? saved === 'open' : window.innerWidth > 820 && window.innerHeight >= 820;
  } catch {
    return true;
  }
}

export function TasksPanel() {
  const t = use_t();
  const tasks = use_tasks();
  const [open, set_open] = useState(was_open);
  const work = tasks.filter((task) => !quiet.has(task.type));
  const running = work.filter(is_running);
  const latest = running[0] ?? work[0];
  const toggle = () => {
    try {
      localStorage.setItem(key, open ? 'closed' : 'open');
    } catch {
      // The panel then opens again next time.
    }
    set_open(!open);
  };
  return (
    <section className="tasks-panel" aria-label={t('task.panel')}>
      <header>
        <Button
          small
          variant="ghost"
          icon={open ? 'down' : 'up'}
          aria-expanded={open}
          onClick={toggle}
        >
          {t('task.panel')}
        </Button>
        {running.length > 0 && (
          <span className="pill accent" role="status">
            <span className="spinner" />
            {t('task.running_count', { count: running.length })}
          </span>
        )}
        {!open && latest && (
          <span className="row grow clip">
            <span className="clip">{task_text(latest)}</span>
            {(is_running(latest) || has_failed(latest)) && <TaskState task={latest} />}
          </span>
        )}
      </header>
      {open && (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={t('task.panel')}>
          <TaskTable tasks={work.slice(0, shown)} label={t('task.panel')} />
        </div>
      )}
    </section>
  );
}
