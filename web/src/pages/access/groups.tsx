import { change_group, create_group, list_groups, remove_group } from '../../api/access';
import type { Group } from '../../api/types';
import { use_t } from '../../i18n';
import { NamedList } from './named';

export function Groups() {
  const t = use_t();
  return (
    <NamedList<Group, 'groupid'>
      texts={{
        title: t('view.groups'),
        add: t('groups.add'),
        empty: t('groups.none'),
        remove_text: t('groups.remove_text'),
      }}
      icon="users"
      name="groupid"
      query_key={['groups']}
      load={list_groups}
      create={create_group}
      change={change_group}
      remove={remove_group}
      columns={[
        {
          id: 'users',
          head: t('view.users'),
          cell: (group) => group.users?.split(',').join(', '),
        },
      ]}
    />
  );
}
