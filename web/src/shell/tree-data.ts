// What the tree shows: datacenter, nodes, and below each node its guests and storages.
import type { Resource } from '../api/types';
import { is_guest } from '../state/resources';

export interface TreeRow {
  id: string;
  level: 1 | 2 | 3;
  path: string;
  row?: Resource;
  expandable: boolean;
  expanded: boolean;
  count?: number;
  position: number;
  siblings: number;
}

const by_number = (a: Resource, b: Resource) => (a.vmid ?? 0) - (b.vmid ?? 0);
const by_name = (a: Resource, b: Resource) => a.id.localeCompare(b.id);

export function matches(row: Resource, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hay = [row.name, row.vmid, row.storage, row.node, row.tags, row.status, row.type]
    .join(' ')
    .toLowerCase();
  return words.every((word) => hay.includes(word));
}

export function tree_rows(all: Resource[], closed: Set<string>, filter: string): TreeRow[] {
  const text = filter.trim();
  const nodes = all.filter((row) => row.type === 'node').sort(by_name);
  const below = new Map<string, { guests: Resource[]; storages: Resource[] }>();
  for (const node of nodes) below.set(node.node ?? '', { guests: [], storages: [] });
  for (const row of all) {
    const place = below.get(row.node ?? '');
    if (!place || (text && row.type !== 'node' && !matches(row, text))) continue;
    if (is_guest(row)) place.guests.push(row);
    else if (row.type === 'storage') place.storages.push(row);
  }
  const top_open = !closed.has('datacenter');
  const out: TreeRow[] = [
    {
      id: 'datacenter',
      level: 1,
      path: '/datacenter',
      expandable: true,
      expanded: top_open,
      position: 1,
      siblings: 1,
    },
  ];
  if (!top_open) return out;
  nodes.forEach((node, at) => {
    const { guests, storages } = below.get(node.node ?? '') ?? { guests: [], storages: [] };
    const open = !closed.has(node.id) || text !== '';
    if (text && guests.length + storages.length === 0 && !matches(node, text)) return;
    out.push({
      id: node.id,
      level: 2,
      path: `/node/${node.node}`,
      row: node,
      expandable: guests.length + storages.length > 0,
      expanded: open,
      count: guests.length,
      position: at + 1,
      siblings: nodes.length,
    });
    if (!open) return;
    const children = [...guests.sort(by_number), ...storages.sort(by_name)];
    children.forEach((row, index) =>
      out.push({
        id: row.id,
        level: 3,
        path:
          row.type === 'storage'
            ? `/storage/${row.node}~${row.storage}`
            : `/${row.type}/${row.vmid}`,
        row,
        expandable: false,
        expanded: false,
        position: index + 1,
        siblings: children.length,
      }),
    );
  });
  return out;
}
