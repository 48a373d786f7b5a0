import { useQuery } from '@tanstack/react-query';
import type { ApiError } from '../../api/client';
import { guest_addresses, guest_key } from '../../api/guests';
import { use_t } from '../../i18n';
import { Facts } from '../../kit/card';
import type { GuestProps } from './page';

const refresh_ms = 20_000;

export function Addresses({ guest, row }: GuestProps) {
  const t = use_t();
  const running = row.status === 'running';
  const query = useQuery({
    queryKey: [...guest_key(guest), 'addresses'],
    queryFn: () => guest_addresses(guest),
    enabled: running,
    refetchInterval: refresh_ms,
    retry: false,
  });
  if (!running) return <p className="muted">{t('guest.addresses_off')}</p>;
  if (query.isError) {
    const reason = (query.error as ApiError).message;
    return (
      <>
        <p>{guest.kind === 'qemu' ? t('guest.no_agent') : t('guest.no_addresses')}</p>
        <p className="muted">{reason}</p>
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
