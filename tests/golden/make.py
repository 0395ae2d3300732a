"""Remakes the golden vectors, the counts and the lists of names beside it.

Run with a Python that has torch and torchvision: /usr/bin/python3 tests/golden/make.py [word …]
With words only the cases are made whose names contain one of them. README.md describes the files.
"""

import math
import os
import sys

import torch
import torchvision

sys.dont_write_bytecode = True  # the sources' folder stays clean
import cases
import layers
import models
import recipe
from check import state_names

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = 64
MADE_BY = f"# made by tests/golden/make.py with torch {torch.__version__}, torchvision {torchvision.__version__}, in float64"


def sampled(count):
    """Up to 64 indices in golden-ratio steps, sorted: spread over the tensor, no row or column favoured."""
    step = max(1, round(count * 0.6180339887))
    while math.gcd(step, count) != 1:
        step += 1
    return sorted(k * step % count for k in range(min(SAMPLES, count)))


def output_lines(name, tensor):
    """`output NAME n c h w count mean std min max` and the sampled elements; 2-d outputs are n c 1 1."""
    shape = list(tensor.shape) + [1] * (4 - tensor.dim())
    flat = tensor.reshape(-1).double().numpy()
    indices = sampled(flat.size)
    yield "output %s %d %d %d %d %d %.9g %.9g %.9g %.9g" % (
        name, *shape, len(indices), flat.mean(), flat.std(), flat.min(), flat.max())
    for i in indices:
        yield "%d %.9g" % (i, flat[i])


def write(folder, name, lines):
    path = os.path.join(HERE, folder, name + ".txt")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def canonical(network, tensor):
    """Checkpoints as (N, C, channels, time): EEG-TCNet works on (…, time, channels), its TCN on (N, C, time)."""
    if network == "eeg-tcnet":
        return tensor.unsqueeze(2) if tensor.dim() == 3 else tensor.transpose(2, 3)
    return tensor


def run(network, settings, batch, gain, checkpoints):
    module, shape = models.build(network, **settings)
    params, macs = models.count(module, shape)
    recipe.fill(module, gain)
    caught, hooks = {}, []
    for name, part in module.named_modules():
        if name in checkpoints:
            hooks.append(part.register_forward_hook(
                lambda m, i, o, name=name: caught.__setitem__(name, canonical(network, o).clone())))
    x = recipe.tensor("input", (batch, *shape))
    with torch.no_grad():
        single = module(x).double()
        output = module.double()(x.double())
    # The golden values are float64; float32 torch must agree, else the case is too badly conditioned to test with.
    error = float((single - output).abs().max() / (output.max() - output.min()))
    if not error < 1e-5 or not math.isfinite(error):
        raise SystemExit(f"{network} {settings}: float32 and float64 differ by {error:.2g} of the spread")
    # What the far end still says about the input: without this the early layers would go untested by it.
    moved = 0.0
    if batch > 1:
        moved = float((output[0] - output[1]).std() / output.std())
    missing = set(checkpoints) - set(caught)
    if missing:
        raise SystemExit(f"{network}: no module named {', '.join(sorted(missing))}")
    return params, macs, [(name, caught[name]) for name in checkpoints] + [("output", output)], error, moved


def network_case(name, network, settings, batch, gain, checkpoints):
    params, macs, outputs, error, moved = run(network, settings, batch, gain, checkpoints)
    lines = [MADE_BY, f"network {network}"]
    lines += [f"set {key}={value}" for key, value in settings.items()]
    lines += [f"batch {batch}", f"gain {gain:g}", f"params {params}", f"macs {macs}"]
    for output in outputs:
        lines += output_lines(*output)
    write("vectors", name, lines)
    last = outputs[-1][1]
    print(f"{name:30} params {params:>10} macs {macs:>11}  spread {float(last.max() - last.min()):9.3g}"
          f"  float32 error {error:.1e}  between samples {moved:.2g}", flush=True)


def layer_case(name, case):
    lines = [MADE_BY, f"layer {case['layer']}"]
    lines += [f"set {key}={value}" for key, value in case["set"].items()]
    lines += ["input " + " ".join(map(str, case["input"]))]
    lines += [f"tensor {n} {'x'.join(map(str, t.shape))}" for n, t in case["tensors"].items()]
    for n, t in case.get("values", {}).items():
        lines += [f"values {n} {'x'.join(map(str, t.shape))}",
                  " ".join("%.9g" % v for v in t.reshape(-1).double().tolist())]
    lines += output_lines("output", case["output"])
    write("vectors", "layer-" + name, lines)


def counts():
    lines = [MADE_BY.replace(", in float64", ""),
             "# network key=value,… trainable-parameters MACs (batch 1; convolutions and linear layers)"]
    for network, settings in cases.grid():
        params, macs = models.count(*models.build(network, **settings))
        lines.append(f"{network} {','.join(f'{k}={v}' for k, v in settings.items()) or '-'} {params} {macs}")
    write("", "counts", lines)
    print(f"counts: {len(lines) - 2} lines")


NAMES = {"mobilenet-v1-0.25": ("mobilenet-v1", {"width": 0.25})}


def names():
    for network in models.NETWORKS:
        NAMES.setdefault(network, (network, {}))
    for name, (network, settings) in NAMES.items():
        lines = ["# state-dict names and shapes, num_batches_tracked left out"]
        lines += [f"{n} {s}" for n, s in state_names(models.build(network, **settings)[0])]
        write("names", name, lines)


def main(words):
    torch.set_num_threads(1)  # two spin on a busy machine
    torch.manual_seed(0)
    wanted = lambda name: not words or any(word in name for word in words)
    for case in cases.CASES:
        if wanted(case[0]):
            network_case(*case)
    for name, case in layers.cases():
        if wanted("layer-" + name):
            layer_case(name, case)
    if wanted("names"):
        names()
    if wanted("counts"):
        counts()


if __name__ == "__main__":
    main(sys.argv[1:])
