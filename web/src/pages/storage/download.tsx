import { useState } from 'react';
import { download_url, query_url } from '../../api/nodes';
import { note_task } from '../../api/tasks';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { SelectField, TextField } from '../../kit/field';
import { Failure } from '../../kit/notice';
import { use_form_action } from '../../state/action';
import { format_bytes } from '../../state/format';
import { EditDialog } from '../guest/edit-dialog';
import { content_kinds } from './content-kinds';

export type UploadKind = 'iso' | 'vztmpl' | 'import';

interface Props {
  node: string;
  storage: string;
  kinds: string[];
  onClose: () => void;
}

export function DownloadDialog({ node, storage, kinds, onClose }: Props) {
  const t = use_t();
  const [url, set_url] = useState('');
  const [name, set_name] = useState('');
  const [kind, set_kind] = useState(kinds[0] ?? 'iso');
  const [sum, set_sum] = useState('');
  const { busy, error: query_error, submit } = use_form_action();
  const [size, set_size] = useState<number>();
  const look = () =>
    submit(async () => {
      const facts = await query_url(node, url);
      set_size(facts.size);
      if (facts.filename) set_name(facts.filename);
    });
  const guessed = /([^/?#]+)(?:[?#].*)?$/.exec(url)?.[1] ?? '';
  const filename = name || guessed;
  return (
    <EditDialog
      title={t('storage.download_to', { storage })}
      action={t('storage.download')}
      ready={/^https?:\/\/./.test(url) && filename !== ''}
      onClose={onClose}
      save={async () =>
        note_task(
          await download_url({
            node,
            storage,
            url,
            filename,
            content: kind as UploadKind,
            checksum: sum || undefined,
            'checksum-algorithm': sum ? 'sha256' : undefined,
          }),
        )
      }
    >
      {(errors) => (
        <div className="form">
          <TextField
            whole
            label={t('storage.url')}
            type="url"
            placeholder="https://"
            value={url}
            error={errors.url}
            onChange={set_url}
          />
          <div className="whole row wrap">
            <Button
              small
              icon="search"
              busy={busy}
              disabled={!/^https?:\/\/./.test(url)}
              onClick={() => void look()}
            >
              {t('storage.query_url')}
            </Button>
            {size !== undefined && (
              <span role="status">{t('storage.url_size', { size: format_bytes(size) })}</span>
            )}
          </div>
          {query_error !== undefined && (
            <div className="whole">
              <Failure error={query_error} />
            </div>
          )}
          <TextField
            label={t('storage.filename')}
            value={filename}
            error={errors.filename}
            onChange={set_name}
          />
          <SelectField
            label={t('field.content')}
            value={kind}
            error={errors.content}
            onChange={set_kind}
            choices={kinds.map((one) => ({
              value: one,
              text: content_kinds[one] ? t(content_kinds[one]) : one,
            }))}
          />
          <TextField
            whole
            label={t('storage.checksum')}
            hint={t('storage.checksum_hint')}
            value={sum}
            error={errors.checksum}
            onChange={set_sum}
          />
        </div>
      )}
    </EditDialog>
  );
}
