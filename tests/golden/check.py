"""Checks models.py: published counts, the public GhostNet checkpoint's names, and the accuracy of real weights.

Run: /usr/bin/python3 tests/golden/check.py. Reads ../shared (facts, data) where it is present and says what it left out.
"""

import json
import os
import struct
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True  # the sources' folder stays clean
import models

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHARED = os.environ.get("GHOSTBENCH_SHARED", os.path.join(ROOT, "..", "shared"))

# network, settings, parameters and MACs as published or computed by others, and how many digits of them are meant
PUBLISHED = [
    ("resnet50", {}, "25,557,032", "4.089 G"),
    ("resnet56-cifar", {}, "0.8530 M", "125.49 M"),
    ("vgg16-cifar", {}, "14.991 M", "313.46 M"),
    ("mobilenet-v1", {}, "4.232 M", "568.7 M"),
    ("mobilenet-v1", {"width": 0.75}, "2.586 M", "325.4 M"),
    ("mobilenet-v1", {"width": 0.5}, "1.332 M", "149.5 M"),
    ("mobilenet-v1", {"width": 0.25}, "0.470 M", "41.0 M"),
    ("mobilenet-v2", {}, "3,504,872", "0.301 G"),
    ("mobilenet-v2", {"width": 0.35}, "1.68 M", "59 M"),
    ("mobilenet-v2", {"width": 0.5}, "1.97 M", "97 M"),
    ("mobilenet-v2", {"width": 0.6}, "2.2 M", "141 M"),
    ("mobilenet-v2", {"width": 0.75}, "2.64 M", "209 M"),
    ("mobilenet-v2", {"width": 1.4}, "6.11 M", "582 M"),
    ("mobilenet-v3-large", {}, "5,483,032", "0.217 G"),
    ("mobilenet-v3-large", {"width": 0.75}, "4.0 M", "155 M"),
    ("mobilenet-v3-small", {}, "2,542,856", "0.057 G"),
    ("mobilenet-v3-small", {"width": 0.75}, "2.4 M", "44 M"),
    ("shufflenet-v1", {"groups": 1}, "1.531 M", "143.1 M"),
    ("shufflenet-v1", {"groups": 2}, "1.733 M", "140.8 M"),
    ("shufflenet-v1", {"groups": 3}, "1.865 M", "137.5 M"),
    ("shufflenet-v1", {"groups": 4}, "1.967 M", "134.3 M"),
    ("shufflenet-v1", {"groups": 8}, "2.434 M", "138.4 M"),
    ("shufflenet-v1", {"groups": 1, "width": 0.5}, "0.533 M", "38.5 M"),
    ("shufflenet-v1", {"groups": 2, "width": 0.5}, "0.642 M", "38.1 M"),
    ("shufflenet-v1", {"groups": 3, "width": 0.5}, "0.717 M", "37.6 M"),
    ("shufflenet-v1", {"groups": 4, "width": 0.5}, "0.776 M", "36.8 M"),
    ("shufflenet-v1", {"groups": 8, "width": 0.5}, "1.010 M", "40.5 M"),
    ("shufflenet-v1", {"groups": 1, "width": 1.5}, "2.99 M", "308 M"),
    ("shufflenet-v1", {"groups": 2, "width": 1.5}, "3.27 M", "301 M"),
    ("shufflenet-v1", {"groups": 3, "width": 1.5}, "3.441 M", "292.4 M"),
    ("shufflenet-v1", {"groups": 4, "width": 1.5}, "3.571 M", "283.8 M"),
    ("shufflenet-v1", {"groups": 8, "width": 1.5}, "4.269 M", "290.2 M"),
    ("shufflenet-v1", {"groups": 1, "width": 2.0}, "4.92 M", "550 M"),
    ("shufflenet-v1", {"groups": 2, "width": 2.0}, "5.26 M", "539 M"),
    ("shufflenet-v1", {"groups": 3, "width": 2.0}, "5.450 M", "524.0 M"),
    ("shufflenet-v1", {"groups": 4, "width": 2.0}, "5.593 M", "510.3 M"),
    ("shufflenet-v1", {"groups": 8, "width": 2.0}, "6.521 M", "521.9 M"),
    ("shufflenet-v2", {"width": 0.5}, "1,366,792", "0.04 G"),
    ("shufflenet-v2", {}, "2,278,604", "0.145 G"),
    ("shufflenet-v2", {"width": 1.5}, "3,503,624", "0.296 G"),
    ("shufflenet-v2", {"width": 2.0}, "7,393,996", "0.583 G"),
    ("ghostnet", {"width": 0.5}, "2,587,292", "42.33 M"),
    ("ghostnet", {}, "5,182,508", "141.15 M"),
    ("ghostnet", {"width": 1.1}, "5,855,650", "166.99 M"),
    ("ghostnet", {"width": 1.3}, "7,358,820", "227.00 M"),
    ("ghostnet", {"width": 1.5}, "9.066 M", "297.8 M"),
    ("ghostnet", {"width": 1.7}, "11.000 M", "378.0 M"),
    ("ghost-vgg16-cifar", {"d": 1}, "7.634 M", "157.00 M"),
    ("ghost-vgg16-cifar", {"d": 3}, "7.651 M", "158.11 M"),
    ("ghost-vgg16-cifar", {"d": 5}, "7.684 M", "160.32 M"),
    ("ghost-vgg16-cifar", {"d": 7}, "7.735 M", "163.64 M"),
    ("ghost-vgg16-cifar", {"s": 3}, "5.219 M", "107.24 M"),
    ("ghost-vgg16-cifar", {"s": 4}, "3.982 M", "80.43 M"),
    ("ghost-vgg16-cifar", {"s": 5}, "3.270 M", "65.67 M"),
    ("ghost-resnet56-cifar", {}, "0.4380 M", "65.14 M"),
    ("ghost-resnet50", {}, "13.954 M", "2.151 G"),
    ("ghost-resnet50", {"s": 4}, "8.152 M", "1.182 G"),
    ("eegnet", {}, "2,388", "4.34 M"),
    ("eegnet", {"channels": 60, "samples": 151, "kernel": 32}, "2,068", "2.48 M"),
    ("eegnet", {"channels": 22, "samples": 1125}, "3,700", "13.21 M"),
    ("eegnet", {"channels": 22, "samples": 1125, "F1": 4, "F2": 8}, "1,788", "6.59 M"),
    ("eegnet", {"channels": 22, "samples": 1125, "pool1": 8}, "2,548", "13.14 M"),
    ("eegnet", {"channels": 22, "samples": 1125, "pool1": 8, "kernel": 32}, "2,292", "6.81 M"),
    ("eegnet", {"channels": 22, "samples": 1000}, "3,444", "11.75 M"),
    ("eegnet", {"channels": 22, "samples": 512}, "2,484", "6.01 M"),
    ("eeg-tcnet", {}, "4,096", "6.85 M"),
    ("ghostnet-v2", {}, "6,156,908", "167.05 M"),
    ("ghostnet-v2", {"width": 1.3}, "8,960,404", "269.32 M"),
    ("ghostnet-v2", {"width": 1.6}, "12,392,698", "398.61 M"),
    ("repghost", {"width": 0.5}, "2.3 M", "43 M"),
    ("repghost", {"width": 0.58}, "2.5 M", "60 M"),
    ("repghost", {"width": 0.8}, "3.3 M", "96 M"),
    ("repghost", {}, "4.1 M", "142 M"),
    ("repghost", {"width": 1.11}, "4.5 M", "170 M"),
    ("repghost", {"width": 1.3}, "5.5 M", "231 M"),
    ("repghost", {"width": 1.5}, "6.6 M", "301 M"),
    ("repghost", {"width": 2.0}, "9.8 M", "516 M"),
]

