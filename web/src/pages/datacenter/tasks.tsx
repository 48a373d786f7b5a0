import { use_t } from '../../i18n';
import { Card } from '../../kit/card';
import { TaskTable } from '../../shell/task-table';
import { use_tasks } from '../../state/resources';

export function AllTasks() {
  const t = use_t();
  return (
    <Card title={t('view.tasks')} flush>
      <TaskTable tasks={use_tasks()} label={t('view.tasks')} />
    </Card>
  );
}
