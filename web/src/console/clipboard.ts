// The clipboard's text. Browsers ask the reader first, and may refuse.
import { t } from '../i18n';
import { toast_error } from '../kit/toast';

export async function read_clipboard(): Promise<string> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    toast_error(new Error(t('console.no_clipboard')));
    return '';
  }
}
