// Starts or shuts down every guest of the node, in the order that the guests' options say.
import { useState } from 'react';
import { all_guests } from '../../api/machine';
import { offered } from '../../api/offered';
import { note_task } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Confirm } from '../../kit/confirm';
import { Menu, type MenuItem } from '../../kit/menu';

type Choice = 'startall' | 'stopall';
const choices: Choice[] = [
  ...(offered('POST /nodes/{node}/startall') ? (['startall'] as const) : []),
  ...(offered('POST /nodes/{node}/stopall') ? (['stopall'] as const) : []),
];

export function AllGuestsMenu({ node }: { node: string }) {
  const t = use_t();
  const [asked, set_asked] = useState<Choice>();
  if (choices.length === 0) return null;
  const items = choices.map((one): MenuItem => ({
    text: t(`node.${one}`),
    icon: one === 'startall' ? 'play' : 'power',
    onChoose: () => set_asked(one),
  }));
  return (
    <>
      <Menu name={t('node.all_guests')} label={t('node.all_guests')} icon="list" items={items} />
      {asked && (
        <Confirm
          title={t(`node.${asked}_title`, { node })}
          action={t(`node.${asked}`)}
          danger={asked === 'stopall'}
          onClose={() => set_asked(undefined)}
          onConfirm={async () => note_task(await all_guests(node, asked))}
        >
          <p>{t(`node.${asked}_text`)}</p>
        </Confirm>
      )}
    </>
  );
}
