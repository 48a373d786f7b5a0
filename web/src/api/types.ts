// Shapes of the answers the page reads. Numbers of the wire that stand for truth are 0 or 1.
export type Flag = 0 | 1;

export interface Resource {
  id: string;
  type: 'node' | 'qemu' | 'lxc' | 'storage' | 'pool' | string;
  node?: string;
  status?: string;
  name?: string;
  vmid?: number;
  storage?: string;
  pool?: string;
  tags?: string;
  lock?: string;
  template?: Flag;
  content?: string;
  plugintype?: string;
  shared?: Flag;
  cpu?: number;
  maxcpu?: number;
  mem?: number;
  maxmem?: number;
  disk?: number;
  maxdisk?: number;
  netin?: number;
  netout?: number;
  diskread?: number;
  diskwrite?: number;
  uptime?: number;
  swap?: number;
  maxswap?: number;
  loadavg?: string[];
  acceleration?: string;
  // Why the guests' network of this node is down.
  'network-failure'?: string;
  qmpstatus?: string;
  gone?: Flag;
}

export interface Task {
  upid: string;
  node: string;
  type: string;
  id?: string;
  user: string;
  starttime: number;
  endtime?: number;
  status?: string;
  progress?: number;
  message?: string;
  // Of its log, while it runs: what the stream tells.
  lines?: number;
}

export interface TaskStatus {
  upid: string;
  node: string;
  type: string;
  id?: string;
  user: string;
  starttime: number;
  status: 'running' | 'stopped';
  exitstatus?: string;
}

export interface LogLine {
  n: number;
  t: string;
}

export interface Realm {
  realm: string;
  type: string;
  comment?: string;
  default?: Flag;
  tfa?: string;
}

export interface Ticket {
  ticket: string;
  CSRFPreventionToken: string;
  username: string;
  cap?: Record<string, Record<string, number>>;
  clustername?: string;
  NeedTFA?: Flag;
}

export type Kind = 'qemu' | 'lxc';

export interface GuestRef {
  kind: Kind;
  vmid: number;
  node: string;
}

export interface PendingEntry {
  key: string;
  value?: string | number;
  pending?: string | number;
  delete?: number;
}

export interface GuestStatus {
  status: string;
  qmpstatus?: string;
  name?: string;
  cpu?: number;
  cpus?: number;
  mem?: number;
  maxmem?: number;
  uptime?: number;
  lock?: string;
  agent?: Flag | boolean;
  pid?: number;
  acceleration?: string;
  'running-machine'?: string;
  'running-qemu'?: string;
}

export interface RrdPoint {
  time: number;
  [column: string]: number | undefined;
}

export interface Volume {
  volid: string;
  format?: string;
  size?: number;
  used?: number;
  ctime?: number;
  vmid?: number;
  content?: string;
  notes?: string;
  protected?: Flag;
}

export interface NodeStorage {
  storage: string;
  type: string;
  content: string;
  active?: Flag;
  enabled?: Flag;
  shared?: Flag;
  avail?: number;
  total?: number;
  used?: number;
}

export interface StorageDefinition {
  storage: string;
  type: string;
  content?: string;
  path?: string;
  nodes?: string;
  disable?: Flag;
  shared?: Flag;
  digest?: string;
}

export interface NodeStatus {
  cpuinfo?: { cores?: number; cpus?: number; model?: string; sockets?: number };
  pveversion?: string;
  kversion?: string;
  acceleration?: string;
  'current-kernel'?: { release?: string; sysname?: string };
}

export interface Snapshot {
  name: string;
  description?: string;
  snaptime?: number;
  parent?: string;
  vmstate?: Flag;
  running?: Flag;
}

export interface User {
  userid: string;
  enable?: Flag;
  expire?: number;
  firstname?: string;
  lastname?: string;
  email?: string;
  comment?: string;
  groups?: string | string[];
  'realm-type'?: string;
}

export interface Token {
  tokenid: string;
  privsep?: Flag;
  expire?: number;
  comment?: string;
}

export interface Group {
  groupid: string;
  comment?: string;
  users?: string;
}

export interface Role {
  roleid: string;
  privs?: string;
  special?: Flag;
}

export interface Pool {
  poolid: string;
  comment?: string;
  members?: Resource[];
}

export interface AclEntry {
  path: string;
  type: 'user' | 'group' | 'token';
  ugid: string;
  roleid: string;
  propagate?: Flag;
}

export interface NetworkInterface {
  iface: string;
  type: string;
  active?: Flag;
  autostart?: Flag;
  cidr?: string;
  address?: string;
  gateway?: string;
  bridge_ports?: string;
  comments?: string;
}
