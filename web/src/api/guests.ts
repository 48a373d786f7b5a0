import { get, post, put, remove, segment } from './client';
import type { GuestRef, GuestStatus, PendingEntry, RrdPoint, Snapshot } from './types';

export const guest_path = (guest: GuestRef) =>
  `/nodes/${segment(guest.node)}/${guest.kind}/${guest.vmid}`;
export const guest_key = (guest: GuestRef) => ['guest', guest.kind, String(guest.vmid)] as const;

export type Config = Record<string, string | number | undefined> & { digest?: string };
export type PowerAction = 'start' | 'shutdown' | 'stop' | 'reboot' | 'reset' | 'suspend' | 'resume';

export const power = (guest: GuestRef, action: PowerAction, params = {}) =>
  post(`${guest_path(guest)}/status/${action}`, params);
export const get_status = (guest: GuestRef) =>
  get<GuestStatus>(`${guest_path(guest)}/status/current`);
export const get_config = (guest: GuestRef) => get<Config>(`${guest_path(guest)}/config`);
export const get_pending = (guest: GuestRef) => get<PendingEntry[]>(`${guest_path(guest)}/pending`);

// A disk may have to be made first: VMs answer with a task, containers when done.
export const change_config = (guest: GuestRef, params: Record<string, string | number>) =>
  guest.kind === 'qemu'
    ? post<string | null>(`${guest_path(guest)}/config`, params)
    : put<string | null>(`${guest_path(guest)}/config`, params);
export const resize_disk = (guest: GuestRef, disk: string, size: string) =>
  put(`${guest_path(guest)}/resize`, { disk, size });
export const destroy_guest = (guest: GuestRef, params = {}) => remove(guest_path(guest), params);
export const guest_rrd = (guest: GuestRef, timeframe: string) =>
  get<RrdPoint[]>(`${guest_path(guest)}/rrddata`, { timeframe, cf: 'AVERAGE' });

export const list_snapshots = (guest: GuestRef) => get<Snapshot[]>(`${guest_path(guest)}/snapshot`);
export const take_snapshot = (guest: GuestRef, params: Record<string, string | boolean>) =>
  post(`${guest_path(guest)}/snapshot`, params);
export const drop_snapshot = (guest: GuestRef, name: string) =>
  remove(`${guest_path(guest)}/snapshot/${segment(name)}`);
export const roll_back = (guest: GuestRef, name: string) =>
  post(`${guest_path(guest)}/snapshot/${segment(name)}/rollback`);

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
    const answer = await get<{ result: AgentInterface[] }>(
      `${guest_path(guest)}/agent/network-get-interfaces`,
    );
    return answer.result
      .filter((one) => one.name !== 'lo')
      .map((one) => ({
        name: one.name,
        addresses: (one['ip-addresses'] ?? []).map((address) => address['ip-address']),
      }));
  }
  const answer = await get<ContainerInterface[]>(`${guest_path(guest)}/interfaces`);
  return answer
    .filter((one) => one.name !== 'lo')
    .map((one) => ({
      name: one.name,
      addresses: [one.inet, one.inet6].filter((address) => address !== undefined),
    }));
}
