// A guest's settings as they are and as they will be, and the calls that change them.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { change_config, get_pending, guest_key } from '../../api/guests';
import { follow } from '../../api/tasks';
import type { GuestRef, PendingEntry } from '../../api/types';

export interface Settings {
  entries: Map<string, PendingEntry>;
  digest: string | undefined;
}

// What a key will be: its pending value if there is one, nothing if it is being removed.
export function planned(settings: Settings, key: string): string {
  const entry = settings.entries.get(key);
  if (!entry || entry.delete) return '';
  return String(entry.pending ?? entry.value ?? '');
}

export function use_config(guest: GuestRef) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: [...guest_key(guest), 'pending'],
    queryFn: async (): Promise<Settings> => {
      const list = await get_pending(guest);
      const entries = new Map(list.map((entry) => [entry.key, entry]));
      const digest = entries.get('digest')?.value;
      entries.delete('digest');
      return { entries, digest: digest === undefined ? undefined : String(digest) };
    },
  });
  const refresh = () => client.invalidateQueries({ queryKey: guest_key(guest) });
  const change = async (params: Record<string, string>) => {
    const digest = query.data?.digest;
    try {
      await follow(await change_config(guest, digest ? { ...params, digest } : params));
    } finally {
      await refresh();
    }
  };
  return { query, change, refresh };
}

export type Change = ReturnType<typeof use_config>['change'];
