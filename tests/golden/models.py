"""The networks of the zoo as small torch modules, written from the papers' rules.

torchvision's own classes are used where it has the network. Parameter names are those of the public checkpoints.
Every network ends in logits. Only make.py and check.py use this file.
"""

import math
from collections import OrderedDict
from functools import partial

import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torchvision.models import mobilenetv3 as tv_v3


def divisible(v, q):
    """Rounds v to a multiple of q, at least q, and never below 0.9 v (the MobileNet authors' rule)."""
    n = max(q, int(v + q / 2) // q * q)
    return n + q if n < 0.9 * v else n


def conv(cin, cout, k, stride=1, groups=1, bias=False):
    return nn.Conv2d(cin, cout, k, stride, k // 2, groups=groups, bias=bias)


# ---------------------------------------------------------------- ghost module and GhostNet


class Ghost(nn.Module):
    """m = ceil(out/s) ordinary maps, m(s-1) cheap ones from them, concatenated and cut to out."""

    def __init__(self, cin, cout, k=1, s=2, d=3, stride=1, relu=True):
        super().__init__()
        self.cout = cout
        m = math.ceil(cout / s)
        act = (lambda: nn.ReLU()) if relu else (lambda: nn.Identity())
        self.primary_conv = nn.Sequential(conv(cin, m, k, stride), nn.BatchNorm2d(m), act())
        self.cheap_operation = None
        if s > 1:
            self.cheap_operation = nn.Sequential(
                conv(m, m * (s - 1), d, groups=m), nn.BatchNorm2d(m * (s - 1)), act())

    def forward(self, x):
        x = self.primary_conv(x)
        if self.cheap_operation is None:
            return x
        return torch.cat((x, self.cheap_operation(x)), 1)[:, : self.cout]


class Gate(nn.Module):
    """Squeeze-and-excite with the gate relu6(x+3)/6; reduced channels divisible(C/4, 4), in the TensorFlow code C/4."""

    def __init__(self, c, tensorflow=False):
        super().__init__()
        r = c // 4 if tensorflow else divisible(c * 0.25, 4)
        self.conv_reduce = conv(c, r, 1, bias=True)
        self.conv_expand = conv(r, c, 1, bias=True)

    def forward(self, x):
        y = F.relu(self.conv_reduce(x.mean((2, 3), keepdim=True)))
        return x * (F.relu6(self.conv_expand(y) + 3) / 6)


def attention(cin, cout):
    """GhostNetV2's decoupled fully connected attention, at half resolution: 1×1, then 1×5 and 5×1 a channel."""
    return nn.Sequential(
        conv(cin, cout, 1), nn.BatchNorm2d(cout),
        nn.Conv2d(cout, cout, (1, 5), padding=(0, 2), groups=cout, bias=False), nn.BatchNorm2d(cout),
        nn.Conv2d(cout, cout, (5, 1), padding=(2, 0), groups=cout, bias=False), nn.BatchNorm2d(cout))


class GhostV2(Ghost):
    def __init__(self, cin, cout, s=2, d=3):
        super().__init__(cin, cout, 1, s, d)
        self.short_conv = attention(cin, cout)

    def forward(self, x):
        y = super().forward(x)
        a = torch.sigmoid(self.short_conv(F.avg_pool2d(x, 2, 2)))
        return y * F.interpolate(a, size=y.shape[-2:], mode="nearest")


class RepGhost(nn.Module):
    """RepGhost in its training form: the cheap map is added to a batch-normed identity, nothing is concatenated."""

    def __init__(self, cin, cout, relu=True):
        super().__init__()
        act = nn.ReLU() if relu else nn.Identity()
        self.primary_conv = nn.Sequential(conv(cin, cout, 1), nn.BatchNorm2d(cout), act)
        self.fusion_bn = nn.Sequential(nn.BatchNorm2d(cout))
        self.cheap_operation = nn.Sequential(conv(cout, cout, 3, groups=cout), nn.BatchNorm2d(cout))
        self.relu = relu

    def forward(self, x):
        x = self.primary_conv(x)
        x = self.cheap_operation(x) + self.fusion_bn(x)
        return F.relu(x) if self.relu else x


class Bottleneck(nn.Module):
    """The frame shared by GhostNet, GhostNetV2 and RepGhostNet."""

    def __init__(self, cin, exp, cout, k, se, stride, first, second, tensorflow=False):
        super().__init__()
        self.ghost1 = first(cin, exp)
        self.conv_dw = None
        if stride > 1:
            self.conv_dw = conv(exp, exp, k, stride, groups=exp)
            self.bn_dw = nn.BatchNorm2d(exp)
        self.se = Gate(exp, tensorflow) if se else None
        self.ghost2 = second(exp, cout)
        self.shortcut = nn.Sequential()
        if cin != cout or stride != 1:
            self.shortcut = nn.Sequential(conv(cin, cin, k, stride, groups=cin), nn.BatchNorm2d(cin),
                                          conv(cin, cout, 1), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.ghost1(x)
        if self.conv_dw is not None:
            y = self.bn_dw(self.conv_dw(y))
        if self.se is not None:
            y = self.se(y)
        return self.ghost2(y) + self.shortcut(x)


# kernel, expanded, out, squeeze-excite, stride (Han et al. 2020, table 1; kernels from the authors' code)
GHOSTNET = [
    [(3, 16, 16, 0, 1)], [(3, 48, 24, 0, 2)], [(3, 72, 24, 0, 1)], [(5, 72, 40, 1, 2)], [(5, 120, 40, 1, 1)],
    [(3, 240, 80, 0, 2)],
    [(3, 200, 80, 0, 1), (3, 184, 80, 0, 1), (3, 184, 80, 0, 1), (3, 480, 112, 1, 1), (3, 672, 112, 1, 1)],
    [(5, 672, 160, 1, 2)],
    [(5, 960, 160, 0, 1), (5, 960, 160, 1, 1), (5, 960, 160, 0, 1), (5, 960, 160, 1, 1)],
]
# the expanded widths of RepGhost, in the same order
REPGHOST = [8, 24, 36, 36, 60, 120, 100, 120, 120, 240, 336, 336, 480, 480, 480, 480]


class GhostFamily(nn.Module):
    def __init__(self, kind="ghostnet", width=1.0, classes=1000, s=2, d=3, tensorflow=False):
        super().__init__()
        c = divisible(16 * width, 4)
        self.conv_stem = conv(3, c, 3, 2)
        self.bn1 = nn.BatchNorm2d(c)
        stages, index = [], 0
        for stage in GHOSTNET:
            blocks = []
            for k, exp, out, se, stride in stage:
                if kind == "repghost":
                    exp = REPGHOST[index]
                hidden, out = divisible(exp * width, 4), divisible(out * width, 4)
                if kind == "repghost":
                    first, second = RepGhost, partial(RepGhost, relu=False)
                else:
                    second = partial(Ghost, s=s, d=d, relu=False)
                    attends = kind == "ghostnet-v2" and index > 1
                    first = partial(GhostV2 if attends else Ghost, s=s, d=d)
                blocks.append(Bottleneck(c, hidden, out, k, se, stride, first, second, tensorflow))
                c = out
                index += 1
            stages.append(nn.Sequential(*blocks))
        last = divisible((480 * 2 if kind == "repghost" else 960) * width, 4)
        stages.append(nn.Sequential(nn.Sequential(OrderedDict(
            conv=conv(c, last, 1), bn1=nn.BatchNorm2d(last), act=nn.ReLU()))))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = conv(last, 1280, 1, bias=True)
        self.classifier = nn.Linear(1280, classes)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv_stem(x))))
        x = F.relu(self.conv_head(x.mean((2, 3), keepdim=True)))
        return self.classifier(x.flatten(1))


