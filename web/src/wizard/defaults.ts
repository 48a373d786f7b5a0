// Fills in what a new guest needs before anyone opens the step that asks for it.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { node_bridges, node_storages } from '../api/nodes';

const roomiest = <T extends { avail?: number }>(list: T[]) =>
  [...list].sort((a, b) => (b.avail ?? 0) - (a.avail ?? 0))[0];

// `now` is what the form holds; `set` is called with the choice while that is empty.
export function use_default_storage(
  node: string,
  content: string,
  now: string,
  set: (storage: string) => void,
): void {
  const query = useQuery({
    queryKey: ['storages', node, content],
    queryFn: () => node_storages(node, content),
    enabled: node !== '',
  });
  const best = roomiest((query.data ?? []).filter((one) => one.active !== 0))?.storage;
  useEffect(() => {
    if (!now && best) set(best);
  }, [now, best, set]);
}

export function use_default_bridge(node: string, now: string, set: (bridge: string) => void): void {
  const query = useQuery({
    queryKey: ['bridges', node],
    queryFn: () => node_bridges(node),
    enabled: node !== '',
  });
  const names = (query.data ?? []).map((one) => one.iface).sort();
  const best = names.includes('vmbr0') ? 'vmbr0' : names[0];
  useEffect(() => {
    if (!now && best) set(best);
  }, [now, best, set]);
}
