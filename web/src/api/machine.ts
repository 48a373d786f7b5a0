// The node as a machine: its services, log and packages; and the settings of the datacenter.
import type { Parameters } from '../generated/api';
import { ask, type Work } from './client';

export interface Service {
  service: string;
  desc?: string;
  state?: string;
  'active-state'?: string;
  'unit-state'?: string;
}
export type ServiceAction = 'start' | 'stop' | 'restart';

export const list_services = (node: string): Promise<Service[]> =>
  ask('GET /nodes/{node}/services', { node });
type Named = Parameters<'POST /nodes/{node}/services/{service}/start'>;
export const run_service = (node: string, service: string, action: ServiceAction): Work =>
  ask(`POST /nodes/{node}/services/{service}/${action}`, {
    node,
    service: service as Named['service'],
  });

// The newest lines, oldest first; the answer has a cursor before and after them.
export const node_journal = async (node: string, lastentries: number): Promise<string[]> => {
  const lines: string[] = await ask('GET /nodes/{node}/journal', { node, lastentries });
  return lines.slice(1, -1);
};

export interface Update {
  Package: string;
  Title?: string;
  Version?: string;
  OldVersion?: string;
  Origin?: string;
}
export const list_updates = (node: string): Promise<Update[]> =>
  ask('GET /nodes/{node}/apt/update', { node });
export const refresh_updates = (node: string): Work =>
  ask('POST /nodes/{node}/apt/update', { node });

export const all_guests = (node: string, action: 'startall' | 'stopall'): Work =>
  ask(`POST /nodes/{node}/${action}`, { node });

export type DatacenterOptions = Record<string, unknown>;
export const get_options = (): Promise<DatacenterOptions> => ask('GET /cluster/options');
export const set_options = (params: Parameters<'PUT /cluster/options'>): Work =>
  ask('PUT /cluster/options', params);
