// The demo guest's disk, booted by QEMU alone: it must start from its disk through either
// firmware on any of the usual disk controllers, offer a sign-in and the guest agent, obey the
// power button, and keep what was written to /data.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";

const tools = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  "../../tools/images");
const firmware = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd"]
  .find((file) => existsSync(file));
const missing = ["qemu-system-x86_64", "syslinux", "mcopy", "cpio"]
  .filter((program) => spawnSync("sh", ["-c", `PATH=$PATH:/usr/sbin command -v ${program}`]).status);
const skip = missing.length > 0 && `not installed: ${missing.join(", ")}`;
const bootDeadline = 90_000;

function within(milliseconds, what, promise) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)),
      milliseconds);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

async function connect(socket, process) {
  while (process.exitCode === null && process.signalCode === null) {
    const connection = net.connect(socket);
    const connected = await new Promise((resolve) => {
      connection.once("connect", () => resolve(true));
      connection.once("error", () => resolve(false));
    });
    if (connected) return connection;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`QEMU ended with status ${process.exitCode}`);
}

// One JSON line each way: QMP and the guest agent both speak so.
class JsonChannel {
  #buffer = "";
  #waiting = [];
  constructor(connection) {
    this.connection = connection;
    connection.on("data", (data) => {
      this.#buffer += data;
      for (let end; (end = this.#buffer.indexOf("\n")) >= 0;) {
        const message = JSON.parse(this.#buffer.slice(0, end));
        this.#buffer = this.#buffer.slice(end + 1);
        if (!("event" in message) && !("QMP" in message)) this.#waiting.shift()?.(message);
      }
    });
  }
  send(execute, args = {}) {
    this.connection.write(JSON.stringify({ execute, arguments: args }) + "\n");
  }
  call(execute, args = {}) {
    const answer = new Promise((resolve) => this.#waiting.push(resolve));
    this.send(execute, args);
    return within(30_000, execute, answer);
  }
}

class Machine {
  constructor(folder, name, options) {
    const socket = (kind) => path.join(folder, `${name}.${kind}`);
    this.output = "";
    this.sockets = { qmp: socket("qmp"), serial: socket("serial"), agent: socket("agent") };
    const chardev = (kind) => ["-chardev", `socket,id=${kind},path=${socket(kind)},server=on,wait=off`];
    this.process = spawn("qemu-system-x86_64", [
      "-accel", "tcg", "-m", options.includes("q35") ? "512" : "256", "-display", "none", "-nodefaults", "-vga", "std",
      ...chardev("qmp"), "-mon", "chardev=qmp,mode=control",
      ...chardev("serial"), "-serial", "chardev:serial",
      ...chardev("agent"), "-device", "virtio-serial",
      "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
      "-netdev", "user,id=net0,restrict=on", ...options,
    ], { stdio: ["ignore", "ignore", "inherit"] });
    this.exited = new Promise((resolve) => this.process.once("exit", resolve));
  }
  async open() {
    this.serial = await connect(this.sockets.serial, this.process);
    this.serial.on("data", (data) => {
      this.output += data;
      this.check?.();
    });
    this.serial.on("close", () => this.ended?.());
    this.qmp = new JsonChannel(await connect(this.sockets.qmp, this.process));
    await this.qmp.call("qmp_capabilities");
  }
  async prints(text, milliseconds = 30_000) {
    const printed = new Promise((resolve, reject) => {
      this.check = () => { if (this.output.includes(text)) resolve(); };
      this.ended = () => reject(new Error(`QEMU ended before "${text}"`));
      this.check();
    });
    await within(milliseconds, `"${text}" on the serial port`, printed)
      .catch((error) => { throw new Error(`${error.message}; it said:\n${this.output}`); });
    const before = this.output.slice(0, this.output.indexOf(text));
    this.output = this.output.slice(before.length + text.length);
    return before;
  }
  async signIn() {
    await this.prints("login: ", bootDeadline);
    this.serial.write("root\n");
    await this.prints("Password: ");
    this.serial.write("posada\n");
    await this.prints("~ # ");
  }
  // What the command printed. The answer is told from the echo of what was typed by the quotes in the marks.
  async run(command) {
    this.serial.write(`echo be''gin; ${command}; echo e''nd\n`);
    await this.prints("begin\r\n");
    return (await this.prints("end\r\n")).replaceAll("\r", "");
  }
  async agent() {
    const channel = new JsonChannel(await connect(this.sockets.agent, this.process));
    // What is written before the agent listens is lost, so ask until it answers.
    const answer = channel.call("guest-ping");
    const again = setInterval(() => channel.send("guest-ping"), 2000);
    await answer.finally(() => clearInterval(again));
    return channel;
  }
  stopped() {
    return within(60_000, "power off", this.exited);
  }
  kill() {
    if (this.process.exitCode === null) this.process.kill("SIGKILL");
    return this.exited;
  }
}

describe("demo disk image", { skip }, () => {
  let folder, disk;
  const machines = [];
  const start = async (...options) => {
    const machine = new Machine(folder, `m${machines.length}`, options);
    machines.push(machine);
    await within(20_000, "QEMU's sockets", machine.open());
    return machine;
  };
  const drive = (device) => ["-drive", `file=${disk},format=raw,if=none,id=disk0`,
    ...device.flatMap((one) => ["-device", one])];

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "posada-demo-image-"));
    const cache = process.env.POSADA_IMAGE_CACHE ?? path.join(tmpdir(), "posada-images");
    const image = path.join(folder, "demo.img");
    const made = spawnSync(path.join(tools, "demo-vm"), [image, "--cache", cache],
      { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    disk = path.join(folder, "disk.img");
    copyFileSync(image, disk);
  });
  afterEach(() => Promise.all(machines.map((machine) => machine.kill())));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("boots q35 from a virtio disk, offers sign-in and agent, and the agent shuts it down", async () => {
    const machine = await start("-M", "q35", ...drive(["virtio-scsi-pci", "scsi-hd,drive=disk0"]),
      "-device", "virtio-net-pci,netdev=net0", "-device", "virtio-balloon-pci",
      "-device", "virtio-rng-pci");
    await machine.signIn();
    assert.match(await machine.run("cat /data/boots"), /^1$/m);
    await machine.run("echo kept > /data/note");
    const agent = await machine.agent();
    const system = await agent.call("guest-get-osinfo");
    assert.equal(system.return.id, "posada-demo");
    const page = await machine.run("wget -q -O - http://127.0.0.1/cgi-bin/guest");
    assert.match(page, /<h1>demo<\/h1>/);
    const address = await machine.run(
      "until ip -4 -o addr show eth0 | grep -q inet; do sleep 0.2; done; ip -4 -o addr show eth0");
    assert.match(address, /inet 10\.0\.2\./);
    agent.send("guest-shutdown", { mode: "powerdown" });
    assert.equal(await machine.stopped(), 0);
  });

  test("boots pc from an IDE disk, keeps /data, and the power button shuts it down", async () => {
    const machine = await start("-M", "pc", ...drive(["ide-hd,drive=disk0,bus=ide.0"]),
      "-device", "e1000,netdev=net0");
    await machine.signIn();
    assert.match(await machine.run("cat /data/boots /data/note"), /^2\nkept$/m);
    await machine.qmp.call("system_powerdown");
    assert.equal(await machine.stopped(), 0);
  });

  test("boots through UEFI firmware", { skip: !firmware && "OVMF is not installed" }, async () => {
    const machine = await start("-M", "q35", "-drive",
      `if=pflash,format=raw,unit=0,readonly=on,file=${firmware}`,
      ...drive(["virtio-blk-pci,drive=disk0"]), "-device", "rtl8139,netdev=net0");
    await machine.signIn();
    assert.match(await machine.run("ls /sys/firmware"), /efi/);
    await machine.qmp.call("system_powerdown");
    assert.equal(await machine.stopped(), 0);
  });

  test("boots q35 from a SATA disk, and its agent answers", async () => {
    const machine = await start("-M", "q35", ...drive(["ide-hd,drive=disk0,bus=ide.0"]),
      "-device", "vmxnet3,netdev=net0");
    await machine.agent();
    await machine.qmp.call("system_powerdown");
    assert.equal(await machine.stopped(), 0);
  });
});
