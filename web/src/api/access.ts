import { get, post, put, remove, segment, type Params } from './client';
import type { AclEntry, Group, Realm, Role, Token, User } from './types';

export const list_realms = () => get<Realm[]>('/access/domains');

export const list_users = () => get<User[]>('/access/users', { full: 1 });
export const get_user = (userid: string) => get<User>(`/access/users/${segment(userid)}`);
export const create_user = (params: Params) => post('/access/users', params);
export const change_user = (userid: string, params: Params) =>
  put(`/access/users/${segment(userid)}`, params);
export const remove_user = (userid: string) => remove(`/access/users/${segment(userid)}`);
export const set_password = (userid: string, password: string, own: string | undefined) =>
  put('/access/password', { userid, password, 'confirmation-password': own });

const token_path = (userid: string, tokenid: string) =>
  `/access/users/${segment(userid)}/token/${segment(tokenid)}`;
export const list_tokens = (userid: string) =>
  get<Token[]>(`/access/users/${segment(userid)}/token`);
export const create_token = (userid: string, tokenid: string, params: Params) =>
  post<{ value: string; 'full-tokenid': string }>(token_path(userid, tokenid), params);
export const change_token = (userid: string, tokenid: string, params: Params) =>
  put(token_path(userid, tokenid), params);
export const remove_token = (userid: string, tokenid: string) =>
  remove(token_path(userid, tokenid));

export const list_groups = () => get<Group[]>('/access/groups');
export const create_group = (params: Params) => post('/access/groups', params);
export const change_group = (groupid: string, params: Params) =>
  put(`/access/groups/${segment(groupid)}`, params);
export const remove_group = (groupid: string) => remove(`/access/groups/${segment(groupid)}`);

export const list_roles = () => get<Role[]>('/access/roles');
export const create_role = (params: Params) => post('/access/roles', params);
export const change_role = (roleid: string, params: Params) =>
  put(`/access/roles/${segment(roleid)}`, params);
export const remove_role = (roleid: string) => remove(`/access/roles/${segment(roleid)}`);

export const list_acl = () => get<AclEntry[]>('/access/acl');
export const change_acl = (params: Params) => put('/access/acl', params);
