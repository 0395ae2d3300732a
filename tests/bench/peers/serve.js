// ONNX Runtime as an outside engine of `ghostbench bench --engine`: speaks the lines of --serve.
// usage: node serve.js FOLDER MODEL.onnx INPUT.npy THREADS   (FOLDER holds node_modules: build/peers)
'use strict';
const fs = require('fs');
const readline = require('readline');
const { OnnxRuntime } = require('./engines.js');

// Version 1.0, float32, C order: what ghostbench writes.
function readArray(path) {
  const bytes = fs.readFileSync(path);
  const length = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + length);
  if (!header.includes("'<f4'") || !header.includes("'fortran_order': False")) throw new Error(`${path}: not float32 in C order`);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(',').filter((s) => s.trim()).map(Number);
  const values = bytes.subarray(10 + length);
  return { shape, values: new Float32Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)) };
}

async function main([folder, model, input, threads]) {
  const ort = new OnnxRuntime(folder);
  const array = readArray(input);
  const session = ort.open(model, array.shape, array.values, Number(threads));
  const say = (object) => process.stdout.write(JSON.stringify(object) + '\n');
  say({ schema: 'ghostbench-serve-1', version: ort.version, engine: 'onnxruntime' });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.startsWith('run ')) say({ samples_ms: await session.run(Number(line.slice(4))) });
    else if (line === 'output') say({ values: Array.from(await session.output()) });
    else break;
  }
  await session.close();
}

main(process.argv.slice(2)).then(() => process.exit(0), (error) => {
  process.stderr.write(`serve.js: ${error.message}\n`);
  process.exit(2);
});
