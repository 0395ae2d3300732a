"""What is put into the golden files: the cases of the networks, and the grid of settings that are only counted."""

# name of the file, network, settings, batch, gain of the recipe, checkpoints (names of modules)
CASES = [
    ("resnet50-64", "resnet50", {"resolution": 64}, 1, 1, ["layer1.0", "layer2.3", "layer4.2"]),
    ("resnet50-75", "resnet50", {"resolution": 75, "classes": 10}, 3, 1, ["layer1.0", "layer3.0"]),
    ("resnet56-cifar", "resnet56-cifar", {}, 1, 1, ["layer1.0", "layer2.0", "layer3.8"]),
    ("resnet20-cifar", "resnet56-cifar", {"depth": 20}, 3, 1, ["layer2.0", "layer3.0"]),
    ("resnet32-cifar-33", "resnet56-cifar", {"depth": 32, "resolution": 33, "classes": 7}, 1, 1,
     ["layer2.0", "layer3.0"]),
    ("vgg16-cifar", "vgg16-cifar", {}, 3, 1.4, ["features.3", "features.23", "features.33"]),
    ("vgg16-cifar-48", "vgg16-cifar", {"resolution": 48, "classes": 100}, 1, 1.4, ["features.13"]),
    ("mobilenet-v1-0.5-96", "mobilenet-v1", {"width": 0.5, "resolution": 96}, 3, 1.4,
     ["blocks.0.0", "blocks.2.1", "blocks.4.0"]),
    ("mobilenet-v1-64", "mobilenet-v1", {"resolution": 64}, 1, 1.4, ["blocks.1.0", "blocks.3.5"]),
    ("mobilenet-v1-same-75", "mobilenet-v1",
     {"width": 0.25, "resolution": 75, "padding": "same", "epsilon": 0.001}, 1, 1.4, ["blocks.0.0", "blocks.2.0"]),
    ("mobilenet-v1-same-96", "mobilenet-v1",
     {"width": 0.25, "resolution": 96, "padding": "same", "epsilon": 0.001}, 3, 1.4, ["blocks.0.0", "blocks.2.0"]),
    ("mobilenet-v2-64", "mobilenet-v2", {"resolution": 64}, 1, 1.2, ["features.1", "features.6", "features.18"]),
    ("mobilenet-v2-0.5-96", "mobilenet-v2", {"width": 0.5, "resolution": 96}, 3, 1.2, ["features.2", "features.14"]),
    ("mobilenet-v2-1.4-75", "mobilenet-v2", {"width": 1.4, "resolution": 75, "classes": 20}, 1, 1.2,
     ["features.3", "features.18"]),
    ("mobilenet-v3-large-224", "mobilenet-v3-large", {}, 1, 1.2, ["features.1", "features.4", "features.16"]),
    ("mobilenet-v3-large-0.5-75", "mobilenet-v3-large", {"width": 0.5, "resolution": 75}, 3, 1.2,
     ["features.4", "features.12"]),
    ("mobilenet-v3-large-1.25-64", "mobilenet-v3-large", {"width": 1.25, "resolution": 64, "classes": 30}, 1, 1.2,
     ["features.7"]),
    ("mobilenet-v3-small-64", "mobilenet-v3-small", {"resolution": 64}, 3, 1.4, ["features.1", "features.4"]),
    ("mobilenet-v3-small-0.75-75", "mobilenet-v3-small", {"width": 0.75, "resolution": 75}, 1, 1.4,
     ["features.1", "features.12"]),
    ("shufflenet-v1-g3-96", "shufflenet-v1", {"resolution": 96}, 1, 1, ["features.0", "features.4", "features.15"]),
    ("shufflenet-v1-g8-0.5-64", "shufflenet-v1", {"groups": 8, "width": 0.5, "resolution": 64}, 3, 1,
     ["features.0", "features.1"]),
    ("shufflenet-v1-g2-0.5-75", "shufflenet-v1", {"groups": 2, "width": 0.5, "resolution": 75}, 1, 1,
     ["features.0", "features.4"]),
    ("shufflenet-v1-g1-64", "shufflenet-v1", {"groups": 1, "resolution": 64}, 1, 1, ["features.3"]),
    ("shufflenet-v1-g4-1.5-64", "shufflenet-v1", {"groups": 4, "width": 1.5, "resolution": 64, "classes": 10}, 1, 1,
     ["features.3"]),
    ("shufflenet-v2-0.5-96", "shufflenet-v2", {"width": 0.5, "resolution": 96}, 3, 1.1, ["stage2.0", "stage3.1"]),
    ("shufflenet-v2-64", "shufflenet-v2", {"resolution": 64}, 1, 1.1, ["stage2.0", "stage2.1", "stage4.3"]),
    ("shufflenet-v2-1.5-75", "shufflenet-v2", {"width": 1.5, "resolution": 75}, 1, 1.1, ["stage3.0"]),
    ("shufflenet-v2-2.0-64", "shufflenet-v2", {"width": 2.0, "resolution": 64, "classes": 10}, 1, 1.1, ["stage3.0"]),
    ("ghostnet-224", "ghostnet", {}, 1, 1, ["blocks.0.0", "blocks.1.0", "blocks.3.0", "blocks.6.4", "blocks.9.0"]),
    ("ghostnet-0.5-64", "ghostnet", {"width": 0.5, "resolution": 64}, 3, 1, ["blocks.1.0", "blocks.7.0"]),
    ("ghostnet-1.3-s3-d5-75", "ghostnet", {"width": 1.3, "s": 3, "d": 5, "resolution": 75}, 1, 1,
     ["blocks.1.0", "blocks.6.3"]),
    ("ghostnet-s1-64", "ghostnet", {"s": 1, "width": 0.5, "resolution": 64}, 1, 1, ["blocks.3.0"]),
    ("ghostnet-s4-d1-96", "ghostnet", {"s": 4, "d": 1, "resolution": 96, "classes": 10}, 1, 1, ["blocks.3.0"]),
    ("ghost-resnet50-64", "ghost-resnet50", {"resolution": 64}, 1, 1, ["layer1.0", "layer2.0", "layer4.2"]),
    ("ghost-resnet50-s4-d1-75", "ghost-resnet50", {"s": 4, "d": 1, "resolution": 75, "classes": 10}, 1, 1,
     ["layer1.0", "layer3.0"]),
    ("ghost-resnet56-cifar", "ghost-resnet56-cifar", {}, 1, 1, ["conv1", "layer2.0", "layer3.8"]),
    ("ghost-resnet20-cifar-s3-d5", "ghost-resnet56-cifar", {"depth": 20, "s": 3, "d": 5}, 3, 1,
     ["layer2.0", "layer3.0"]),
    ("ghost-vgg16-cifar", "ghost-vgg16-cifar", {}, 1, 1.4, ["features.0", "features.23", "features.33"]),
    ("ghost-vgg16-cifar-s5-d7", "ghost-vgg16-cifar", {"s": 5, "d": 7}, 3, 1.4, ["features.0", "features.23"]),
    ("eegnet", "eegnet", {}, 3, 1.4, ["bnorm_temporal", "bnorm_1", "bnorm_2"]),
    ("eegnet-bci", "eegnet", {"channels": 22, "samples": 1125, "pool1": 8}, 1, 1.4, ["bnorm_1", "bnorm_2"]),
    ("eegnet-odd", "eegnet", {"channels": 5, "samples": 203, "classes": 3, "F1": 3, "D": 3, "F2": 7, "kernel": 33,
                              "pool1": 3, "pool2": 5}, 3, 1.4, ["bnorm_temporal", "bnorm_2"]),
    ("eeg-tcnet", "eeg-tcnet", {}, 1, 1.2, ["eegnet_tc.bn1", "eegnet_tc.bn3", "tcn_block"]),
    ("eeg-tcnet-odd", "eeg-tcnet", {"channels": 7, "samples": 501, "classes": 3, "F1": 4, "D": 3, "kernel": 25,
                                    "pool1": 5, "pool2": 7, "layers": 3, "tcn-kernel": 3}, 3, 1.2,
     ["eegnet_tc.bn2", "tcn_block"]),
    ("ghostnet-v2-96", "ghostnet-v2", {"resolution": 96}, 1, 1, ["blocks.1.0", "blocks.2.0", "blocks.3.0"]),
    ("ghostnet-v2-0.5-75", "ghostnet-v2", {"width": 0.5, "resolution": 75}, 3, 1, ["blocks.2.0", "blocks.7.0"]),
    ("repghost-96", "repghost", {"resolution": 96}, 1, 0.8, ["blocks.0.0", "blocks.1.0", "blocks.9.0"]),
    ("repghost-0.5-75", "repghost", {"width": 0.5, "resolution": 75}, 3, 0.8, ["blocks.3.0"]),
]


