import type { Parameters } from '../generated/api';
import { ask, type Work } from './client';
import type { Pool, Resource } from './types';

export const list_pools = (): Promise<Pool[]> => ask('GET /pools');
export const pool_members = async (poolid: string): Promise<Resource[]> => {
  const pools: Pool[] = await ask('GET /pools', { poolid });
  return pools[0]?.members ?? [];
};
export const create_pool = (params: Parameters<'POST /pools'>): Work => ask('POST /pools', params);
export const change_pool = (params: Parameters<'PUT /pools'>): Work => ask('PUT /pools', params);
export const remove_pool = (poolid: string): Work => ask('DELETE /pools', { poolid });
