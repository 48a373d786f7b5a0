// A task in words: "VM 100 – Start".
import type { Task } from '../api/types';
import { has_failed, is_running } from '../api/tasks';
import { t_known, use_t } from '../i18n';
import { Icon } from '../kit/icon';
import { Bar } from '../kit/meter';
import { peek_resource } from '../state/resources';

export function task_text(task: Pick<Task, 'type' | 'id'>): string {
  const container = task.type.startsWith('vz') || peek_resource(`lxc/${task.id}`) !== undefined;
  const kind = /^\d+$/.test(task.id ?? '') ? (container ? 'CT' : 'VM') : '';
  const name = t_known(`task.type.${task.type}`, task.type);
  const about = [kind, task.id].filter(Boolean).join(' ');
  return about ? `${about} – ${name}` : name;
}

export function TaskState({ task }: { task: Task }) {
  const t = use_t();
  if (is_running(task)) {
    return (
      <span className="row">
        {task.progress === undefined ? (
          <span className="spinner" />
        ) : (
          <span style={{ width: 70 }}>
            <Bar fraction={task.progress} label={t('task.progress')} />
          </span>
        )}
        <span className="clip">{task.message ?? t('task.running')}</span>
      </span>
    );
  }
  const failed = has_failed(task);
  const warned = task.status?.startsWith('WARNINGS');
  return (
    <span className="row">
      <span className={`status-icon ${failed ? 'bad' : warned ? 'warn' : 'good'}`}>
        <Icon name={failed || warned ? 'warning' : 'check'} />
      </span>
      <span className="clip" title={task.status}>
        {task.status === 'OK' ? t('task.ok') : task.status}
      </span>
    </span>
  );
}
