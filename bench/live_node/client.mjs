// Many viewers of one room in one process, over bare sockets so that the client costs little: it speaks WebSocket, Engine.IO and Socket.IO as far as
// a viewer has to. Commands come as lines of JSON on stdin, answers leave as lines of JSON on stdout.
//
//   {"do": "connect", "port", "tickets": [...]}            → {"connected", "refused": [...], "seconds"}
//   {"do": "talk", "seconds", "rate", "poll"}              → {"sent", "refused", "lines", "doubles", "gaps", "p50", "p99", "worst", "voters"}
//   {"do": "vote", "seconds", "poll", "options"}           → {"acknowledged", "refused", "voters": [least, most], "chosen": [...]}
//   {"do": "close", "poll", "ticket"}                      → {"results": [{"counts", "voters", "seen"}]}: each result with how many saw it
//
// Each line of chat carries the moment it was to be sent: what the client is late with counts against the server, and the same for each server.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const AT_ONCE = 60;
const SETTLING_MS = 3000;
const SPOKESMEN = 60; // each says a line now and then: one person may say eight in ten seconds
const FILLER = 'pelayanan publik yang ramah bagi semua warga '.repeat(2);

const viewers = [];
let measured = null;
let address = 0;

class Viewer {
  constructor(port, ticket, index) {
    this.index = index;
    this.left = Buffer.alloc(0);
    this.asked = new Map();
    this.number = 0;
    this.last = null; // number of the last frame
    this.lines = 0;
    this.doubles = 0;
    this.gaps = 0;
    this.voters = 0;
    this.result = null;
    this.ready = new Promise((resolve) => (this.settle = resolve));
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.ticket = ticket;
    this.socket.once('connect', () =>
      this.socket.write(
        `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      ),
    );
    this.socket.on('data', (data) => this.take(data));
    this.socket.on('error', () => this.settle('lost'));
    this.socket.on('close', () => this.settle('lost'));
  }

  take(data) {
    let buffer = this.left.length ? Buffer.concat([this.left, data]) : data;
    if (!this.shaken) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) {
        this.left = buffer;
        return;
      }
      this.shaken = true;
      buffer = buffer.subarray(end + 4);
    }
    while (buffer.length >= 2) {
      let length = buffer[1] & 127;
      let start = 2;
      if (length === 126) {
        if (buffer.length < 4) break;
        length = buffer.readUInt16BE(2);
        start = 4;
      } else if (length === 127) {
        if (buffer.length < 10) break;
        length = Number(buffer.readBigUInt64BE(2));
        start = 10;
      }
      if (buffer.length < start + length) break;
      if ((buffer[0] & 15) === 1) this.hear(buffer.latin1Slice(start, start + length));
      buffer = buffer.subarray(start + length);
    }
    this.left = buffer.length ? Buffer.from(buffer) : Buffer.alloc(0);
  }

  send(text) {
    const body = Buffer.from(text);
    const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, body.length >> 8, body.length & 255]);
    this.socket.write(Buffer.concat([head, Buffer.alloc(4), body])); // a mask of zeros masks nothing
  }

  ask(event, body) {
    const number = this.number++;
    this.send(`42/room,${number}${JSON.stringify([event, body])}`);
    return new Promise((resolve) => this.asked.set(String(number), resolve));
  }

  hear(said) {
    if (said.startsWith('42/room,["frame"')) this.takeFrame(said);
    else if (said === '2') this.send('3');
    else if (said.startsWith('0{')) this.send(`40/room,${JSON.stringify({ ticket: this.ticket })}`);
    else if (said.startsWith('40/room')) this.ask('join', {}).then((answer) => this.settle(answer?.error ?? 'joined'));
    else if (said.startsWith('44/room')) this.settle(JSON.parse(said.slice(8)).message);
    else if (said.startsWith('43/room,')) {
      const bracket = said.indexOf('[');
      const number = said.slice(8, bracket);
      this.asked.get(number)?.(JSON.parse(said.slice(bracket))[0] ?? {});
      this.asked.delete(number);
    }
  }

  takeFrame(said) {
    if (said.startsWith('"all"', 21)) {
      const number = parseInt(said.slice(31), 10);
      if (this.last !== null && number <= this.last) this.doubles++;
      if (this.last !== null && number > this.last + 1) this.gaps++;
      this.last = number;
    }
    for (let at = said.indexOf('t='); at >= 0; at = said.indexOf('t=', at + 15)) {
      if (said[at + 15] !== ';') continue;
      this.lines++;
      measured?.push(Date.now() - Number(said.slice(at + 2, at + 15)));
    }
    if (said.includes('"poll_shown"')) {
      for (const [kind, { poll }] of JSON.parse(said.slice(said.indexOf('[')))[1].c) if (kind === 'poll_shown' && poll.counts) this.result = poll;
    }
    const counted = said.lastIndexOf('"voters":');
    if (counted >= 0) this.voters = parseInt(said.slice(counted + 9), 10);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function enter({ port, tickets }) {
  address = port;
  const begun = Date.now();
  const refused = [];
  for (let start = 0; start < tickets.length; start += AT_ONCE) {
    const next = tickets.slice(start, start + AT_ONCE).map((ticket, index) => new Viewer(port, ticket, start + index));
    viewers.push(...next);
    for (const viewer of next) {
      const how = await viewer.ready;
      if (how !== 'joined') refused.push(how);
    }
  }
  await pause(1000);
  return { connected: viewers.length - refused.length, refused: refused.slice(0, 5), seconds: (Date.now() - begun) / 1000 };
}

async function talk({ seconds, rate, poll }) {
  for (const viewer of viewers) Object.assign(viewer, { lines: 0, doubles: 0, gaps: 0 });
  measured = [];
  const answers = [];
  let lines = 0;
  const begun = Date.now() + 200;
  for (let turn = 0; turn < seconds * rate; turn++) {
    const scheduled = Math.round(begun + (turn * 1000) / rate);
    if (scheduled > Date.now()) await pause(scheduled - Date.now());
    if (turn % 10 < 6) {
      lines++;
      const text = `t=${scheduled};${FILLER}`.slice(0, 90);
      answers.push(viewers[turn % SPOKESMEN].ask('say', { key: `bench-${process.pid}-${scheduled}`, text }));
    } else {
      answers.push(viewers[SPOKESMEN + (turn % (viewers.length - SPOKESMEN))].ask('vote', { poll, round: 1, choices: [turn % 3] }));
    }
  }
  const refused = (await Promise.all(answers)).filter((answer) => answer.error).map((answer) => answer.error);
  await pause(SETTLING_MS);
  const late = measured.sort((a, b) => a - b);
  measured = null;
  const sum = (name) => viewers.reduce((total, viewer) => total + viewer[name], 0);
  const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
  return {
    sent: lines, events: seconds * rate, refused, lines: sum('lines'), doubles: sum('doubles'), gaps: sum('gaps'),
    p50: at(0.5), p99: at(0.99), worst: late.at(-1), voters: extremes('voters'),
  };
}

async function vote({ seconds, poll, options }) {
  const chosen = Array(options).fill(0);
  const begun = Date.now() + 200;
  const answers = [];
  for (const [turn, viewer] of viewers.entries()) {
    const scheduled = begun + (turn * seconds * 1000) / viewers.length;
    if (scheduled > Date.now() + 1) await pause(scheduled - Date.now());
    chosen[turn % options]++;
    answers.push(viewer.ask('vote', { poll, round: 1, choices: [turn % options] }));
  }
  const given = Date.now();
  const said = await Promise.all(answers);
  const answered = Date.now();
  await pause(SETTLING_MS);
  const refused = said.filter((answer) => answer.error).map((answer) => answer.error);
  return { acknowledged: said.length - refused.length, refused: refused.slice(0, 5), voters: extremes('voters'), chosen, seconds: (given - begun) / 1000, behind: (answered - given) / 1000 };
}

async function close({ poll, ticket }) {
  const moderator = new Viewer(address, ticket, viewers.length);
  const how = await moderator.ready;
  const answer = how === 'joined' ? await moderator.ask('close_poll', { poll }) : { error: how };
  await pause(SETTLING_MS);
  const seen = {};
  for (const { result } of viewers) {
    const said = JSON.stringify({ counts: result?.counts ?? [], voters: result?.voters ?? 0 });
    seen[said] = (seen[said] ?? 0) + 1;
  }
  return { error: answer.error ?? null, results: Object.entries(seen).map(([said, count]) => ({ ...JSON.parse(said), seen: count })) };
}

function extremes(name) {
  const values = viewers.map((viewer) => viewer[name]);
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

const acts = { connect: enter, talk, vote, close };
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await acts[command.do](command))}\n`);
}
process.exit(0);
