// Which networks are compared.
'use strict';

// Those of the table: timed.
exports.timed = [
  { label: 'GhostNet 1.0', name: 'ghostnet' },
  { label: 'MobileNetV3-Large', name: 'mobilenet-v3-large' },
  { label: 'ShuffleNetV2 1.0', name: 'shufflenet-v2' },
  { label: 'MobileNetV2', name: 'mobilenet-v2' },
  { label: 'MobileNetV1', name: 'mobilenet-v1' },
  { label: 'ResNet-50', name: 'resnet50' },
  { label: 'EEGNet 22x1125', name: 'eegnet', set: ['channels=22', 'samples=1125', 'pool1=4', 'pool2=8'] },
];

// Beside every network of the zoo: variants whose layers are others. Outputs are compared only.
exports.variants = [
  { name: 'ghostnet', set: ['cheap=affine', 'resolution=96'] },
  { name: 'ghostnet', set: ['cheap=wavelet', 'resolution=96'] },
  { name: 'ghostnet', set: ['cheap=mixed', 'resolution=96'] },
  { name: 'ghostnet', set: ['s=3', 'd=5', 'resolution=75', 'width=0.5'] },
  { name: 'mobilenet-v1', set: ['padding=same', 'resolution=75'] },
  { name: 'ghost-eegnet', set: ['place=all'] },
  { name: 'tests/bench/peers/odd-layers.xml' },
];

// The recipe's weights make sums in RepGhost that nearly cancel, so that any order of adding is off
// by half of what is allowed; random initialisation does not.
exports.init = (name) => (name === 'repghost' ? ['--seed', '1'] : ['--recipe']);
