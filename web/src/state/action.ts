// Runs one call for a button: busy while it runs, a message when it fails.
import { QueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { follow } from '../api/tasks';
import { toast_error, toast_good } from '../kit/toast';
import { task_ended } from './resources';

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: 5_000, refetchOnWindowFocus: true } },
});

// What a finished task may have changed: its guest, and what lies on storages.
task_ended.subscribe(() => {
  const id = task_ended.get()?.id;
  void queries.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[0] === 'content' || (!!id && queryKey.includes(String(id))),
  });
});

export function use_action() {
  const [busy, set_busy] = useState(false);
  const run = async (work: () => Promise<unknown>, done?: string) => {
    set_busy(true);
    try {
      await follow(await work());
      if (done) toast_good(done);
      return true;
    } catch (error) {
      toast_error(error);
      return false;
    } finally {
      set_busy(false);
    }
  };
  return { busy, run };
}

// The same for a form: the fields' errors stay beside the fields.
export function use_form_action() {
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<unknown>();
  const submit = async (work: () => Promise<unknown>) => {
    set_busy(true);
    set_error(undefined);
    try {
      await work();
      return true;
    } catch (failure) {
      set_error(failure);
      return false;
    } finally {
      set_busy(false);
    }
  };
  const errors = (error as { errors?: Record<string, string> } | undefined)?.errors ?? {};
  return { busy, error, errors, submit };
}
