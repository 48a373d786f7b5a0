import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ApiError } from '../../api/client';
import { guest_addresses, guest_key } from '../../api/guests';
import { explain, use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Card, Facts } from '../../kit/card';
import type { GuestProps } from './page';

// How long after its start a guest may take to have an address.
const starting_s = 300;

const is_lasting = (address: string) => !/^(fe80:|127\.|::1)/i.test(address);

function use_addresses({ guest, row }: GuestProps) {
  const running = row.status === 'running';
  const query = useQuery({
    queryKey: [...guest_key(guest), 'addresses'],
    queryFn: () => guest_addresses(guest),
    enabled: running,
    retry: false,
  });
  const known = query.data?.some(({ addresses }) => addresses.some(is_lasting));
  const waits = running && !known && (row.uptime ?? 0) < starting_s;
  const traffic = (row.netin ?? 0) + (row.netout ?? 0);
  const { refetch } = query;
  // A guest that is on its way up gets its address over the network: the stream's figures say when
  // to look again.
  useEffect(() => {
    if (waits && traffic > 0) void refetch();
  }, [waits, traffic, refetch]);
  return query;
}

export function Addresses({ guest, row }: GuestProps) {
  const t = use_t();
  const query = use_addresses({ guest, row });
  const running = row.status === 'running';
  return (
    <Card
      title={t('guest.addresses')}
      tools={
        running && (
          <Button
            small
            icon="restart"
            busy={query.isFetching}
            name={t('guest.addresses_refresh')}
            onClick={() => void query.refetch()}
          />
        )
      }
    >
      <List guest={guest} running={running} query={query} />
    </Card>
  );
}

interface ListProps {
  guest: GuestProps['guest'];
  running: boolean;
  query: ReturnType<typeof use_addresses>;
}

function List({ guest, running, query }: ListProps) {
  const t = use_t();
  if (!running) return <p className="muted">{t('guest.addresses_off')}</p>;
  if (query.isError) {
    const { status, message } = query.error as ApiError;
    if (status === 0) return <p className="muted">{explain(query.error).what}</p>;
    return (
      <>
        <p>{guest.kind === 'qemu' ? t('guest.no_agent') : t('guest.no_addresses')}</p>
        <p className="muted">{message}</p>
      </>
    );
  }
  if (!query.data) return <p className="muted">{t('state.loading')}</p>;
  if (query.data.length === 0) return <p className="muted">{t('guest.no_addresses')}</p>;
  return (
    <Facts
      rows={query.data.map(({ name, addresses }) => [
        name,
        <span className="mono" key={name}>
          {addresses.join('  ') || '–'}
        </span>,
      ])}
    />
  );
}
