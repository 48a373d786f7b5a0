import { get, post, put, remove, segment } from './client';
import type {
  NetworkInterface,
  NodeStatus,
  NodeStorage,
  RrdPoint,
  StorageDefinition,
  Volume,
} from './types';

const node_path = (node: string) => `/nodes/${segment(node)}`;
const storage_path = (node: string, storage: string) =>
  `${node_path(node)}/storage/${segment(storage)}`;

export const node_status = (node: string) => get<NodeStatus>(`${node_path(node)}/status`);
export const node_rrd = (node: string, timeframe: string) =>
  get<RrdPoint[]>(`${node_path(node)}/rrddata`, { timeframe, cf: 'AVERAGE' });
export const node_networks = (node: string) =>
  get<NetworkInterface[]>(`${node_path(node)}/network`);
export const node_bridges = (node: string) =>
  get<NetworkInterface[]>(`${node_path(node)}/network`, { type: 'any_bridge' });
export const node_storages = (node: string, content?: string) =>
  get<NodeStorage[]>(`${node_path(node)}/storage`, { content, enabled: 1 });
export const next_id = async () => String(await get<string | number>('/cluster/nextid'));
export const version = () => get<{ version: string; release: string }>('/version');

export const storage_status = (node: string, storage: string) =>
  get<NodeStorage>(`${storage_path(node, storage)}/status`);
export const storage_rrd = (node: string, storage: string, timeframe: string) =>
  get<RrdPoint[]>(`${storage_path(node, storage)}/rrddata`, { timeframe, cf: 'AVERAGE' });
export const list_volumes = (node: string, storage: string, content?: string) =>
  get<Volume[]>(`${storage_path(node, storage)}/content`, { content });
export const free_volume = (node: string, storage: string, volid: string) =>
  remove(`${storage_path(node, storage)}/content/${segment(volid)}`);
export const download_url = (
  node: string,
  storage: string,
  params: Record<string, string | boolean | undefined>,
) => post(`${storage_path(node, storage)}/download-url`, params);

export const list_definitions = () => get<StorageDefinition[]>('/storage');
export const create_definition = (params: Record<string, string | number | undefined>) =>
  post('/storage', params);
export const change_definition = (
  storage: string,
  params: Record<string, string | number | undefined>,
) => put(`/storage/${segment(storage)}`, params);
export const remove_definition = (storage: string) => remove(`/storage/${segment(storage)}`);
