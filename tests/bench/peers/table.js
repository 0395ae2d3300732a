// The result as a table, plain or Markdown.
'use strict';

const ms = (m) => `${m.median.toFixed(m.median < 10 ? 3 : 1)} [${m.low.toFixed(m.median < 10 ? 3 : 1)}, ${m.high.toFixed(m.median < 10 ? 3 : 1)}]`;

function table(report, markdown) {
  const head = ['network', 'threads', 'batch', 'ONNX Runtime ms', 'ghostbench ms', 'ratio'];
  const rows = report.networks.map((n) => [
    n.network, String(n.threads), String(n.batch), ms(n.onnxruntime_ms), ms(n.ghostbench_ms),
    `${n.ratio.toFixed(2)} [${n.ratio_low.toFixed(2)}, ${n.ratio_high.toFixed(2)}]`,
  ]);
  const width = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
  const line = (row) =>
    (markdown ? '| ' : '') + row.map((cell, i) => (i ? cell.padStart(width[i]) : cell.padEnd(width[i]))).join(markdown ? ' | ' : '  ') + (markdown ? ' |' : '');
  const rule = markdown
    ? '|' + width.map((w, i) => (i ? '-'.repeat(w + 1) + ':' : '-'.repeat(w + 2))).join('|') + '|'
    : width.map((w) => '-'.repeat(w)).join('  ');
  const { machine: m, versions: v, call_overhead: o } = report;
  const agreed = report.agreement.filter((row) => row.agrees).length;
  const text = [
    `ONNX Runtime ${v.onnxruntime} / ghostbench ${v.ghostbench}: medians with 95 % intervals, ${report.rounds} rounds in turns;`,
    'the ratio is ONNX Runtime by ghostbench: above 1, ghostbench is faster.', '',
    line(head), rule, ...rows.map(line), '',
    `${m.cpu}, ${m.processors} processors, Linux ${m.kernel}, ${report.date}; load ${m.load_before.toFixed(1)} before, ${m.load_after.toFixed(1)} after.`,
    `A call with nothing to compute takes ${(1e3 * o.onnxruntime_ms).toFixed(1)} µs in ONNX Runtime through Node, ${(1e3 * o.ghostbench_ms).toFixed(1)} µs in ghostbench (not subtracted).`,
    `Outputs agree to 1e-4 of their spread in ${agreed} of ${report.agreement.length} comparisons.`, '',
  ];
  return text.join('\n');
}

module.exports = { table };
