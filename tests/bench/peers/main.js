// Compares ONNX Runtime with ghostbench: outputs first, then times, turn by turn.
// usage: node main.js BUILD RESULTS   (environment: see README.md)
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { execFileSync } = require('child_process');
const { Ghostbench, OnnxRuntime, settle, processors, turn, hold } = require('./engines.js');
const { median, summarise } = require('./stats.js');
const { table } = require('./table.js');
const zoo = require('./networks.js');

const [build, results] = process.argv.slice(2);
const program = path.resolve(build, 'ghostbench');
const work = path.join(build, 'peers');
const TOLERANCE = 1e-4; // of the outputs' spread
const TURN_MS = 30; // a turn lasts about as long, at least one run

function list(name, fallback) {
  const text = process.env[name];
  return text ? text.split(',').map((s) => s.trim()) : fallback;
}
function whole(name, fallback) {
  return list(name, fallback).map((text) => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < 1) throw new Error(`${name}=${text} is not allowed: integers from 1 on`);
    return n;
  });
}

const ghostbench = (...args) => execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const say = (text) => process.stderr.write(text + '\n');
const title = (network) => [network.label || network.name, ...(network.label ? [] : network.set || [])].join(' ');

// Both engines with the same weights and input; the outputs' difference as a share of the spread.
async function open(ort, network, threads, batch) {
  const sets = (network.set || []).flatMap((s) => ['--set', s]);
  const weights = path.join(work, 'weights.safetensors');
  const model = path.join(work, 'model.onnx');
  ghostbench('init', network.name, ...sets, ...zoo.init(network.name), '-o', weights);
  ghostbench('export', network.name, ...sets, '--weights', weights, '--batch', batch, '-o', model);
  const ours = await Ghostbench.open(program, network, { weights, threads, batch });
  const theirs = ort.open(model, ours.about.input, await ours.input(), threads);
  await ours.run(1);
  await theirs.run(1);
  const [a, b] = [await ours.output(), await theirs.output()];
  if (a.length !== b.length) throw new Error(`${title(network)}: ${a.length} outputs, ONNX Runtime has ${b.length}`);
  let low = Infinity, high = -Infinity, worst = 0;
  for (let i = 0; i < a.length; i++) {
    low = Math.min(low, b[i]);
    high = Math.max(high, b[i]);
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= worst)) worst = difference; // a NaN stays
  }
  const close = async () => {
    await ours.close();
    await theirs.close();
  };
  return { ours, theirs, spread: high - low, difference: worst / (high - low), close };
}

async function agree(ort) {
  const names = ghostbench('list', '--names', 'architectures').trim().split(/\s+/);
  const rows = [];
  for (const network of [...names.map((name) => ({ name })), ...zoo.variants])
    for (const batch of [1, 2]) {
      const pair = await open(ort, network, 1, batch);
      const good = pair.difference <= TOLERANCE;
      rows.push({ network: title(network), batch, spread: pair.spread, difference: pair.difference, agrees: good });
      say(`${good ? 'ok     ' : 'DIFFERS'} ${title(network)}, batch ${batch}: off by ${pair.difference.toExponential(1)} of the spread ${pair.spread.toPrecision(3)}`);
      await pair.close();
    }
  return rows;
}

// What one call costs beside the work.
async function overhead(ort) {
  const network = { name: 'tests/bench/peers/identity.xml' };
  const pair = await open(ort, network, 1, 1);
  await pair.theirs.run(200);
  const result = { onnxruntime_ms: median(await pair.theirs.run(1000)), ghostbench_ms: median(await pair.ours.run(1000)) };
  await pair.close();
  return result;
}

