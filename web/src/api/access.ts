import type { Parameters } from '../generated/api';
import { ask, type Work } from './client';
import type { AclEntry, Group, Realm, Role, Token, User } from './types';

// A call's parameters without the names that stand in its path.
type Rest<C extends keyof import('../generated/api').Methods, K extends string> = Omit<
  Parameters<C>,
  K
>;

export const list_realms = (): Promise<Realm[]> => ask('GET /access/domains');

export const change_realm = (params: Parameters<'PUT /access/domains/{realm}'>): Work =>
  ask('PUT /access/domains/{realm}', params);

export const list_users = (): Promise<User[]> => ask('GET /access/users', { full: 1 });
export const create_user = (params: Parameters<'POST /access/users'>): Work =>
  ask('POST /access/users', params);
export const change_user = (
  userid: string,
  params: Rest<'PUT /access/users/{userid}', 'userid'>,
): Work => ask('PUT /access/users/{userid}', { ...params, userid });
export const remove_user = (userid: string): Work =>
  ask('DELETE /access/users/{userid}', { userid });
export const set_password = (userid: string, password: string, own: string | undefined): Work =>
  ask('PUT /access/password', { userid, password, 'confirmation-password': own });

export const list_tokens = (userid: string): Promise<Token[]> =>
  ask('GET /access/users/{userid}/token', { userid });
type TokenSettings = Rest<'POST /access/users/{userid}/token/{tokenid}', 'userid' | 'tokenid'>;
export const create_token = (
  userid: string,
  tokenid: string,
  params: TokenSettings,
): Promise<{ value: string; 'full-tokenid': string }> =>
  ask('POST /access/users/{userid}/token/{tokenid}', { ...params, userid, tokenid });
export const change_token = (userid: string, tokenid: string, params: TokenSettings): Work =>
  ask('PUT /access/users/{userid}/token/{tokenid}', { ...params, userid, tokenid });
export const remove_token = (userid: string, tokenid: string): Work =>
  ask('DELETE /access/users/{userid}/token/{tokenid}', { userid, tokenid });

export const list_groups = (): Promise<Group[]> => ask('GET /access/groups');
export const create_group = (groupid: string, comment?: string): Work =>
  ask('POST /access/groups', { groupid, comment });
export const change_group = (groupid: string, comment: string): Work =>
  ask('PUT /access/groups/{groupid}', { groupid, comment });
export const remove_group = (groupid: string): Work =>
  ask('DELETE /access/groups/{groupid}', { groupid });

export const list_roles = (): Promise<Role[]> => ask('GET /access/roles');
export const create_role = (roleid: string, privs: string): Work =>
  ask('POST /access/roles', { roleid, privs });
export const change_role = (roleid: string, privs: string): Work =>
  ask('PUT /access/roles/{roleid}', { roleid, privs });
export const remove_role = (roleid: string): Work =>
  ask('DELETE /access/roles/{roleid}', { roleid });

export const list_acl = (): Promise<AclEntry[]> => ask('GET /access/acl');
export const change_acl = (params: Parameters<'PUT /access/acl'>): Work =>
  ask('PUT /access/acl', params);
