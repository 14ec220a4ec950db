// Talks to the server whose address is the argument, by the built package and web APIs alone, and prints what it saw.
// Runs in Deno (which allows it the network and nothing else), in Bun and in Node.js.

import { Chat, TutorClient, initialTurn, reduce } from "../../dist/index.js";

const [baseUrl] = globalThis.Deno?.args ?? process.argv.slice(2);
const client = new TutorClient({ baseUrl });

let turn = initialTurn;
for await (const event of client.streamChat({ message: "Why is the sky blue?" })) turn = reduce(turn, event);

const chat = new Chat({ client, sessionId: turn.sessionId });
chat.open();
const reply = await chat.send("What is a prime number?");
chat.close();

const { turnId, sessionId, status, text } = turn;
console.log(JSON.stringify({ turnId, sessionId, status, text, reply: reply?.content ?? null }));
