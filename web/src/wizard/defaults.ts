// The form of a new guest. What it needs is filled in before anyone opens the step that asks for
// it: the roomiest storage for each kind of content, and the bridge that most guests are on.
import { useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { node_bridges, node_storages } from '../api/nodes';
import { use_new_id } from './number';

const roomiest = <T extends { avail?: number; active?: number }>(list: T[]) =>
  list.filter((one) => one.active !== 0).sort((a, b) => (b.avail ?? 0) - (a.avail ?? 0))[0];

// `storages` names the fields of the form that hold a storage, with the content it must take.
export function use_guest_form<Form extends { node: string; bridge: string; vmid: string }>(
  first: Form,
  storages: Partial<Record<keyof Form, string>>,
) {
  const [fields, set_fields] = useState(first);
  const { vmid, set_vmid } = use_new_id();
  const form = useMemo(() => ({ ...fields, vmid }), [fields, vmid]);
  const set = useCallback(
    (next: Partial<Form>) => {
      if (next.vmid !== undefined) set_vmid(next.vmid);
      set_fields((before) => ({ ...before, ...next }));
    },
    [set_vmid],
  );
  const { node } = form;
  const enabled = node !== '';
  const wanted = Object.entries(storages) as [keyof Form, string][];
  const lists = useQueries({
    queries: wanted.map(([, content]) => ({
      queryKey: ['storages', node, content],
      queryFn: () => node_storages(node, content),
      enabled,
    })),
  });
  const bridges = useQuery({
    queryKey: ['bridges', node],
    queryFn: () => node_bridges(node),
    enabled,
  });
  const names = (bridges.data ?? []).map((one) => one.iface).sort();
  const found: [keyof Form, string | undefined][] = [
    ...wanted.map(([field], at): [keyof Form, string | undefined] => [
      field,
      roomiest(lists[at]?.data ?? [])?.storage,
    ]),
    ['bridge', names.includes('vmbr0') ? 'vmbr0' : names[0]],
  ];
  const fill = found.filter(([field, value]) => value && !form[field]);
  const key = JSON.stringify(fill);
  useEffect(() => {
    if (key !== '[]')
      set(Object.fromEntries(JSON.parse(key) as [string, string][]) as Partial<Form>);
  }, [key, set]);
  return { form, set };
}
