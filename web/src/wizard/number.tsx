// The number of a new guest: the first free one, unless somebody typed another.
import { useQuery } from '@tanstack/react-query';
import { useLayoutEffect, useRef, useState } from 'react';
import { next_id } from '../api/nodes';
import { TextField } from '../kit/field';

export function use_new_id() {
  const [typed, set_vmid] = useState<string>();
  const free = useQuery({ queryKey: ['nextid'], queryFn: next_id, staleTime: 0, gcTime: 0 });
  return { vmid: typed ?? free.data ?? '', set_vmid };
}

interface Props {
  label: string;
  name: string;
  hint?: string;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

export function NumberField({ value, onChange, ...rest }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const typed = useRef(value);
  // The free number may come when the cursor stands here already: typing takes its place.
  useLayoutEffect(() => {
    if (value !== typed.current && document.activeElement === input.current)
      input.current?.select();
  }, [value]);
  return (
    <TextField
      {...rest}
      input={input}
      type="number"
      min={100}
      value={value}
      onChange={(next) => {
        typed.current = next;
        onChange(next);
      }}
    />
  );
}
