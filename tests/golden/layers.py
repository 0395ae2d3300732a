"""Single layers whose definition torch shares, with the attribute names of the XML elements."""

import math

import torch
from torch import nn
from torch.nn import functional as F

import models
import recipe


def _tensors(module, gain=1.0):
    recipe.fill(module, gain)
    return {n: t.clone() for n, t in module.state_dict().items() if "num_batches_tracked" not in n}


def case(layer, settings, shape, module, call=None):
    """A layer's case: the module filled by the recipe, run in float64 on the recipe's input."""
    tensors = _tensors(module) if module is not None else {}
    x = recipe.tensor("input", shape).double()
    if module is not None:
        module.double()
    with torch.no_grad():
        y = (call or module)(x)
    return {"layer": layer, "set": settings, "input": shape, "tensors": tensors, "output": y}


def warp(theta, align_corners):
    """One 2×3 matrix a map: affine_grid and bilinear grid_sample with zeros outside."""
    def run(x):
        n, c, h, w = x.shape
        t = theta.double().repeat(n, 1, 1)
        grid = F.affine_grid(t, (n * c, 1, h, w), align_corners=align_corners)
        y = F.grid_sample(x.reshape(n * c, 1, h, w), grid, "bilinear", "zeros", align_corners)
        return y.view(n, c, h, w)
    return run


def affine_cases():
    eye = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    free = eye + recipe.tensor("theta", (5, 2, 3))
    angle = math.radians(30)
    turn = torch.tensor([[[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]]] * 2)
    # A translation by exactly one pixel to the right on a map 8 wide, and by half a pixel down on one 6 high.
    shift = torch.tensor([[[1, 0, -2 / 8], [0, 1, 0]], [[1, 0, 0], [0, 1, -1 / 6]]])
    for name, theta, shape, align in (("free", free, (2, 5, 7, 9), False), ("free-align", free, (2, 5, 7, 9), True),
                                      ("turn", turn, (1, 2, 9, 9), False), ("shift", shift, (1, 2, 6, 8), False)):
        c = case("affine", {"align-corners": int(align)}, shape, None, warp(theta, align))
        c["values"] = {"theta": theta}
        yield "affine-" + name, c


class Separable(nn.Module):
    """Depthwise kernel, batch norm, relu, then pointwise, batch norm, relu; MobileNetV1's block."""

    def __init__(self, cin, cout, k, stride):
        super().__init__()
        self.conv_dw, self.bn1 = models.conv(cin, cin, k, stride, groups=cin), nn.BatchNorm2d(cin)
        self.conv_pw, self.bn2 = models.conv(cin, cout, 1), nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.bn2(self.conv_pw(F.relu(self.bn1(self.conv_dw(x))))))