async function time(ort, network, threads, batch, rounds) {
  const pair = await open(ort, network, threads, batch);
  if (!(pair.difference <= TOLERANCE)) {
    await pair.close();
    throw new Error(`${title(network)}: outputs differ by ${pair.difference} of their spread: not timed`);
  }
  const runs = {};
  for (const [key, engine] of [['a', pair.theirs], ['b', pair.ours]]) {
    const warm = median(await engine.run(5));
    runs[key] = Math.max(1, Math.min(200, Math.round(TURN_MS / warm)));
  }
  const kept = [];
  let unsettled = 0;
  const pids = [process.pid, pair.ours.pid];
  const all = processors();
  const quiet = () => {
    for (const pid of pids) if (Number.isNaN(settle(pid))) unsettled++;
  };
  for (let i = 0; i < rounds; i++) {
    // A round's turns share processors, the next round's move on: see README.md.
    const round = { cpus: turn(all, i, threads) };
    hold(pids, round.cpus);
    for (const [key, engine] of [['a', pair.theirs], ['b', pair.ours]]) {
      quiet();
      // The first run of a turn finds cold caches and sleeping threads; it is not counted.
      round[key] = (await engine.run(runs[key] + 1)).slice(1);
    }
    kept.push(round);
  }
  hold([process.pid], all);
  await pair.close();
  const s = summarise(kept);
  return {
    network: network.label || network.name, architecture: network.name, set: network.set || [],
    threads, batch, isa: pair.ours.about.isa, difference: pair.difference,
    onnxruntime_ms: s.a, ghostbench_ms: s.b,
    ratio: s.ratio.median, ratio_low: s.ratio.low, ratio_high: s.ratio.high, unsettled,
    samples: { processors: kept.map((r) => r.cpus), onnxruntime_ms: kept.map((r) => r.a), ghostbench_ms: kept.map((r) => r.b) },
  };
}

async function main() {
  const [rounds] = whole('PEERS_ROUNDS', [30]);
  const threads = whole('PEERS_THREADS', [1, 2]);
  const batches = whole('PEERS_BATCHES', [1, 8]);
  const wanted = list('PEERS_NETWORKS', zoo.timed.map((n) => n.name));
  const timed = wanted.map((name) => zoo.timed.find((n) => n.name === name) || { name });
  const ort = new OnnxRuntime(work);
  const report = {
    schema: 'ghostbench-peers-1',
    date: new Date().toISOString(),
    machine: {
      cpu: os.cpus()[0].model.trim(), processors: os.cpus().length, memory_gib: Math.round(os.totalmem() / 2 ** 30),
      kernel: os.release(), load_before: os.loadavg()[0],
    },
    versions: { onnxruntime: ort.version, node: process.version, ghostbench: ghostbench('--version').trim().split(' ').pop() },
    rounds,
    options: { graph_optimisation: 'all', execution: 'sequential', inter_op_threads: 1, turn_ms: TURN_MS },
  };
  report.agreement = process.env.PEERS_AGREE === '0' ? [] : await agree(ort);
  report.call_overhead = await overhead(ort);
  report.networks = [];
  for (const network of timed)
    for (const t of threads)
      for (const b of batches) {
        const row = await time(ort, network, t, b, rounds);
        report.networks.push(row);
        say(`${row.network}, ${t} thread(s), batch ${b}: ${row.onnxruntime_ms.median.toFixed(2)} / ${row.ghostbench_ms.median.toFixed(2)} ms = ${row.ratio.toFixed(2)}`);
      }
  report.machine.load_after = os.loadavg()[0];
  fs.mkdirSync(results, { recursive: true });
  fs.writeFileSync(path.join(results, 'onnxruntime.json'), JSON.stringify(report, null, 1) + '\n');
  fs.writeFileSync(path.join(results, 'onnxruntime.md'), table(report, true));
  process.stdout.write(table(report, false));
  say(`${results}/onnxruntime.json, ${results}/onnxruntime.md`);
  return report.agreement.every((row) => row.agrees) ? 0 : 1;
}

main().then((code) => process.exit(code), (error) => {
  say(`bench-peers: ${error.stderr || ''}${error.message}`);
  process.exit(2);
});
