import type { Key, Translate } from '../../i18n';

export const content_kinds: Record<string, Key> = {
  images: 'content.images',
  rootdir: 'content.rootdir',
  iso: 'content.iso',
  vztmpl: 'content.vztmpl',
  backup: 'content.backup',
  snippets: 'content.snippets',
  import: 'content.import',
};

export function content_words(list: string | undefined, t: Translate): string {
  const kinds = (list ?? '').split(',').filter(Boolean);
  return kinds.map((kind) => (content_kinds[kind] ? t(content_kinds[kind]) : kind)).join(', ');
}
