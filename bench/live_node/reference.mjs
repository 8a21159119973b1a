// What the product is measured against: Node's own socket.io server with the same room, and nothing else: no rows, no tickets, no rights.
// GATHER=1 makes it gather what happens into a frame each 250 ms, as the product does.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const gathers = process.env.GATHER === '1';
const server = createServer((_request, answer) => answer.end('ok'));
const io = new Server(server, { serveClient: false });
const room = io.of('/room');
const votes = new Map();
let waiting = [];
let number = 0;

function tell(kind, body) {
  if (gathers) waiting.push([kind, body]);
  else room.to('all').emit('frame', { s: 'all', n: ++number, c: [[kind, body]] });
}

if (gathers) {
  setInterval(() => {
    if (waiting.length) room.to('all').emit('frame', { s: 'all', n: ++number, c: waiting });
    waiting = [];
  }, 250);
}

room.on('connection', (socket) => {
  socket.on('join', (_body, answer) => {
    socket.join('all');
    answer({ numbers: { all: number }, state: {} });
  });
  socket.on('say', ({ key, text }, answer) => {
    const message = { id: key, name: 'Tamu', unit: 'Pemko Batam', text, at: new Date().toISOString() };
    tell('message_said', { message });
    answer({ message });
  });
  socket.on('vote', ({ choices }, answer) => {
    votes.set(socket.id, choices);
    tell('poll_counted', { id: 1, round: 1, voters: votes.size });
    answer({});
  });
});

server.listen(Number(process.env.PORT), '127.0.0.1');
