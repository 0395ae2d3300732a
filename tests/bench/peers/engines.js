// The two engines behind the same three calls: run(n) → samples in ms, output(), close().
'use strict';
const fs = require('fs');
const path = require('path');
const { spawn, spawnSync } = require('child_process');
const readline = require('readline');

const sleep = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

// A program that runs one network when told to, by the lines of `ghostbench bench --serve`.
class Child {
  static async start(program, args, environment) {
    const self = new Child();
    self.name = path.basename(program);
    self.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
    self.ended = new Promise((done) => self.child.on('close', done));
    self.child.stdin.on('error', () => {});
    self.lines = readline.createInterface({ input: self.child.stdout })[Symbol.asyncIterator]();
    self.about = await self.answer();
    return self;
  }
  async answer() {
    const line = await this.lines.next();
    if (line.done) throw new Error(`${this.name} ended (its message stands above)`);
    return JSON.parse(line.value);
  }
  async ask(question) {
    this.child.stdin.write(question + '\n');
    return this.answer();
  }
  async run(n) {
    return (await this.ask(`run ${n}`)).samples_ms;
  }
  async input() {
    return Float32Array.from((await this.ask('input')).values);
  }
  async output() {
    return Float32Array.from((await this.ask('output')).values);
  }
  get pid() {
    return this.child.pid;
  }
  async close() {
    this.child.stdin.end();
    await this.ended;
  }
}

const Ghostbench = {
  open(program, network, options) {
    const sets = (network.set || []).flatMap((s) => ['--set', s]);
    return Child.start(program, ['bench', network.name, '--serve', '--weights', options.weights, ...sets,
      '--threads', String(options.threads), '--batch', String(options.batch)]);
  },
};

// ONNX Runtime in this process. Its binding is called directly: the public run() waits for a turn of
// the event loop, which would count against it.
class OnnxRuntime {
  constructor(folder) {
    const need = (name) => require(path.resolve(folder, 'node_modules', name));
    this.common = need('onnxruntime-common');
    const { binding, initOrt } = need('onnxruntime-node/dist/binding.js');
    initOrt();
    this.binding = binding;
    this.version = need('onnxruntime-node/package.json').version;
  }
  open(model, shape, input, threads) {
    const session = new this.binding.InferenceSession();
    session.loadModel(path.resolve(model), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const feeds = { input: new this.common.Tensor('float32', input, shape) };
    let last = null;
    return {
      async run(n) {
        const samples = [];
        for (let i = 0; i < n; i++) {
          const start = process.hrtime.bigint();
          last = session.run(feeds, { output: null }, {});
          samples.push(Number(process.hrtime.bigint() - start) / 1e6);
        }
        return samples;
      },
      async output() {
        return last.output.data;
      },
      async close() {
        session.dispose();
      },
    };
  }
}

// Waits until no thread of the process runs, but for our own first one: both engines' threads spin
// for a while when their work is done, and must not do so in the other's turn. Returns the ms it
// took, or NaN when a thread still ran after two seconds.
function settle(pid) {
  const start = Date.now();
  for (;;) {
    let busy = false;
    for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
      if (pid === process.pid && Number(task) === pid) continue;
      let stat;
      try {
        stat = fs.readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1');
      } catch {
        continue; // it has ended
      }
      busy = busy || stat[stat.lastIndexOf(')') + 2] === 'R';
    }
    if (!busy) return Date.now() - start;
    if (Date.now() - start > 2000) return NaN;
    sleep(1);
  }
}

// The processors this program may run on, by number.
function processors() {
  const [, ranges] = /^Cpus_allowed_list:\s*(\S+)/m.exec(fs.readFileSync('/proc/self/status', 'latin1'));
  return ranges.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

// Those of round i: as many as there are threads, moving on by one from round to round.
function turn(all, i, threads) {
  return Array.from({ length: Math.min(threads, all.length) }, (_, k) => all[(i + k) % all.length]);
}

// Keeps every thread of the processes on the given processors.
function hold(pids, cpus) {
  for (const pid of pids) {
    const done = spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cpus.join(','), String(pid)], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`taskset could not hold process ${pid} on processors ${cpus}: ${done.error || done.stderr}`);
  }
}

module.exports = { Child, Ghostbench, OnnxRuntime, settle, processors, turn, hold };