# ---------------------------------------------------------------- ResNets and VGG, plain and ghosted


class GhostBottleneck50(nn.Module):
    """torchvision's bottleneck with every convolution ghosted; batch norm stands inside the modules."""

    def __init__(self, cin, planes, stride, s, d):
        super().__init__()
        self.conv1 = Ghost(cin, planes, 1, s, d)
        self.conv2 = Ghost(planes, planes, 3, s, d, stride)
        self.conv3 = Ghost(planes, planes * 4, 1, s, d, relu=False)
        self.downsample = None
        if stride != 1 or cin != planes * 4:
            self.downsample = nn.Sequential(Ghost(cin, planes * 4, 1, s, d, stride, relu=False))

    def forward(self, x):
        y = self.conv3(self.conv2(self.conv1(x)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class GhostResNet50(nn.Module):
    def __init__(self, classes=1000, s=2, d=3):
        super().__init__()
        self.conv1 = conv(3, 64, 7, 2)
        self.bn1 = nn.BatchNorm2d(64)
        c = 64
        for i, (planes, n) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            blocks = []
            for j in range(n):
                blocks.append(GhostBottleneck50(c, planes, 2 if i and not j else 1, s, d))
                c = planes * 4
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class BasicBlock(nn.Module):
    """CIFAR basic block; the shortcut takes every second pixel and pads channels with zeros (option A)."""

    def __init__(self, cin, planes, stride, ghost):
        super().__init__()
        self.pad, self.stride = (planes - cin) // 2, stride
        if ghost:
            self.conv1 = ghost(cin, planes, 3, stride=stride)
            self.conv2 = ghost(planes, planes, 3, relu=False)
        else:
            self.conv1, self.bn1 = conv(cin, planes, 3, stride), nn.BatchNorm2d(planes)
            self.conv2, self.bn2 = conv(planes, planes, 3), nn.BatchNorm2d(planes)
        self.ghost = bool(ghost)

    def forward(self, x):
        if self.ghost:
            y = self.conv2(self.conv1(x))
        else:
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        x = x[:, :, :: self.stride, :: self.stride]
        return F.relu(y + F.pad(x, (0, 0, 0, 0, self.pad, self.pad)))


class CifarResNet(nn.Module):
    def __init__(self, depth=56, classes=10, s=0, d=3):
        super().__init__()
        n = (depth - 2) // 6
        ghost = partial(Ghost, s=s, d=d) if s else None
        self.bn1 = None
        if ghost:
            self.conv1 = ghost(3, 16, 3)
        else:
            self.conv1, self.bn1 = conv(3, 16, 3), nn.BatchNorm2d(16)
        c = 16
        for i, planes in enumerate((16, 32, 64)):
            blocks = []
            for j in range(n):
                blocks.append(BasicBlock(c, planes, 2 if i and not j else 1, ghost))
                c = planes
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        x = self.conv1(x)
        if self.bn1 is not None:
            x = F.relu(self.bn1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class CifarVgg16(nn.Module):
    """13 convolutions and a 512→512→classes head; features are numbered as conv, bn, relu, …, pool."""

    def __init__(self, classes=10, s=0, d=3):
        super().__init__()
        features, c = OrderedDict(), 3
        index = 0
        for v in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
            if v == 0:
                features[str(index)] = nn.MaxPool2d(2)
                index += 1
                continue
            if s:
                features[str(index)] = Ghost(c, v, 3, s, d)
            else:
                features[str(index)] = conv(c, v, 3, bias=True)
                features[str(index + 1)] = nn.BatchNorm2d(v)
                features[str(index + 2)] = nn.ReLU()
            index += 3
            c = v
        self.features = nn.Sequential(features)
        self.classifier = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


# ---------------------------------------------------------------- MobileNets and ShuffleNets


def pad_same(x, k, stride):
    """TensorFlow's `same`: output ceil(n/stride), the odd pixel of padding on the right and bottom."""
    pads = []
    for n in (x.shape[-1], x.shape[-2]):
        total = max((math.ceil(n / stride) - 1) * stride + k - n, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class PaddedConv(nn.Conv2d):
    """A 3×3 convolution with padding 1 or TensorFlow's `same`."""

    def __init__(self, cin, cout, stride, groups, same):
        super().__init__(cin, cout, 3, stride, 0 if same else 1, groups=groups, bias=False)
        self.same = same

    def forward(self, x):
        return super().forward(pad_same(x, 3, self.stride[0]) if self.same else x)


class SeparableBlock(nn.Module):
    def __init__(self, cin, cout, stride, same, eps):
        super().__init__()
        self.conv_dw, self.bn1 = PaddedConv(cin, cin, stride, cin, same), nn.BatchNorm2d(cin, eps)
        self.conv_pw, self.bn2 = conv(cin, cout, 1), nn.BatchNorm2d(cout, eps)

    def forward(self, x):
        return F.relu6(self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x))))))


