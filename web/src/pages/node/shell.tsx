import { useCallback } from 'react';
import { ask_shell } from '../../console/connect';
import TerminalConsole from '../../console/terminal';
import { use_t } from '../../i18n';

export default function NodeShell({ node }: { node: string }) {
  const t = use_t();
  const link = useCallback(() => ask_shell(node), [node]);
  return <TerminalConsole ask={link} switcher={<b>{t('node.shell_of', { node })}</b>} />;
}
