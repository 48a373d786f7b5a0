import { useState } from 'react';
import { use_t } from '../../i18n';
import { Button } from '../../kit/button';
import { disk_key, net_key, parse_props } from '../../state/props';
import { EditDialog, type EditProps } from './edit-dialog';
import { save_changed } from './edit-simple';
import { planned } from './use-config';

interface Device {
  key: string;
  on: boolean;
}

function devices_of(settings: EditProps['settings']): Device[] {
  const order = parse_props(planned(settings, 'boot')).keys.get('order') ?? '';
  const chosen = order.split(/[;\s]+/).filter(Boolean);
  const all = [...settings.entries.keys()].filter(
    (key) => (disk_key.test(key) && !/^(efidisk|tpmstate)/.test(key)) || net_key.test(key),
  );
  const first = chosen.filter((key) => all.includes(key)).map((key) => ({ key, on: true }));
  const rest = all.filter((key) => !chosen.includes(key)).map((key) => ({ key, on: false }));
  return [...first, ...rest];
}

export function BootOrderDialog(props: EditProps) {
  const t = use_t();
  const { settings, onClose } = props;
  const [devices, set_devices] = useState(() => devices_of(settings));
  const move = (at: number, by: number) => {
    const next = [...devices];
    const [one] = next.splice(at, 1);
    if (one) next.splice(at + by, 0, one);
    set_devices(next);
  };
  const order = devices.filter((one) => one.on).map((one) => one.key);
  return (
    <EditDialog
      title={t('options.boot')}
      onClose={onClose}
      save={() => save_changed(props, { boot: order.length ? `order=${order.join(';')}` : '' })}
    >
      {() => (
        <>
          <p className="muted">{t('options.boot_hint')}</p>
          <ol className="boot-order">
            {devices.map((device, at) => (
              <li key={device.key} className="row">
                <label className="check grow">
                  <input
                    type="checkbox"
                    checked={device.on}
                    onChange={() =>
                      set_devices(
                        devices.map((one) => (one === device ? { ...one, on: !one.on } : one)),
                      )
                    }
                  />
                  <span>
                    <b>{device.key}</b>{' '}
                    <span className="muted mono">{planned(settings, device.key)}</span>
                  </span>
                </label>
                <Button
                  small
                  icon="up"
                  name={t('action.up_named', { name: device.key })}
                  disabled={at === 0}
                  onClick={() => move(at, -1)}
                />
                <Button
                  small
                  icon="down"
                  name={t('action.down_named', { name: device.key })}
                  disabled={at === devices.length - 1}
                  onClick={() => move(at, 1)}
                />
              </li>
            ))}
          </ol>
        </>
      )}
    </EditDialog>
  );
}
