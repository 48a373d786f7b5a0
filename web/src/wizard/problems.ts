// What still stands in the way of a form, by the parameter it belongs to, as the server's own
// refusals are. What is only not filled in yet is said when its step has been left.
import type { Translate } from '../i18n';
import { peek_resource } from '../state/resources';

export interface Problem {
  field: string;
  text: string;
  missing?: boolean;
}

const host_name = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export function id_problems(field: string, id: string, t: Translate): Problem[] {
  if (id === '') return [{ field, text: t('wizard.id_bad'), missing: true }];
  const number = Number(id);
  if (!/^\d+$/.test(id) || number < 100 || number > 999_999_999)
    return [{ field, text: t('wizard.id_bad') }];
  const taken = peek_resource(`qemu/${number}`) ?? peek_resource(`lxc/${number}`);
  return taken ? [{ field, text: t('wizard.id_taken') }] : [];
}

export function name_problems(field: string, name: string, needed: boolean, t: Translate) {
  if (name === '') return needed ? [{ field, text: t('wizard.name_needed'), missing: true }] : [];
  return host_name.test(name) ? [] : [{ field, text: t('wizard.name_bad') }];
}

export function number_problems(
  field: string,
  value: string,
  min: number,
  t: Translate,
): Problem[] {
  if (/^\d+$/.test(value) && Number(value) >= min) return [];
  return [{ field, text: t('wizard.at_least', { min }), missing: value === '' }];
}

// A guest that wants more than its node has would not start.
export function memory_problems(node: string, value: string, t: Translate): Problem[] {
  const bytes = peek_resource(`node/${node}`)?.maxmem;
  const max = bytes && Math.floor(bytes / 2 ** 20);
  if (max && Number(value) > max)
    return [{ field: 'memory', text: t('wizard.memory_most', { max }) }];
  return number_problems('memory', value, 16, t);
}

export function choice_problems(field: string, value: string, text: string): Problem[] {
  return value === '' ? [{ field, text, missing: true }] : [];
}
