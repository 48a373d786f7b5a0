// The live mirror of what the node reports: every node, guest and storage by id, and the tasks.
// Fed by the event stream only. Two speeds for readers: one row (figures change every few
// seconds), and the list's structure (changes when something comes, goes or changes its face).
import { useSyncExternalStore } from 'react';
import type { Resource, Task } from '../api/types';
import { create_store, use_store } from './store';

const rows = new Map<string, Resource>();
const row_listeners = new Map<string, Set<() => void>>();
const structure = create_store<Resource[]>([]);
const figures = create_store(0);
const tasks = create_store<Task[]>([]);
const most_tasks = 500;
export const loaded = create_store(false);
export const task_ended = create_store<Task | undefined>(undefined);
// How often everything was told anew: after each time that the stream was cut off.
export const snapshots = create_store(0);

const face = (row: Resource) =>
  [row.name, row.status, row.node, row.tags, row.template, row.lock, row.pool, row.qmpstatus].join(
    '\n',
  );

let stale_structure = false;
let frame: ReturnType<typeof setTimeout> | undefined;
let figures_timer: ReturnType<typeof setTimeout> | undefined;
const figures_every_ms = 1_000;

function publish_soon(): void {
  frame ??= setTimeout(() => {
    frame = undefined;
    if (stale_structure) structure.set([...rows.values()]);
    stale_structure = false;
  }, 50);
  // Tables of thousands of rows sort anew for each of these: once a second is live enough.
  figures_timer ??= setTimeout(() => {
    figures_timer = undefined;
    figures.set(figures.get() + 1);
  }, figures_every_ms);
}

function put_row(row: Resource): void {
  const before = rows.get(row.id);
  if (row.gone) {
    if (!rows.delete(row.id)) return;
    stale_structure = true;
  } else {
    rows.set(row.id, row);
    if (!before || face(before) !== face(row)) stale_structure = true;
  }
  row_listeners.get(row.id)?.forEach((listener) => listener());
  publish_soon();
}

export function apply_snapshot(list: Resource[], task_list: Task[]): void {
  const present = new Set(list.map((row) => row.id));
  for (const id of [...rows.keys()]) if (!present.has(id)) put_row({ id, type: '', gone: 1 });
  list.forEach(put_row);
  apply_tasks(task_list);
  loaded.set(true);
  snapshots.set(snapshots.get() + 1);
}

export function apply_resource(row: Resource): void {
  put_row(row);
}

export function apply_tasks(list: Task[]): void {
  for (const task of list) merge_task(task);
}

function merge_task(task: Task): void {
  const before = tasks.get();
  const index = before.findIndex((one) => one.upid === task.upid);
  const old = before[index];
  const merged = old ? { ...old, ...task } : task;
  const next = before.filter((one) => one.upid !== task.upid);
  next.push(merged);
  next.sort((a, b) => b.starttime - a.starttime || (a.upid < b.upid ? 1 : -1));
  tasks.set(next.slice(0, most_tasks));
  if (merged.endtime && !old?.endtime) task_ended.set(merged);
}

export function clear_all(): void {
  rows.clear();
  tasks.set([]);
  structure.set([]);
  loaded.set(false);
}

export function use_resource(id: string): Resource | undefined {
  return useSyncExternalStore(
    (listener) => {
      const set = row_listeners.get(id) ?? new Set();
      set.add(listener);
      row_listeners.set(id, set);
      return () => {
        set.delete(listener);
        if (set.size === 0) row_listeners.delete(id);
      };
    },
    () => rows.get(id),
  );
}

export const peek_resource = (id: string) => rows.get(id);
export const all_resources = () => [...rows.values()];
export const use_structure = () => use_store(structure);

// For tables that show live figures of many rows: a new array at most every publish.
export function use_all_live(): Resource[] {
  use_store(figures);
  return [...rows.values()];
}

export const use_tasks = () => use_store(tasks);
export const peek_task = (upid: string) => tasks.get().find((task) => task.upid === upid);
export const use_task = (upid: string) => use_tasks().find((task) => task.upid === upid);
export const is_guest = (row: Resource) => row.type === 'qemu' || row.type === 'lxc';
