import type { Parameters } from '../generated/api';
import { ask, type Work } from './client';
import type {
  NetworkInterface,
  NodeStatus,
  NodeStorage,
  RrdPoint,
  StorageDefinition,
  Volume,
} from './types';

export const frames = ['hour', 'day', 'week', 'month', 'year'] as const;
export type Frame = (typeof frames)[number];

export const node_status = (node: string): Promise<NodeStatus> =>
  ask('GET /nodes/{node}/status', { node });
export const node_rrd = (node: string, timeframe: Frame): Promise<RrdPoint[]> =>
  ask('GET /nodes/{node}/rrddata', { node, timeframe, cf: 'AVERAGE' });
export const node_networks = (node: string): Promise<NetworkInterface[]> =>
  ask('GET /nodes/{node}/network', { node });
export const node_bridges = (node: string): Promise<NetworkInterface[]> =>
  ask('GET /nodes/{node}/network', { node, type: 'any_bridge' });
export const node_storages = (node: string, content?: string): Promise<NodeStorage[]> =>
  ask('GET /nodes/{node}/storage', { node, content, enabled: 1 });
export const next_id = async (): Promise<string> => {
  const id: string | number = await ask('GET /cluster/nextid');
  return String(id);
};

export const storage_status = (node: string, storage: string): Promise<NodeStorage> =>
  ask('GET /nodes/{node}/storage/{storage}/status', { node, storage });
export const storage_rrd = (node: string, storage: string, timeframe: Frame): Promise<RrdPoint[]> =>
  ask('GET /nodes/{node}/storage/{storage}/rrddata', { node, storage, timeframe, cf: 'AVERAGE' });
export const list_volumes = (node: string, storage: string, content?: string): Promise<Volume[]> =>
  ask('GET /nodes/{node}/storage/{storage}/content', { node, storage, content });
export const free_volume = (node: string, storage: string, volume: string): Work =>
  ask('DELETE /nodes/{node}/storage/{storage}/content/{volume}', { node, storage, volume });

type Download = Parameters<'POST /nodes/{node}/storage/{storage}/download-url'>;
interface UrlFacts {
  filename?: string;
  mimetype?: string;
  size?: number;
}
export const query_url = (node: string, url: string): Promise<UrlFacts> =>
  ask('GET /nodes/{node}/query-url-metadata', { node, url });
export const download_url = (params: Download): Work =>
  ask('POST /nodes/{node}/storage/{storage}/download-url', params);

export const list_definitions = (): Promise<StorageDefinition[]> => ask('GET /storage');
export const create_definition = (params: Parameters<'POST /storage'>): Work =>
  ask('POST /storage', params);
export const change_definition = (params: Parameters<'PUT /storage/{storage}'>): Work =>
  ask('PUT /storage/{storage}', params);
export const remove_definition = (storage: string): Work =>
  ask('DELETE /storage/{storage}', { storage });
