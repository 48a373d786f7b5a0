// The last step: what will be made, by the names that the steps had for it.
import { use_t, type Key } from '../i18n';
import { disk_key } from '../state/props';
import { system_name } from '../pages/guest/systems';

const names: Record<string, Key> = {
  node: 'field.node',
  vmid: 'wizard.id',
  name: 'field.name',
  hostname: 'field.hostname',
  tags: 'field.tags',
  ostype: 'wizard.guest_system',
  machine: 'field.machine',
  bios: 'wizard.firmware',
  sockets: 'hardware.sockets',
  cores: 'hardware.cores',
  cpu: 'hardware.cpu_type',
  memory: 'hardware.memory',
  swap: 'hardware.swap',
  agent: 'options.agent',
  serial0: 'hardware.serial',
  scsihw: 'hardware.name.scsihw',
  ide2: 'hardware.iso',
  rootfs: 'wizard.disk',
  net0: 'wizard.network',
  boot: 'options.boot',
  ostemplate: 'wizard.template',
  password: 'wizard.root_password',
  'ssh-public-keys': 'wizard.ssh_keys',
  unprivileged: 'field.unprivileged',
  start: 'wizard.start',
  onboot: 'options.onboot',
};
const flags = new Set(['agent', 'unprivileged', 'start', 'onboot']);

export function Review({ params }: { params: Record<string, string> }) {
  const t = use_t();
  const name_of = (key: string) =>
    names[key] ? t(names[key]) : disk_key.test(key) ? `${t('wizard.disk')} (${key})` : key;
  const text_of = (key: string, value: string) => {
    if (flags.has(key)) return value === '1' ? t('state.yes') : t('state.no');
    if (key === 'memory' || key === 'swap') return `${value} MiB`;
    if (key === 'password') return '••••••••';
    return (key === 'ostype' ? system_name(value) : value) || '–';
  };
  return (
    <table className="table" aria-label={t('wizard.review')}>
      <tbody>
        {Object.entries(params).map(([key, value]) => (
          <tr key={key}>
            <th scope="row" title={key}>
              <span>{name_of(key)}</span>
            </th>
            <td className="pre">{text_of(key, value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
