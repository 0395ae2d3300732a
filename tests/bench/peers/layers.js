// Compares oneDNN with ghostbench on single convolutions of GhostNet and ResNet-50.
// usage: node layers.js BUILD RESULTS   (environment: PEERS_ROUNDS, PEERS_THREADS)
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { execFileSync } = require('child_process');
const { Child, Ghostbench, settle, processors, turn, hold } = require('./engines.js');
const { median, summarise } = require('./stats.js');

const [build, results] = process.argv.slice(2);
const program = path.resolve(build, 'ghostbench');
const work = path.join(build, 'peers');
const whole = (name, fallback) => (process.env[name] ? process.env[name].split(',').map(Number) : fallback);

// channels, size, out, kernel, stride, groups
const convolutions = [
  ['GhostNet stem', 3, 224, 16, 3, 2, 1], ['GhostNet pointwise', 16, 112, 8, 1, 1, 1],
  ['GhostNet pointwise', 24, 56, 36, 1, 1, 1], ['GhostNet pointwise', 72, 56, 12, 1, 1, 1],
  ['GhostNet pointwise', 120, 28, 20, 1, 1, 1], ['GhostNet pointwise', 80, 14, 100, 1, 1, 1],
  ['GhostNet pointwise', 112, 14, 336, 1, 1, 1], ['GhostNet pointwise', 672, 7, 80, 1, 1, 1],
  ['GhostNet pointwise', 160, 7, 480, 1, 1, 1], ['GhostNet cheap', 8, 112, 8, 3, 1, 8],
  ['GhostNet cheap', 36, 56, 36, 3, 1, 36], ['GhostNet cheap', 336, 14, 336, 3, 1, 336],
  ['GhostNet depthwise', 72, 56, 72, 5, 2, 72], ['GhostNet depthwise', 672, 14, 672, 5, 2, 672],
  ['ResNet-50', 64, 56, 64, 3, 1, 1], ['ResNet-50', 256, 14, 256, 3, 1, 1],
  ['ResNet-50', 512, 7, 2048, 1, 1, 1],
];

function tensor(file, name) {
  const bytes = fs.readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const [first, end] = header[name].data_offsets;
  return bytes.subarray(8 + length + first, 8 + length + end);
}

async function compare(row, threads, rounds) {
  const [label, ...shape] = row;
  const keys = ['channels', 'size', 'out', 'kernel', 'stride', 'groups'];
  const network = { name: 'tests/bench/peers/single-conv.xml', set: keys.map((key, i) => `${key}=${shape[i]}`) };
  const weights = path.join(work, 'layer.safetensors');
  const [w, x] = [path.join(work, 'weights.f32'), path.join(work, 'input.f32')];
  execFileSync(program, ['init', network.name, ...network.set.flatMap((s) => ['--set', s]), '--recipe', '-o', weights], { stdio: ['ignore', 'pipe', 'pipe'] });
  fs.writeFileSync(w, tensor(weights, 'conv.weight'));
  const ours = await Ghostbench.open(program, network, { weights, threads, batch: 1 });
  fs.writeFileSync(x, Buffer.from((await ours.input()).buffer));
  const theirs = await Child.start(path.join(work, 'onednn'), [1, ...shape, w, x].map(String), { OMP_NUM_THREADS: String(threads) });
  const engines = [['a', theirs], ['b', ours]];
  const runs = {};
  for (const [key, engine] of engines) runs[key] = Math.max(1, Math.min(2000, Math.round(5 / median(await engine.run(20)))));
  const [p, q] = [await theirs.output(), await ours.output()];
  let low = Infinity, high = -Infinity, worst = 0;
  for (let i = 0; i < p.length; i++) {
    low = Math.min(low, p[i]);
    high = Math.max(high, p[i]);
    if (!(Math.abs(p[i] - q[i]) <= worst)) worst = Math.abs(p[i] - q[i]);
  }
  const difference = worst / (high - low);
  if (!(difference <= 1e-4) || p.length !== q.length) throw new Error(`${label} ${shape}: outputs differ by ${difference} of their spread`);
  const kept = [], all = processors();
  for (let i = 0; i < rounds; i++) {
    const round = { cpus: turn(all, i, threads) };
    hold([theirs.pid, ours.pid], round.cpus);
    for (const [key, engine] of engines) {
      for (const other of [theirs, ours]) settle(other.pid);
      round[key] = (await engine.run(runs[key] + 1)).slice(1);
    }
    kept.push(round);
  }
  const implementation = theirs.about.kernel;
  await theirs.close();
  await ours.close();
  const s = summarise(kept);
  const side = Math.floor((shape[1] - 1) / shape[4]) + 1;
  const gflop = (2 * side * side * shape[2] * (shape[0] / shape[5]) * shape[3] * shape[3]) / 1e9;
  return {
    layer: label, ...Object.fromEntries(keys.map((key, i) => [key, shape[i]])), threads, difference, implementation,
    version: theirs.about.version, onednn_ms: s.a, ghostbench_ms: s.b,
    onednn_gflops: (gflop / s.a.median) * 1e3, ghostbench_gflops: (gflop / s.b.median) * 1e3,
    ratio: s.ratio.median, ratio_low: s.ratio.low, ratio_high: s.ratio.high,
  };
}

async function main() {
  const [rounds] = whole('PEERS_ROUNDS', [20]);
  const report = { schema: 'ghostbench-peers-layers-1', date: new Date().toISOString(), machine: { cpu: os.cpus()[0].model.trim(), load_before: os.loadavg()[0] }, rounds, layers: [] };
  console.log('layer                 shape                      threads  oneDNN µs  GFLOP/s  ghostbench µs  GFLOP/s  ratio');
  for (const threads of whole('PEERS_THREADS', [1, 2]))
    for (const row of convolutions) {
      const r = await compare(row, threads, rounds);
      report.layers.push(r);
      const shape = `${r.channels}x${r.size} to ${r.out} k${r.kernel} s${r.stride} g${r.groups}`;
      console.log(
        `${r.layer.padEnd(21)} ${shape.padEnd(26)} ${String(threads).padStart(6)} ${(1e3 * r.onednn_ms.median).toFixed(1).padStart(10)} ${r.onednn_gflops.toFixed(0).padStart(8)} ` +
          `${(1e3 * r.ghostbench_ms.median).toFixed(1).padStart(14)} ${r.ghostbench_gflops.toFixed(0).padStart(8)} ${r.ratio.toFixed(2).padStart(6)} [${r.ratio_low.toFixed(2)}, ${r.ratio_high.toFixed(2)}]`);
    }
  fs.mkdirSync(results, { recursive: true });
  fs.writeFileSync(path.join(results, 'onednn.json'), JSON.stringify(report, null, 1) + '\n');
}

main().then(() => process.exit(0), (error) => {
  console.error(`bench-peers: ${error.stderr || ''}${error.message}`);
  process.exit(2);
});
