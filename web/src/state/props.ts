// Property strings such as "virtio=BC:24:11:00:00:01,bridge=vmbr0" or "local:8,format=qcow2".
export interface PropertyString {
  // The value without a key, if there is one.
  bare: string | undefined;
  keys: Map<string, string>;
}

export function parse_props(text: string): PropertyString {
  const out: PropertyString = { bare: undefined, keys: new Map() };
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at < 0) out.bare ??= part;
    else out.keys.set(part.slice(0, at), part.slice(at + 1));
  }
  return out;
}

export function format_props({ bare, keys }: PropertyString): string {
  const parts = [...keys].filter(([, value]) => value !== '').map(([key, v]) => `${key}=${v}`);
  return [...(bare === undefined ? [] : [bare]), ...parts].join(',');
}

export const disk_key = /^(ide|sata|scsi|virtio)(\d+)$|^(efidisk0|tpmstate0)$/;
export const mount_key = /^(rootfs|mp\d+)$/;
export const net_key = /^net\d+$/;
export const unused_key = /^unused\d+$/;

export const is_cdrom = (value: string) => /(^|,)media=cdrom(,|$)/.test(value);

const slots: Record<string, number> = { ide: 4, sata: 6, scsi: 31, virtio: 16, net: 32, mp: 256 };

// The first free key of a bus: scsi0, scsi1 …
export function free_key(bus: string, used: Iterable<string>): string | undefined {
  const taken = new Set(used);
  for (let at = 0; at < (slots[bus] ?? 0); at += 1) {
    if (!taken.has(`${bus}${at}`)) return `${bus}${at}`;
  }
  return undefined;
}

export const nic_models = ['virtio', 'e1000', 'e1000e', 'rtl8139', 'vmxnet3'];

// "virtio=MAC,bridge=…" and "model=virtio,macaddr=MAC" mean the same.
export function parse_nic(text: string) {
  const { bare, keys } = parse_props(text);
  const model = nic_models.find((one) => keys.has(one));
  return {
    model: model ?? keys.get('model') ?? bare ?? 'virtio',
    mac: (model && keys.get(model)) ?? keys.get('macaddr') ?? '',
    bridge: keys.get('bridge') ?? '',
    tag: keys.get('tag') ?? '',
    firewall: keys.get('firewall') ?? '',
    keys,
  };
}
