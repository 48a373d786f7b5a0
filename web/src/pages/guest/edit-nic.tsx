import { useState } from 'react';
import { use_t } from '../../i18n';
import { CheckField, SelectField, TextField } from '../../kit/field';
import { format_props, free_key, nic_models, parse_nic, parse_props } from '../../state/props';
import { EditDialog, type EditProps } from './edit-dialog';
import { BridgePicker } from './pickers';
import { planned } from './use-config';

type Props = EditProps & { edited?: string };

export function NicDialog(props: Props) {
  return props.guest.kind === 'qemu' ? <VmNic {...props} /> : <CtNic {...props} />;
}

function VmNic({ guest, settings, change, onClose, edited }: Props) {
  const t = use_t();
  const now = parse_nic(edited ? planned(settings, edited) : 'virtio,bridge=');
  const [model, set_model] = useState(now.model);
  const [bridge, set_bridge] = useState(now.bridge);
  const [mac, set_mac] = useState(now.mac);
  const [tag, set_tag] = useState(now.tag);
  const [down, set_down] = useState(now.keys.get('link_down') === '1');
  const key = edited ?? free_key('net', settings.entries.keys());
  const save = () => {
    const keys = new Map(now.keys);
    for (const name of [...nic_models, 'model', 'macaddr']) keys.delete(name);
    keys.set('bridge', bridge);
    keys.set('tag', tag);
    keys.set('link_down', down ? '1' : '');
    const rest = format_props({ bare: undefined, keys });
    const head = mac ? `${model}=${mac}` : model;
    return change({ [key!]: [head, rest].filter(Boolean).join(',') });
  };
  return (
    <EditDialog title={t('hardware.nic')} ready={!!key} onClose={onClose} save={save}>
      {(errors) => (
        <div className="form">
          <BridgePicker
            node={guest.node}
            value={bridge}
            optional={edited !== undefined}
            error={key ? errors[key] : undefined}
            onChange={set_bridge}
          />
          <SelectField
            label={t('hardware.model')}
            value={model}
            onChange={set_model}
            choices={nic_models.map((one) => ({ value: one, text: one }))}
          />
          <TextField
            label={t('hardware.mac')}
            hint={t('hardware.mac_hint')}
            value={mac}
            onChange={set_mac}
          />
          <TextField
            label={t('hardware.vlan')}
            hint={t('hardware.vlan_hint')}
            type="number"
            min={1}
            max={4094}
            value={tag}
            onChange={set_tag}
          />
          <CheckField whole label={t('hardware.link_down')} checked={down} onChange={set_down} />
        </div>
      )}
    </EditDialog>
  );
}

function CtNic({ guest, settings, change, onClose, edited }: Props) {
  const t = use_t();
  const key = edited ?? free_key('net', settings.entries.keys());
  const now = parse_props(edited ? planned(settings, edited) : '').keys;
  const [name, set_name] = useState(now.get('name') ?? `eth${(key ?? 'net0').slice(3)}`);
  const [bridge, set_bridge] = useState(now.get('bridge') ?? '');
  const [ip, set_ip] = useState(now.get('ip') ?? 'dhcp');
  const [gateway, set_gateway] = useState(now.get('gw') ?? '');
  const save = () => {
    const keys = new Map([['name', name], ...[...now].filter(([one]) => one !== 'name')]);
    keys.set('bridge', bridge);
    keys.set('ip', ip);
    keys.set('gw', gateway);
    return change({ [key!]: format_props({ bare: undefined, keys }) });
  };
  return (
    <EditDialog title={t('hardware.nic')} ready={!!key && !!name} onClose={onClose} save={save}>
      {(errors) => (
        <div className="form">
          <TextField
            label={t('field.name')}
            value={name}
            error={key ? errors[key] : undefined}
            onChange={set_name}
          />
          <BridgePicker node={guest.node} value={bridge} onChange={set_bridge} />
          <TextField
            label={t('hardware.ip')}
            hint={t('hardware.ip_hint')}
            value={ip}
            onChange={set_ip}
          />
          <TextField label={t('hardware.gateway')} value={gateway} onChange={set_gateway} />
        </div>
      )}
    </EditDialog>
  );
}