def cases():
    yield from affine_cases()
    for s, d, k, stride, relu in ((2, 3, 1, 1, True), (3, 5, 1, 1, True), (2, 1, 3, 2, True), (3, 3, 3, 1, False),
                                  (4, 5, 1, 2, False), (1, 3, 3, 1, True)):
        out = 11  # not a multiple of s: the last maps are cut
        yield f"ghost-s{s}-d{d}-k{k}", case(
            "ghost", {"out": out, "s": s, "d": d, "kernel": k, "stride": stride, "act": "relu" if relu else "none"},
            (2, 6, 9, 7), models.Ghost(6, out, k, s, d, stride, relu))
    yield "squeeze-excite", case("squeeze-excite", {"reduce": 0.25, "divisor": 4, "gate": "hard-sigmoid"},
                                 (2, 24, 5, 7), models.Gate(24))
    yield "separable", case("separable", {"out": 10, "kernel": 3, "stride": 2, "act": "relu"}, (2, 6, 9, 8),
                            Separable(6, 10, 3, 2))
    for groups in (2, 3, 4):
        yield f"shuffle-{groups}", case("channel-shuffle", {"groups": groups}, (1, 12, 2, 3), None,
                                        lambda x, g=groups: models.shuffle(x, g))
    acts = {"relu": F.relu, "relu6": lambda x: F.relu6(x), "hard-sigmoid": F.hardsigmoid, "hard-swish": F.hardswish,
            "sigmoid": torch.sigmoid, "elu": F.elu, "clipped-sigmoid": lambda x: x.clamp(0, 1)}
    for name, f in acts.items():
        # Inputs times 8, so that both bends of the hard functions are crossed.
        yield "act-" + name, case("activation", {"function": name, "input-times": 8}, (1, 3, 5, 7), None,
                                  lambda x, f=f: f(x * 8))
    for name, k, s, p, inside in (("2", 2, 2, 0, True), ("3-pad", 3, 2, 1, True), ("3-pad-inside", 3, 2, 1, False),
                                  ("1x4", (1, 4), (1, 4), 0, True)):
        size = k if isinstance(k, int) else f"{k[0]}x{k[1]}"
        step = s if isinstance(s, int) else f"{s[0]}x{s[1]}"
        yield "avg-pool-" + name, case(
            "avg-pool", {"kernel": size, "stride": step, "padding": p, "count-padding": int(inside)}, (2, 3, 7, 9), None,
            lambda x, k=k, s=s, p=p, i=inside: F.avg_pool2d(x, k, s, p, count_include_pad=i))
    yield "max-pool-3-pad", case("max-pool", {"kernel": 3, "stride": 2, "padding": 1}, (2, 3, 7, 9), None,
                                 lambda x: F.max_pool2d(x, 3, 2, 1))
    yield "global-avg-pool", case("global-pool", {}, (2, 3, 7, 9), None, lambda x: x.mean((2, 3), keepdim=True))
    yield "conv-dilated-groups", case(
        "conv", {"out": 9, "kernel": "3x5", "stride": "1x2", "dilation": "2x1", "groups": 3, "padding": "2x2", "bias": 1},
        (2, 6, 9, 11), nn.Conv2d(6, 9, (3, 5), (1, 2), (2, 2), (2, 1), 3, True))
    yield "conv-half", case("conv", {"out": 8, "kernel": 5, "stride": 2, "padding": "half"}, (1, 4, 9, 10),
                            models.conv(4, 8, 5, 2))
    yield "depthwise-multiplier", case("depthwise", {"kernel": 3, "multiplier": 2, "padding": "half"}, (1, 4, 6, 7),
                                       nn.Conv2d(4, 8, 3, 1, 1, groups=4, bias=False))
    same = nn.Conv2d(3, 5, 4, 2, bias=False)
    yield "conv-same-even", case("conv", {"out": 5, "kernel": 4, "stride": 2, "padding": "same"}, (2, 3, 7, 10), same,
                                 lambda x: same(models.pad_same(x, 4, 2)))
    time = nn.Conv2d(2, 4, (1, 6), bias=False)
    yield "conv-same-1x6", case("conv", {"out": 4, "kernel": "1x6", "padding": "same"}, (2, 2, 3, 11), time,
                                lambda x: time(models.same_time(x, 6)))
    causal = nn.Conv2d(4, 6, (1, 4), dilation=(1, 3))
    yield "conv-causal", case(
        "conv", {"out": 6, "kernel": "1x4", "dilation": "1x3", "padding": "causal", "bias": 1}, (2, 4, 1, 17), causal,
        lambda x: causal(F.pad(x, (9, 0))))
    yield "batch-norm", case("batch-norm", {"eps": 0.001}, (2, 5, 3, 4), nn.BatchNorm2d(5, 1e-3))
    yield "linear", case("linear", {"out": 7, "bias": 1}, (3, 20), nn.Linear(20, 7))
    yield "softmax", case("softmax", {"input-times": 8}, (3, 10), None, lambda x: F.softmax(x * 8, 1))
