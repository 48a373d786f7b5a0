import { lazy, Suspense } from 'react';
import { offered } from '../../api/offered';
import { use_t } from '../../i18n';
import { Icon } from '../../kit/icon';
import { Loading } from '../../kit/notice';
import { PageHead, PagePanel, view_of } from '../../shell/page-head';
import { DatacenterSummary } from './summary';
import { GuestTable } from './guest-table';
import { AllTasks } from './tasks';

const Definitions = lazy(() => import('./definitions').then((m) => ({ default: m.Definitions })));
const Users = lazy(() => import('../access/users').then((m) => ({ default: m.Users })));
const Tokens = lazy(() => import('../access/tokens').then((m) => ({ default: m.Tokens })));
const Groups = lazy(() => import('../access/groups').then((m) => ({ default: m.Groups })));
const Roles = lazy(() => import('../access/roles').then((m) => ({ default: m.Roles })));
const Options = lazy(() => import('./options').then((m) => ({ default: m.Options })));
const Pools = lazy(() => import('./pools').then((m) => ({ default: m.Pools })));
const Realms = lazy(() => import('../access/realms').then((m) => ({ default: m.Realms })));
const Permissions = lazy(() =>
  import('../access/permissions').then((m) => ({ default: m.Permissions })),
);

const all_views = [
  'summary',
  'guests',
  'storage',
  'pools',
  'users',
  'tokens',
  'groups',
  'roles',
  'permissions',
  'realms',
  'options',
  'tasks',
] as const;
const views = all_views.filter((view) => view !== 'options' || offered('GET /cluster/options'));

export function DatacenterPage({ view: asked }: { view: string }) {
  const t = use_t();
  const view = view_of(views, asked);
  return (
    <>
      <PageHead
        title={
          <>
            <Icon name="center" />
            {t('tree.datacenter')}
          </>
        }
        tabs={views.map((id) => ({ id, text: t(`view.${id}`) }))}
        tabs_label={t('datacenter.views')}
        current={view}
        base="/datacenter"
      />
      <PagePanel>
        <Suspense fallback={<Loading />}>
          <View view={view} />
        </Suspense>
      </PagePanel>
    </>
  );
}

function View({ view }: { view: string }) {
  if (view === 'guests') return <GuestTable />;
  if (view === 'storage') return <Definitions />;
  if (view === 'options') return <Options />;
  if (view === 'pools') return <Pools />;
  if (view === 'realms') return <Realms />;
  if (view === 'users') return <Users />;
  if (view === 'tokens') return <Tokens />;
  if (view === 'groups') return <Groups />;
  if (view === 'roles') return <Roles />;
  if (view === 'permissions') return <Permissions />;
  if (view === 'tasks') return <AllTasks />;
  return <DatacenterSummary />;
}
