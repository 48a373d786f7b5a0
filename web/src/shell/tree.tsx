import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { use_t } from '../i18n';
import { Icon } from '../kit/icon';
import { use_structure } from '../state/resources';
import { go, use_path } from '../state/route';
import { name_of, StatusIcon } from './status';
import { tree_rows, type TreeRow } from './tree-data';

const row_height = 31;

interface Props {
  onGo: () => void;
}

export function ResourceTree({ onGo }: Props) {
  const t = use_t();
  const all = use_structure();
  const path = use_path();
  const [filter, set_filter] = useState('');
  const [closed, set_closed] = useState<Set<string>>(new Set());
  const rows = useMemo(() => tree_rows(all, closed, filter), [all, closed, filter]);
  const [active_id, set_active] = useState('datacenter');
  const at = useMemo(
    () =>
      Math.max(
        0,
        rows.findIndex((row) => row.id === active_id),
      ),
    [rows, active_id],
  );
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => row_height,
    overscan: 10,
  });
  const current = useMemo(
    () => rows.findIndex((row) => path === row.path || path.startsWith(`${row.path}/`)),
    [rows, path],
  );
  const current_id = rows[current]?.id;
  useEffect(() => {
    if (current_id) set_active(current_id);
  }, [current_id]);
  const move = (index: number) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (!row) return;
    set_active(row.id);
    virtual.scrollToIndex(rows.indexOf(row));
  };
  const toggle = (row: TreeRow, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(row.id);
    else next.add(row.id);
    set_closed(next);
  };
  const choose = (row: TreeRow) => {
    set_active(row.id);
    go(row.path);
    onGo();
  };
  // The same object for the rows at all times: scrolling makes those that come into sight only.
  const on = useRef<RowActions>({ choose, toggle });
  on.current = { choose, toggle };
  const parent_of = (index: number) => {
    for (let i = index; i >= 0; i -= 1) if (rows[i]!.level < rows[index]!.level) return i;
    return index;
  };
  const on_key = (event: KeyboardEvent) => {
    const row = rows[at];
    if (!row) return;
    const page = Math.floor((scroller.current?.clientHeight ?? 300) / row_height);
    if (event.key === 'ArrowDown') move(at + 1);
    else if (event.key === 'ArrowUp') move(at - 1);
    else if (event.key === 'PageDown') move(at + page);
    else if (event.key === 'PageUp') move(at - page);
    else if (event.key === 'Home') move(0);
    else if (event.key === 'End') move(rows.length - 1);
    else if (event.key === 'ArrowRight')
      row.expandable && !row.expanded ? toggle(row, true) : move(at + 1);
    else if (event.key === 'ArrowLeft')
      row.expandable && row.expanded ? toggle(row, false) : move(parent_of(at));
    else if (event.key === 'Enter' || event.key === ' ') choose(row);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="side-filter">
        <div className="search">
          <Icon name="search" />
          <input
            className="input"
            type="search"
            placeholder={t('tree.filter')}
            aria-label={t('tree.filter')}
            value={filter}
            onChange={(event) => set_filter(event.target.value)}
          />
        </div>
      </div>
      <div
        className="tree"
        role="tree"
        aria-label={t('tree.label')}
        tabIndex={0}
        ref={scroller}
        aria-activedescendant={rows[at] ? `tree-${rows[at].id}` : undefined}
        onKeyDown={on_key}
      >
        <div className="tree-inner" role="none" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            return (
              <Row
                key={row.id}
                row={row}
                top={item.start}
                selected={item.index === current}
                active={item.index === at}
                on={on}
              />
            );
          })}
        </div>
      </div>
    </>
  );
}

interface RowActions {
  choose: (row: TreeRow) => void;
  toggle: (row: TreeRow, open: boolean) => void;
}

interface RowProps {
  row: TreeRow;
  top: number;
  selected: boolean;
  active: boolean;
  on: { readonly current: RowActions };
}

const Row = memo(function Row({ row, top, selected, active, on }: RowProps) {
  const t = use_t();
  return (
    <div
      id={`tree-${row.id}`}
      data-id={row.id}
      className={`tree-row level-${row.level}${active ? ' active' : ''}`}
      role="treeitem"
      aria-level={row.level}
      aria-posinset={row.position}
      aria-setsize={row.siblings}
      aria-selected={selected}
      aria-expanded={row.expandable ? row.expanded : undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => on.current.choose(row)}
    >
      <span
        className="twist"
        onClick={(event) => {
          if (!row.expandable) return;
          event.stopPropagation();
          on.current.toggle(row, !row.expanded);
        }}
      >
        {row.expandable && <Icon name="chevron" />}
      </span>
      {row.row ? <StatusIcon row={row.row} /> : <Icon name="center" />}
      <span className="grow clip">{row.row ? name_of(row.row) : t('tree.datacenter')}</span>
      {row.count !== undefined && row.count > 0 && (
        <span className="count" aria-label={t('tree.guests', { count: row.count })}>
          {row.count}
        </span>
      )}
    </div>
  );
});
