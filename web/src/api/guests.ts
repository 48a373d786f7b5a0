import type { Parameters } from '../generated/api';
import { ask, type Work } from './client';
import type { Frame } from './nodes';
import type { GuestRef, GuestStatus, PendingEntry, RrdPoint, Snapshot } from './types';

export const guest_key = (guest: GuestRef) => ['guest', guest.kind, String(guest.vmid)] as const;

export type Config = Record<string, string | number | undefined> & { digest?: string };
export type PowerAction = 'start' | 'shutdown' | 'stop' | 'reboot' | 'reset' | 'suspend' | 'resume';

const at = ({ node, vmid }: GuestRef) => ({ node, vmid });

export function power(guest: GuestRef, action: PowerAction): Work {
  if (action === 'reset') return ask('POST /nodes/{node}/qemu/{vmid}/status/reset', at(guest));
  return ask(`POST /nodes/{node}/${guest.kind}/{vmid}/status/${action}`, at(guest));
}
export const get_status = (guest: GuestRef): Promise<GuestStatus> =>
  ask(`GET /nodes/{node}/${guest.kind}/{vmid}/status/current`, at(guest));
export const get_config = (guest: GuestRef): Promise<Config> =>
  ask(`GET /nodes/{node}/${guest.kind}/{vmid}/config`, at(guest));
export const get_pending = (guest: GuestRef): Promise<PendingEntry[]> =>
  ask(`GET /nodes/{node}/${guest.kind}/{vmid}/pending`, at(guest));

// A disk may have to be made first: VMs answer with a task, containers when done.
export function change_config(guest: GuestRef, params: Record<string, string>): Work {
  const all = { ...params, ...at(guest) };
  return guest.kind === 'qemu'
    ? ask('POST /nodes/{node}/qemu/{vmid}/config', all)
    : ask('PUT /nodes/{node}/lxc/{vmid}/config', all);
}
type VmDisk = Parameters<'PUT /nodes/{node}/qemu/{vmid}/resize'>['disk'];
type CtDisk = Parameters<'PUT /nodes/{node}/lxc/{vmid}/resize'>['disk'];
export const resize_disk = (guest: GuestRef, disk: string, size: string): Work =>
  guest.kind === 'qemu'
    ? ask('PUT /nodes/{node}/qemu/{vmid}/resize', { ...at(guest), disk: disk as VmDisk, size })
    : ask('PUT /nodes/{node}/lxc/{vmid}/resize', { ...at(guest), disk: disk as CtDisk, size });

interface Deletion {
  purge?: boolean;
  'destroy-unreferenced-disks'?: boolean;
}
export const destroy_guest = (guest: GuestRef, params: Deletion): Work =>
  ask(`DELETE /nodes/{node}/${guest.kind}/{vmid}`, { ...at(guest), ...params });
export const guest_rrd = (guest: GuestRef, timeframe: Frame): Promise<RrdPoint[]> =>
  ask(`GET /nodes/{node}/${guest.kind}/{vmid}/rrddata`, {
    ...at(guest),
    timeframe,
    cf: 'AVERAGE',
  });
interface Clone {
  newid: number;
  name: string | undefined;
  full: boolean;
  storage: string | undefined;
}
// A container's name is its host name.
export const clone_guest = (guest: GuestRef, { name, ...rest }: Clone): Work =>
  guest.kind === 'qemu'
    ? ask('POST /nodes/{node}/qemu/{vmid}/clone', { ...at(guest), ...rest, name })
    : ask('POST /nodes/{node}/lxc/{vmid}/clone', { ...at(guest), ...rest, hostname: name });
export const make_template = (guest: GuestRef): Work =>
  ask(`POST /nodes/{node}/${guest.kind}/{vmid}/template`, at(guest));

interface Move {
  storage: string;
  delete: boolean;
  format?: 'raw' | 'qcow2' | undefined;
}
type MovedDisk = Parameters<'POST /nodes/{node}/qemu/{vmid}/move_disk'>['disk'];
type MovedVolume = Parameters<'POST /nodes/{node}/lxc/{vmid}/move_volume'>['volume'];
export const move_disk = (guest: GuestRef, key: string, { format, ...rest }: Move): Work =>
  guest.kind === 'qemu'
    ? ask('POST /nodes/{node}/qemu/{vmid}/move_disk', {
        ...at(guest),
        ...rest,
        disk: key as MovedDisk,
        format,
      })
    : ask('POST /nodes/{node}/lxc/{vmid}/move_volume', {
        ...at(guest),
        ...rest,
        volume: key as MovedVolume,
      });
export const create_vm = (params: Parameters<'POST /nodes/{node}/qemu'>): Work =>
  ask('POST /nodes/{node}/qemu', params);
export const create_ct = (params: Parameters<'POST /nodes/{node}/lxc'>): Work =>
  ask('POST /nodes/{node}/lxc', params);

export const list_snapshots = (guest: GuestRef): Promise<Snapshot[]> =>
  ask(`GET /nodes/{node}/${guest.kind}/{vmid}/snapshot`, at(guest));

interface NewSnapshot {
  snapname: string;
  description?: string;
}
export const take_snapshot = (guest: GuestRef, params: NewSnapshot, vmstate: boolean): Work =>
  guest.kind === 'qemu'
    ? ask('POST /nodes/{node}/qemu/{vmid}/snapshot', { ...at(guest), ...params, vmstate })
    : ask('POST /nodes/{node}/lxc/{vmid}/snapshot', { ...at(guest), ...params });
export const drop_snapshot = (guest: GuestRef, snapname: string): Work =>
  ask(`DELETE /nodes/{node}/${guest.kind}/{vmid}/snapshot/{snapname}`, {
    ...at(guest),
    snapname,
  });
export const roll_back = (guest: GuestRef, snapname: string): Work =>
  ask(`POST /nodes/{node}/${guest.kind}/{vmid}/snapshot/{snapname}/rollback`, {
    ...at(guest),
    snapname,
  });

interface AgentInterface {
  name: string;
  'ip-addresses'?: { 'ip-address': string; 'ip-address-type': string }[];
}

interface ContainerInterface {
  name: string;
  inet?: string;
  inet6?: string;
}

export interface Address {
  name: string;
  addresses: string[];
}

// From the guest agent of a VM or from the container's own interfaces; loopback left out.
export async function guest_addresses(guest: GuestRef): Promise<Address[]> {
  if (guest.kind === 'qemu') {
    const answer: { result: AgentInterface[] } = await ask(
      'GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces',
      at(guest),
    );
    return answer.result
      .filter((one) => one.name !== 'lo')
      .map((one) => ({
        name: one.name,
        addresses: (one['ip-addresses'] ?? []).map((address) => address['ip-address']),
      }));
  }
  const answer: ContainerInterface[] = await ask(
    'GET /nodes/{node}/lxc/{vmid}/interfaces',
    at(guest),
  );
  return answer
    .filter((one) => one.name !== 'lo')
    .map((one) => ({
      name: one.name,
      addresses: [one.inet, one.inet6].filter((address) => address !== undefined),
    }));
}
