// The one event stream of the page. Where it cannot be opened (an old proxy in between, a
// server without it) the page asks every five seconds instead and says so.
import { apply_resource, apply_snapshot, apply_tasks } from '../state/resources';
import { create_store } from '../state/store';
import { ask } from './client';
import { session } from './session';
import type { Resource, Task } from './types';

export type Liveness = 'connecting' | 'live' | 'polling' | 'offline';
export const liveness = create_store<Liveness>('connecting');

const poll_ms = 5_000;
const retry_ms = 30_000;
const silence_ms = 60_000;

let source: EventSource | undefined;
let poll_timer: ReturnType<typeof setTimeout> | undefined;
let retry_timer: ReturnType<typeof setTimeout> | undefined;
let silence_timer: ReturnType<typeof setTimeout> | undefined;
let running = false;
let poll_loop = 0;

function heard(): void {
  liveness.set('live');
  clearTimeout(poll_timer);
  clearTimeout(retry_timer);
  clearTimeout(silence_timer);
  silence_timer = setTimeout(reopen, silence_ms);
}

function reopen(): void {
  source?.close();
  open();
}

function on<T>(name: string, apply: (data: T) => void): void {
  source?.addEventListener(name, (event) => {
    heard();
    apply(JSON.parse((event as MessageEvent<string>).data) as T);
  });
}

function open(): void {
  source = new EventSource('/api2/events', { withCredentials: true });
  on<{ resources: Resource[]; tasks: Task[] }>('snapshot', (data) =>
    apply_snapshot(data.resources, data.tasks),
  );
  on<Resource>('resource', apply_resource);
  on<Task>('task', (task) => apply_tasks([task]));
  source.addEventListener('ping', heard);
  source.onerror = () => {
    // While it is CONNECTING the browser itself tries again; the figures must not wait for that.
    const refused = source?.readyState === EventSource.CLOSED;
    source?.close();
    clearTimeout(silence_timer);
    clearTimeout(retry_timer);
    retry_timer = setTimeout(open, refused ? retry_ms : poll_ms);
    void poll();
  };
}

// One round of asking, then the next: a newer loop or the stream's return ends this one.
async function poll(loop = ++poll_loop): Promise<void> {
  clearTimeout(poll_timer);
  const over = () => !running || loop !== poll_loop || stream_is_open();
  if (over()) return;
  try {
    const resources: Resource[] = await ask('GET /cluster/resources');
    const tasks: Task[] = await ask('GET /cluster/tasks');
    if (over()) return;
    apply_snapshot(resources, tasks);
    liveness.set('polling');
  } catch {
    if (over()) return;
    if (session.get().user) liveness.set('offline');
  }
  poll_timer = setTimeout(() => void poll(loop), poll_ms);
}

const stream_is_open = () => source?.readyState === EventSource.OPEN;

export function start_events(): () => void {
  running = true;
  liveness.set('connecting');
  open();
  return () => {
    running = false;
    source?.close();
    source = undefined;
    [poll_timer, retry_timer, silence_timer].forEach(clearTimeout);
  };
}