class MobileNetV1(nn.Module):
    def __init__(self, width=1.0, classes=1000, padding="half", epsilon=1e-5):
        super().__init__()
        same, c = padding == "same", divisible(32 * width, 8)
        self.conv_stem, self.bn1 = PaddedConv(3, c, 2, 1, same), nn.BatchNorm2d(c, epsilon)
        stages = []
        for base, n, stride in ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2)):
            out, blocks = divisible(base * width, 8), []
            for j in range(n):
                blocks.append(SeparableBlock(c, out, 1 if j else stride, same, epsilon))
                c = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.classifier = nn.Linear(c, classes)

    def forward(self, x):
        x = self.blocks(F.relu6(self.bn1(self.conv_stem(x))))
        return self.classifier(x.mean((2, 3)))


def mobilenet_v3(arch, width=1.0, classes=1000, head=None):
    """torchvision's; with `head` the TensorFlow way of widening: a block expands its widened input by the table's
    ratio (torchvision widens the table's number), and the last hidden layer keeps `head` channels."""
    setting, last = tv_v3._mobilenet_v3_conf(arch, width_mult=width)
    if head:
        last = head
        for now, table in zip(setting, tv_v3._mobilenet_v3_conf(arch)[0]):
            now.expanded_channels = divisible(now.input_channels * (table.expanded_channels / table.input_channels), 8)
    return tv_v3.MobileNetV3(setting, last, num_classes=classes)