# Published counts that the networks above do not give, and the variant that does.
EXPLAINED = [
    ("mobilenet-v3-large", {"width": 0.75, "head": 1280}, "4.0 M", "155 M"),
    ("mobilenet-v3-small", {"width": 0.75, "head": 1280}, "2.4 M", "44 M"),
    ("ghost-resnet56-cifar", {"d": 1}, "0.43 M", "63 M"),
    ("ghostnet", {"width": 1.3, "tensorflow": True}, "7.3 M", "226 M"),
]


def agrees(value, text):
    """Whether value, rounded or truncated, prints as text does."""
    number, unit = (text.replace(",", "").split() + [""])[:2]
    scaled = value / {"": 1, "M": 1e6, "G": 1e9}[unit]
    digits = len(number.partition(".")[2])
    step = 10.0 ** -digits
    return number in (f"{scaled:.{digits}f}", f"{int(scaled / step + 1e-9) * step:.{digits}f}")


def counts(rows):
    for network, settings, params, macs in rows:
        p, m = models.count(*models.build(network, **settings))
        marks = ["" if agrees(v, t) else " DIFFERS" for v, t in ((p, params), (m, macs))]
        said = ",".join(f"{k}={v}" for k, v in settings.items()) or "-"
        print(f"{network:22} {said:36} {p:>11,} ({params}){marks[0]}  {m:>13,} ({macs}){marks[1]}")


