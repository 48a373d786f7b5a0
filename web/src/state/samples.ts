// The last minutes of a guest's or node's live figures, collected while someone looks.
// Counters (network, disk) become rates between two samples.
import { useEffect, useState } from 'react';
import type { Resource } from '../api/types';

export interface Sample {
  time: number;
  cpu: number | undefined;
  mem: number | undefined;
  netin: number | undefined;
  netout: number | undefined;
  diskread: number | undefined;
  diskwrite: number | undefined;
}

const kept = 90;
const counters = ['netin', 'netout', 'diskread', 'diskwrite'] as const;
type Counter = (typeof counters)[number];

interface Track {
  samples: Sample[];
  last: { time: number; row: Resource } | undefined;
}

function add(track: Track, row: Resource, time: number): Track {
  const { last } = track;
  const seconds = last ? time - last.time : 0;
  const rate = (name: Counter) => {
    const now = row[name];
    const before = last?.row[name];
    if (now === undefined || before === undefined || seconds <= 0) return undefined;
    // A counter that went back belongs to a guest that was started anew.
    return now >= before ? (now - before) / seconds : undefined;
  };
  const sample: Sample = {
    time,
    cpu: row.cpu,
    mem: row.mem,
    netin: rate('netin'),
    netout: rate('netout'),
    diskread: rate('diskread'),
    diskwrite: rate('diskwrite'),
  };
  return { samples: [...track.samples, sample].slice(-kept), last: { time, row } };
}

export function use_samples(row: Resource): Sample[] {
  const [track, set_track] = useState<Track>({ samples: [], last: undefined });
  useEffect(() => {
    const time = performance.now() / 1000;
    set_track((before) => (before.last?.row === row ? before : add(before, row, time)));
  }, [row]);
  return track.samples;
}
