// The operating systems that a machine can be prepared for, the newest first.
import { t_known, type Translate } from '../../i18n';

const systems = [
  'l26',
  'win11',
  'win10',
  'win8',
  'win7',
  'wvista',
  'wxp',
  'w2k8',
  'w2k3',
  'w2k',
  'l24',
  'solaris',
  'other',
] as const;

export const system_choices = (t: Translate) =>
  systems.map((one) => ({ value: one, text: t(`wizard.os.${one}`) }));

// Of containers it is the distribution's own name.
export const system_name = (name: string) => t_known(`wizard.os.${name}`, name);