def state_names(module):
    return [(n, "x".join(map(str, t.shape))) for n, t in module.state_dict().items() if "num_batches_tracked" not in n]


def ghostnet_names():
    path = os.path.join(SHARED, "facts", "ghostnet-checkpoint.txt")
    if not os.path.exists(path):
        return print("skipped: ghostnet names,", path, "is absent")
    with open(path) as file:
        want = [tuple(line.split()) for line in file if line[0] != "#"]
    mine = state_names(models.build("ghostnet")[0])
    print("ghostnet names and shapes:", "the same" if sorted(want) == sorted(mine) else "DIFFER",
          "order too" if want == mine else "in another order")


def read_safetensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        body = file.read()
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            tensors[name] = torch.from_numpy(np.frombuffer(body[a:b], "<f4").reshape(t["shape"]).copy())
    return tensors


def load(module, path):
    tensors = read_safetensors(path)
    mine = dict(state_names(module))
    theirs = {n: "x".join(map(str, t.shape)) for n, t in tensors.items() if "num_batches_tracked" not in n}
    print(os.path.basename(path), "names and shapes:", "the same" if mine == theirs else "DIFFER")
    module.load_state_dict(tensors, strict=False)


def predict(module, x):
    with torch.no_grad():
        return torch.cat([module(part) for part in x.split(100)])


def real_weights():
    data = os.path.join(SHARED, "data")
    if not os.path.isdir(data):
        return print("skipped: real weights,", data, "is absent")
    raw = np.fromfile(os.path.join(data, "cifar-10", "test_2000.bin"), np.uint8).reshape(-1, 3073)
    x = torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (x - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    y = torch.from_numpy(raw[:, 0].astype(np.int64))
    for depth, want in ((20, 1835), (56, 1874)):
        module = models.build("resnet56-cifar", depth=depth)[0]
        load(module, os.path.join(data, "weights", f"resnet{depth}-cifar.safetensors"))
        print(f"resnet{depth}: {int((predict(module, x).argmax(1) == y).sum())} of {len(y)} right, expected {want}")
    samples = np.load(os.path.join(data, "images", "imagenet-samples-50.npz"))
    x = torch.from_numpy(samples["images"].astype(np.float32) / 127.5 - 1)
    y = torch.from_numpy(samples["labels"].astype(np.int64))
    module = models.build("mobilenet-v1", width=0.25, padding="same", epsilon=1e-3)[0]
    load(module, os.path.join(data, "weights", "mobilenet-v1-0.25.safetensors"))
    top = predict(module, x).topk(5).indices
    print(f"mobilenet-v1 0.25: top-1 {int((top[:, 0] == y).sum())}, top-5 {int((top == y[:, None]).sum())} of 50,"
          " expected 32 and 42")


if __name__ == "__main__":
    torch.set_num_threads(1)
    counts(PUBLISHED)
    print("Variants that give other published figures:")
    counts(EXPLAINED)
    ghostnet_names()
    real_weights()
