import { useEffect, useRef, useState } from 'react';
import type { ApiError } from '../../api/client';
import { follow } from '../../api/tasks';
import { upload, type UploadJob } from '../../api/upload';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { Dialog } from '../../kit/dialog';
import { Field, SelectField, TextField } from '../../kit/field';
import { Bar } from '../../kit/meter';
import { Failure } from '../../kit/notice';
import { toast_good } from '../../kit/toast';
import { format_bytes, format_duration, format_percent } from '../../state/format';
import { content_kinds } from './content-kinds';

interface Props {
  node: string;
  storage: string;
  kinds: string[];
  first: string;
  onDone: () => Promise<void>;
  onClose: () => void;
}

export function UploadDialog({ node, storage, kinds, first, onDone, onClose }: Props) {
  const t = use_t();
  const [kind, set_kind] = useState(first);
  const [file, set_file] = useState<File>();
  const [sent, set_sent] = useState<number>();
  const [sum, set_sum] = useState('');
  const [error, set_error] = useState<unknown>();
  const job = useRef<UploadJob>(undefined);
  const started = useRef(0);
  const busy = sent !== undefined;
  const whole = file !== undefined && sent !== undefined && sent >= file.size;
  useEffect(() => {
    if (!busy) return undefined;
    // Leaving the page would cut the upload: let the browser ask first.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);
  const send = async () => {
    if (!file) return;
    set_error(undefined);
    set_sent(0);
    started.current = performance.now();
    try {
      const sha256 = sum.trim().toLowerCase() || undefined;
      job.current = upload({ node, storage, content: kind, sha256 }, file, set_sent);
      await follow(await job.current.done);
      await onDone();
      toast_good(t('storage.uploaded', { name: file.name }));
      onClose();
    } catch (failure) {
      set_sent(undefined);
      if ((failure as Error).name !== 'AbortError') set_error(failure);
    }
  };
  const sum_bad = sum !== '' && !/^\s*[0-9a-f]{64}\s*$/i.test(sum);
  const fields = (error as Partial<ApiError> | undefined)?.errors ?? {};
  const seconds = (performance.now() - started.current) / 1000;
  const left = file && sent ? (seconds * (file.size - sent)) / sent : undefined;
  return (
    <Dialog
      title={t('storage.upload_to', { storage })}
      onClose={() => {
        job.current?.cancel();
        onClose();
      }}
      onSubmit={() => void send()}
      foot={
        <>
          {busy && !whole ? (
            <Button variant="danger" icon="cross" onClick={() => job.current?.cancel()}>
              {t('storage.cancel_upload')}
            </Button>
          ) : (
            <Button onClick={onClose}>{t('action.close')}</Button>
          )}
          <Button
            type="submit"
            variant="primary"
            icon="upload"
            busy={busy}
            disabled={!file || sum_bad}
          >
            {t('storage.upload')}
          </Button>
        </>
      }
    >
      <SelectField
        label={t('field.content')}
        value={kind}
        disabled={busy}
        onChange={set_kind}
        choices={kinds.map((one) => ({
          value: one,
          text: content_kinds[one] ? t(content_kinds[one]) : one,
        }))}
      />
      <Field label={t('storage.file')} hint={t('storage.file_hint')}>
        {(wiring) => (
          <input
            {...wiring}
            className="input"
            type="file"
            disabled={busy}
            accept={kind === 'iso' ? '.iso,.img' : undefined}
            onChange={(event) => set_file(event.target.files?.[0])}
          />
        )}
      </Field>
      <TextField
        label={t('storage.checksum')}
        hint={t('storage.checksum_hint')}
        value={sum}
        disabled={busy}
        error={sum_bad ? t('storage.checksum_bad') : fields.checksum}
        onChange={set_sum}
      />
      {file && sent !== undefined && (
        <div className="stack" role="status">
          <Bar fraction={whole ? undefined : sent / file.size} label={t('storage.upload')} />
          <p>
            {whole
              ? t('storage.upload_finishing')
              : t('storage.upload_progress', {
                  percent: format_percent(sent / file.size, 0),
                  sent: format_bytes(sent),
                  size: format_bytes(file.size),
                  left: format_duration(left),
                })}
          </p>
        </div>
      )}
      {error !== undefined && <Failure error={error} />}
    </Dialog>
  );
}
