import { invalid, missing, ok, refuse } from './routes.mjs';

// Users, groups and roles alike: a list, and one entry by its name.
function collection(list, key, method, id, params, rename) {
  if (method === 'GET') return ok(id ? list.find((one) => one[key] === id) : list);
  if (method === 'POST') {
    if (list.some((one) => one[key] === params[key]))
      return refuse(500, `create ${rename} failed: ${rename} '${params[key]}' already exists`);
    list.push({ enable: 1, ...params });
    return ok(null);
  }
  const at = list.findIndex((one) => one[key] === id);
  if (at < 0) return refuse(500, `${rename} '${id}' does not exist`);
  if (method === 'PUT') Object.assign(list[at], params);
  else list.splice(at, 1);
  return ok(null);
}

export function access(world, method, path, params) {
  const [what, id, sub, token] = path;
  if (what === 'users' && sub === 'token') return tokens(world, method, id, token, params);
  if (what === 'users') {
    if (method === 'POST' && !/^[^\s:/]+@[a-z]+$/i.test(params.userid))
      return invalid({ userid: 'invalid format - value does not look like a valid user name' });
    return collection(world.users, 'userid', method, id, params, 'user');
  }
  if (what === 'groups') return collection(world.groups, 'groupid', method, id, params, 'group');
  if (what === 'roles') return collection(world.roles, 'roleid', method, id, params, 'role');
  if (what === 'password')
    return params.password.length < 8
      ? invalid({ password: 'value must be at least 8 characters long' })
      : ok(null);
  if (what === 'acl' && method === 'GET') return ok(world.acl);
  if (what === 'acl') {
    const type = ['user', 'group', 'token'].find((one) => params[`${one}s`]);
    const entry = {
      path: params.path,
      type,
      ugid: params[`${type}s`],
      roleid: params.roles,
      propagate: Number(params.propagate ?? 1),
    };
    world.acl = world.acl.filter(
      (one) => !(one.path === entry.path && one.ugid === entry.ugid && one.roleid === entry.roleid),
    );
    if (!Number(params.delete)) world.acl.push(entry);
    return ok(null);
  }
  return missing(method, ['access', ...path]);
}

function tokens(world, method, user, id, params) {
  const list = world.tokens.get(user) ?? [];
  world.tokens.set(user, list);
  if (method === 'GET') return ok(list);
  if (method === 'POST') {
    list.push({
      tokenid: id,
      privsep: Number(params.privsep),
      expire: Number(params.expire ?? 0),
      comment: params.comment,
    });
    return ok({
      'full-tokenid': `${user}!${id}`,
      value: '0b4c6a0e-6c1f-4a55-9d1f-0f6f1d2f3a4b',
      info: {},
    });
  }
  const at = list.findIndex((one) => one.tokenid === id);
  if (method === 'PUT') Object.assign(list[at], params);
  else list.splice(at, 1);
  return ok(null);
}
