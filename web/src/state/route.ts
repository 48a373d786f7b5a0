// Where the reader is: kept behind the # of the address, so every view can be bookmarked and the
// server needs to know one page only.
import { create_store, use_store } from './store';

const read = () => decodeURI(location.hash.replace(/^#/, '')) || '/datacenter';
const store = create_store(read());

window.addEventListener('hashchange', () => store.set(read()));

// The views know at once: the browser's own event comes later, and a key pressed until then would
// be understood by the old view.
export function go(path: string): void {
  location.hash = encodeURI(path);
  store.set(path);
}

export const use_path = () => use_store(store);
export const link_to = (path: string) => `#${encodeURI(path)}`;

export interface Place {
  area: 'datacenter' | 'node' | 'qemu' | 'lxc' | 'storage';
  id: string;
  view: string;
  // A console in a window of its own, with nothing around it.
  alone: boolean;
}

// /datacenter/VIEW, /node/NAME/VIEW, /qemu/100/VIEW, /storage/NODE~NAME/VIEW, …/VIEW/alone
export function use_place(): Place {
  const [, area = 'datacenter', first = '', second = '', third = ''] = use_path().split('/');
  if (area === 'node' || area === 'qemu' || area === 'lxc' || area === 'storage') {
    return { area, id: first, view: second || 'summary', alone: third === 'alone' };
  }
  return { area: 'datacenter', id: '', view: first || 'summary', alone: false };
}

export function place_of(id: string): string {
  const [type, first = '', second = ''] = id.split('/');
  return type === 'storage' ? `/storage/${first}~${second}` : `/${type}/${first}`;
}
