"""The deterministic weight recipe that the C tests and these scripts share (README.md states it in words)."""

import numpy as np
import torch

MASK = (1 << 64) - 1


def fnv1a64(name):
    """FNV-1a, 64 bits, of the name's UTF-8 bytes."""
    h = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def uniform(name, count):
    """u_i in [0, 1), i = 0 … count-1: multiples of 2^-24, so each is exact in float32."""
    with np.errstate(over="ignore"):
        x = np.uint64(fnv1a64(name)) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(40)).astype(np.float64) / 16777216.0


def values(name, shape, gain=1.0):
    """The float32 array of one tensor. Everything is computed in double and rounded to float32 once."""
    shape = tuple(int(n) for n in shape)
    count = int(np.prod(shape, dtype=np.int64))
    u = uniform(name, count)
    last = name.rsplit(".", 1)[-1]
    if name == "input":
        v = (u - 0.5) * 2.0
    elif last == "running_var":
        v = 0.5 + u
    elif last == "running_mean":
        v = 0.2 * (u - 0.5)
    elif last == "weight" and len(shape) >= 2:
        fan_in = count // shape[0]
        v = (u - 0.5) * (2.0 * gain * np.sqrt(3.0 / fan_in))
    elif last == "weight":
        v = 0.5 + u
    else:
        v = 0.2 * (u - 0.5)
    return v.astype(np.float32).reshape(shape)


def tensor(name, shape, gain=1.0):
    return torch.from_numpy(values(name, shape, gain))


def fill(module, gain=1.0):
    """Overwrites every parameter and buffer of a module by the recipe and sets it to evaluation mode."""
    state = {}
    for name, old in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            state[name] = tensor(name, old.shape, gain)
    module.load_state_dict(state, strict=False)
    return module.eval()