def grid():
    """(network, settings) of counts.txt."""
    def each(network, *settings):
        for s in settings:
            yield network, s

    def widths(network, values, **more):
        for w in values:
            yield network, {"width": w, **more}

    many = [0.1, 0.25, 0.35, 0.5, 0.6, 0.75, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.7, 2.0]
    yield from each("resnet50", {}, {"resolution": 160}, {"resolution": 97, "classes": 10}, {"classes": 100})
    for network in ("resnet56-cifar", "ghost-resnet56-cifar"):
        yield from each(network, *({"depth": n} for n in (20, 32, 44, 56, 110)), {"resolution": 33},
                        {"classes": 100}, {"depth": 20, "resolution": 64})
    yield from each("ghost-resnet56-cifar", *({"s": s, "d": d} for s in (1, 2, 3, 4, 5, 6) for d in (1, 5)),
                    {"depth": 110, "s": 3, "d": 7})
    yield from each("vgg16-cifar", {}, {"classes": 100}, {"resolution": 48})
    yield from each("ghost-vgg16-cifar", *({"s": s, "d": d} for s in (1, 2, 3, 4, 5, 6) for d in (1, 3, 5, 7)),
                    {"classes": 100}, {"resolution": 64, "s": 3})
    yield from widths("mobilenet-v1", many)
    yield from each("mobilenet-v1", {"resolution": 192}, {"resolution": 75, "width": 0.25},
                    {"resolution": 75, "width": 0.25, "padding": "same"}, {"classes": 10},
                    {"width": 0.25, "padding": "same", "epsilon": 0.001})
    for network in ("mobilenet-v2", "mobilenet-v3-large", "mobilenet-v3-small"):
        yield from widths(network, many)
        yield from each(network, {"resolution": 160}, {"resolution": 75, "classes": 10, "width": 0.5})
    for groups in (1, 2, 3, 4, 8):
        yield from widths("shufflenet-v1", [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0], groups=groups)
    yield from each("shufflenet-v1", {"resolution": 160}, {"resolution": 75, "groups": 8, "classes": 10})
    yield from widths("shufflenet-v2", [0.5, 1.0, 1.5, 2.0])
    yield from each("shufflenet-v2", {"resolution": 160}, {"resolution": 75, "classes": 10})
    yield from widths("ghostnet", many)
    yield from each("ghostnet", *({"s": s, "d": d} for s in (1, 2, 3, 4, 5, 6) for d in (1, 3, 5, 7)))
    yield from each("ghostnet", {"width": 0.35, "s": 3, "d": 5}, {"width": 1.7, "s": 6, "d": 7},
                    {"width": 0.1, "s": 5}, {"resolution": 160}, {"resolution": 75, "classes": 10, "width": 0.5})
    yield from each("ghost-resnet50", *({"s": s, "d": d} for s in (1, 2, 3, 4, 5, 6) for d in (1, 3, 7)),
                    {"resolution": 160}, {"resolution": 97, "classes": 10, "s": 4})
    yield from widths("ghostnet-v2", [0.5, 1.0, 1.3, 1.6, 2.0])
    yield from each("ghostnet-v2", {"resolution": 160}, {"resolution": 75}, {"s": 3, "d": 5})
    yield from widths("repghost", [0.5, 0.58, 0.8, 1.0, 1.11, 1.3, 1.5, 2.0])
    yield from each("repghost", {"resolution": 75, "classes": 10})
    bci = {"channels": 22, "samples": 1125}
    yield from each("eegnet", {}, bci, {**bci, "pool1": 8}, {**bci, "pool1": 8, "kernel": 32},
                    {**bci, "F1": 4, "F2": 8}, {"channels": 60, "samples": 151, "kernel": 32}, {"classes": 2},
                    {"classes": 2, "F1": 4, "F2": 8}, {"samples": 160, "classes": 2}, {"samples": 192, "classes": 2},
                    {"channels": 22, "samples": 256, "kernel": 32}, {"channels": 22, "samples": 1000},
                    {"channels": 22, "samples": 512}, {"channels": 8, "samples": 204, "classes": 2},
                    {"samples": 640}, {"D": 4, "F2": 32}, {"F1": 16, "D": 1, "F2": 5, "kernel": 1},
                    {"channels": 5, "samples": 203, "classes": 3, "F1": 3, "D": 3, "F2": 7, "kernel": 33, "pool1": 3,
                     "pool2": 5})
    yield from each("eeg-tcnet", {}, {"channels": 64, "samples": 640}, {"layers": 1}, {"layers": 3, "tcn-kernel": 10},
                    {"filters": 16}, {"filters": 10, "F1": 4, "kernel": 64}, {"classes": 2, "D": 1}, {"samples": 1000},
                    {"pool1": 4, "pool2": 8}, {"layers": 4, "filters": 24, "tcn-kernel": 5})