def shuffle(x, groups):
    """The usual channel shuffle: groups × C/groups transposed."""
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class ShuffleUnit(nn.Module):
    def __init__(self, cin, cout, stride, groups, first):
        super().__init__()
        mid = cout // 4 // groups * groups
        out = cout - cin if stride == 2 else cout
        self.groups, self.stride = groups, stride
        self.branch_main_1 = nn.Sequential(
            conv(cin, mid, 1, groups=1 if first else groups), nn.BatchNorm2d(mid), nn.ReLU(),
            conv(mid, mid, 3, stride, groups=mid), nn.BatchNorm2d(mid))
        self.branch_main_2 = nn.Sequential(conv(mid, out, 1, groups=groups), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.branch_main_1(x)
        if self.groups > 1:
            # The authors' code views (C/g, g): the inverse of the paper's shuffle, after the depthwise convolution.
            y = shuffle(y, y.shape[1] // self.groups)
        y = self.branch_main_2(y)
        if self.stride == 1:
            return F.relu(x + y)
        return torch.cat((F.avg_pool2d(x, 3, 2, 1), F.relu(y)), 1)


SHUFFLENET_V1 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}


def shufflenet_v1_stem(width, groups):
    return (16 if groups == 8 else 12) if width < 1 else 24 if width < 2 else 48


class ShuffleNetV1(nn.Module):
    def __init__(self, width=1.0, groups=3, classes=1000):
        super().__init__()
        c = shufflenet_v1_stem(width, groups)
        self.first_conv = nn.Sequential(conv(3, c, 3, 2), nn.BatchNorm2d(c), nn.ReLU())
        units = []
        for stage, n in enumerate((4, 8, 4)):
            out = int((SHUFFLENET_V1[groups] << stage) * width) // groups * groups
            for j in range(n):
                units.append(ShuffleUnit(c, out, 1 if j else 2, groups, not units))
                c = out
        self.features = nn.Sequential(*units)
        self.classifier = nn.Sequential(nn.Linear(c, classes, bias=False))

    def forward(self, x):
        x = self.features(F.max_pool2d(self.first_conv(x), 3, 2, 1))
        return self.classifier(x.mean((2, 3)))


SHUFFLENET_V2 = {0.5: (24, 48, 96, 192, 1024), 1.0: (24, 116, 232, 464, 1024), 1.5: (24, 176, 352, 704, 1024),
                 2.0: (24, 244, 488, 976, 2048)}


def shufflenet_v2(width=1.0, classes=1000):
    return torchvision.models.ShuffleNetV2([4, 8, 4], list(SHUFFLENET_V2[width]), num_classes=classes)


# ---------------------------------------------------------------- EEG


def same_time(x, k):
    """Keras' `same` at stride 1 along the last axis: an even kernel pads one more on the right."""
    return F.pad(x, ((k - 1) // 2, k // 2))


class EegNet(nn.Module):
    """EEGNet with the semantics of the authors' Keras code and braindecode's names; input N×1×channels×samples."""

    def __init__(self, channels=64, samples=128, classes=4, F1=8, D=2, F2=16, kernel=64, pool1=4, pool2=8):
        super().__init__()
        self.k, self.pools = kernel, (pool1, pool2)
        self.conv_temporal = nn.Conv2d(1, F1, (1, kernel), bias=False)
        self.bnorm_temporal = nn.BatchNorm2d(F1, 1e-3)
        self.conv_spatial = nn.Conv2d(F1, F1 * D, (channels, 1), groups=F1, bias=False)
        self.bnorm_1 = nn.BatchNorm2d(F1 * D, 1e-3)
        self.conv_separable_depth = nn.Conv2d(F1 * D, F1 * D, (1, 16), groups=F1 * D, bias=False)
        self.conv_separable_point = nn.Conv2d(F1 * D, F2, 1, bias=False)
        self.bnorm_2 = nn.BatchNorm2d(F2, 1e-3)
        self.final_layer = nn.Sequential(OrderedDict(
            conv_classifier=nn.Conv2d(F2, classes, (1, samples // pool1 // pool2))))

    def forward(self, x):
        x = self.bnorm_temporal(self.conv_temporal(same_time(x, self.k)))
        x = F.avg_pool2d(F.elu(self.bnorm_1(self.conv_spatial(x))), (1, self.pools[0]))
        x = self.conv_separable_point(self.conv_separable_depth(same_time(x, 16)))
        x = F.avg_pool2d(F.elu(self.bnorm_2(x)), (1, self.pools[1]))
        return self.final_layer(x).flatten(1)


class EegTcBlock(nn.Module):
    """EEG-TCNet's front end. It works on N×1×samples×channels, as braindecode stores the weights."""

    def __init__(self, channels, F1, D, kernel, pool1, pool2):
        super().__init__()
        f2 = F1 * D
        self.k, self.pools = kernel, (pool1, pool2)
        self.conv1 = nn.Conv2d(1, F1, (kernel, 1), bias=False)
        self.bn1 = nn.BatchNorm2d(F1, 1e-3)
        self.depthwise_conv = nn.Conv2d(F1, f2, (1, channels), groups=F1, bias=False)
        self.bn2 = nn.BatchNorm2d(f2, 1e-3)
        self.separable_conv_depthwise = nn.Conv2d(f2, f2, (16, 1), groups=f2, bias=False)
        self.separable_conv_pointwise = nn.Conv2d(f2, f2, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(f2, 1e-3)

    def forward(self, x):
        x = self.bn1(self.conv1(F.pad(x, (0, 0, (self.k - 1) // 2, self.k // 2))))
        x = F.avg_pool2d(F.elu(self.bn2(self.depthwise_conv(x))), (self.pools[0], 1))
        x = self.separable_conv_pointwise(self.separable_conv_depthwise(F.pad(x, (0, 0, 7, 8))))
        return F.avg_pool2d(F.elu(self.bn3(x)), (self.pools[1], 1)).squeeze(3)


class TcnBlock(nn.Module):
    def __init__(self, cin, filters, k, layers):
        super().__init__()
        self.k = k
        self.downsample = nn.Conv1d(cin, filters, 1) if cin != filters else None
        self.layers = nn.ModuleList()
        for i in range(layers):
            self.layers.append(nn.ModuleDict({
                "0": nn.Conv1d(filters if i else cin, filters, k, dilation=2 ** i),
                "2": nn.BatchNorm1d(filters, 1e-3),
                "5": nn.Conv1d(filters, filters, k, dilation=2 ** i),
                "7": nn.BatchNorm1d(filters, 1e-3)}))

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        for i, m in enumerate(self.layers):
            left = ((self.k - 1) * 2 ** i, 0)
            y = F.elu(m["2"](m["0"](F.pad(x, left))))
            y = F.elu(m["7"](m["5"](F.pad(y, left))))
            x = skip = F.elu(y + skip)
        return x


class EegTcNet(nn.Module):
    """EEG-TCNet with the structure of its authors' Keras code; input N×1×channels×samples."""

    def __init__(self, channels=22, samples=1125, classes=4, F1=8, D=2, kernel=32, pool1=8, pool2=8, layers=2,
                 tcn_kernel=4, filters=12):
        super().__init__()
        self.eegnet_tc = EegTcBlock(channels, F1, D, kernel, pool1, pool2)
        self.tcn_block = TcnBlock(F1 * D, filters, tcn_kernel, layers)
        self.final_layer = nn.Linear(filters, classes)

    def forward(self, x):
        return self.final_layer(self.tcn_block(self.eegnet_tc(x.transpose(2, 3)))[:, :, -1])


# ---------------------------------------------------------------- the list

NETWORKS = {
    "resnet50": (lambda classes=1000: torchvision.models.resnet50(num_classes=classes), 224),
    "resnet56-cifar": (CifarResNet, 32),
    "vgg16-cifar": (CifarVgg16, 32),
    "mobilenet-v1": (MobileNetV1, 224),
    "mobilenet-v2": (lambda width=1.0, classes=1000: torchvision.models.MobileNetV2(classes, width), 224),
    "mobilenet-v3-large": (partial(mobilenet_v3, "mobilenet_v3_large"), 224),
    "mobilenet-v3-small": (partial(mobilenet_v3, "mobilenet_v3_small"), 224),
    "shufflenet-v1": (ShuffleNetV1, 224),
    "shufflenet-v2": (shufflenet_v2, 224),
    "ghostnet": (partial(GhostFamily, "ghostnet"), 224),
    "ghost-resnet50": (GhostResNet50, 224),
    "ghost-resnet56-cifar": (partial(CifarResNet, s=2), 32),
    "ghost-vgg16-cifar": (partial(CifarVgg16, s=2), 32),
    "eegnet": (EegNet, (64, 128)),
    "eeg-tcnet": (EegTcNet, (22, 1125)),
    "ghostnet-v2": (partial(GhostFamily, "ghostnet-v2"), 224),
    "repghost": (lambda width=1.0, classes=1000: GhostFamily("repghost", width, classes), 224),
}


def build(network, **settings):
    """The module and its input shape (channels, height, width) for settings named as in the issue."""
    make, size = NETWORKS[network]
    if isinstance(size, tuple):
        shape = (1, settings.get("channels", size[0]), settings.get("samples", size[1]))
    else:
        settings = dict(settings)
        resolution = settings.pop("resolution", size)
        shape = (3, resolution, resolution)
    settings = {key.replace("-", "_"): value for key, value in settings.items()}
    return make(**settings).eval(), shape


def count(module, shape):
    """Trainable parameters, and multiply-accumulates of convolutions and linear layers at batch 1."""
    total = [0]

    def hook(m, inputs, output):
        if isinstance(m, nn.Linear):
            total[0] += output.numel() * m.in_features
        else:
            total[0] += output.numel() * m.weight[0].numel()

    hooks = [m.register_forward_hook(hook) for m in module.modules()
             if isinstance(m, (nn.Conv1d, nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        module(torch.zeros(1, *shape))
    for h in hooks:
        h.remove()
    return sum(p.numel() for p in module.parameters() if p.requires_grad), total[0]
