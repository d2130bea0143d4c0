// Runs the code of CloudFront Functions: one JSON request a line in, one JSON answer a line out.
'use strict';
const readline = require('node:readline');
const vm = require('node:vm');

const LIMIT_MS = 200;
const compiled = new Map();

function load(code) {
  if (!compiled.has(code)) {
    const context = vm.createContext({ console: { log() {} } }, { codeGeneration: { strings: false } });
    vm.runInContext(code, context, { timeout: LIMIT_MS });
    compiled.set(code, context);
  }
  return compiled.get(code);
}

async function run({ code, event }) {
  const context = load(code);
  // As text, so that no object of this process reaches the function.
  const call = `handler(JSON.parse(${JSON.stringify(JSON.stringify(event))}))`;
  return await vm.runInContext(call, context, { timeout: LIMIT_MS });
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, ...request } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ id, result: await run(request) }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: String(error) }));
  }
});
