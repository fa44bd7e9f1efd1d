#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Converts weights of Fourier neural operators made in PyTorch into a file that starpint loads (docs/networks.md)."""
import argparse
import json
import re
import sys

import numpy

import starpint_weights

EPILOG = """understands the state_dict of
  - the reference code of Li et al. (fourier_1d.py, fourier_2d.py, fourier_2d_time.py): fc0, conv0.., w0.., fc1, fc2;
    p and q instead of fc0, fc1, fc2
  - neuraloperator's FNO: lifting.fcs, fno_blocks.convs, fno_blocks.fno_skips, projection.fcs; dense weights
as .pt (torch.save; needs torch) or .safetensors (needs numpy only).

example:
  scripts/convert-fno.py burgers.pt burgers.safetensors --components 1
"""


class Unsupported(Exception):
    """what has no counterpart in starpint; one line for the user"""


def load(path):
    """{name: array} of a file"""
    if path.endswith('.safetensors'):
        return starpint_weights.read(path)[0]
    try:
        import torch
    except ImportError as error:
        raise Unsupported(f'{path}: reading it needs torch; .safetensors does not') from error
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # whatever unpickling finds
        raise Unsupported(f'{path}: no state_dict (torch.save(model.state_dict(), ...)): '
                          f'{str(error).splitlines()[0]}') from error
    for key in ('state_dict', 'model_state_dict', 'model'):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise Unsupported(f'{path}: expected a state_dict, got {type(state).__name__}')
    return {name: value.detach().numpy() for name, value in state.items() if torch.is_tensor(value)}


class Source:
    """the tensors of a state_dict; those that nobody takes are left"""

    def __init__(self, state, prefix):
        self.left = {name[len(prefix):] if name.startswith(prefix) else name: value
                     for name, value in state.items()}

    def has(self, name):
        return name in self.left

    def take(self, *names):
        for name in names:
            if name in self.left:
                return self.left.pop(name)
        raise Unsupported(f"no tensor '{names[0]}'")

    def pointwise(self, *names):
        """weight (out, in) and bias (out) or None; convolutions of size 1 are dense layers"""
        found = next((name for name in names if self.has(name + '.weight')), names[0])
        weight = self.take(found + '.weight')
        if any(n != 1 for n in weight.shape[2:]):
            raise Unsupported(f'{found}.weight: shape {weight.shape}, expected a convolution of size 1')
        bias = self.left.pop(found + '.bias', None)
        return weight.reshape(weight.shape[:2]), bias


def as_complex(name, weight, dims):
    """(in, out, modes...), complex; also from pairs of reals"""
    if not numpy.iscomplexobj(weight) and weight.ndim == 3 + dims and weight.shape[-1] == 2:
        weight = weight[..., 0] + 1j * weight[..., 1]
    if not numpy.iscomplexobj(weight) or weight.ndim != 2 + dims:
        raise Unsupported(f'{name}: shape {weight.shape}, expected (in, out, {dims} x modes), complex')
    return weight


def reference(source):
    """Li et al.: lift, spectral weights, local parts, projection"""
    def find(*names):
        return next((name for name in names if source.has(name + '.weight')), names[0])
    lift = [source.pointwise(find('fc0', 'p'))]
    spectral, local = [], []
    while source.has(f'conv{len(local)}.weights1'):
        i = len(local)
        two = source.has(f'conv{i}.weights2')
        parts = [as_complex(f'conv{i}.weights{j}', source.take(f'conv{i}.weights{j}'), 1 + two)
                 for j in range(1, 2 + two)]
        spectral.append(numpy.concatenate(parts, axis=2) if two else parts[0])  # k >= 0, then k < 0
        local.append(source.pointwise(f'w{i}'))
    project = [source.pointwise(find('fc1', 'q.mlp1')), source.pointwise(find('fc2', 'q.mlp2'))]
    return lift, spectral, local, project


def unshift(weight):
    """neuraloperator keeps k = -n/2.. in rising order on the first axis; here 0..m-1, -m..-1"""
    n = weight.shape[2]
    below, above = n // 2, n - n // 2
    parts = [weight[:, :, below:], weight[:, :, :below]]
    if above > below:  # an odd number: k = -m is not there
        parts.insert(1, numpy.zeros_like(weight[:, :, :1]))
    return numpy.concatenate(parts, axis=2)


def neuraloperator(source):
    def fcs(prefix):
        layers = []
        while source.has(f'{prefix}.fcs.{len(layers)}.weight'):
            layers.append(source.pointwise(f'{prefix}.fcs.{len(layers)}'))
        return layers
    lift, project, spectral, local = fcs('lifting'), fcs('projection'), [], []
    while True:
        name = f'fno_blocks.convs.{len(local)}.weight'
        if not source.has(name) and not source.has(name + '.tensor'):
            break
        weight = source.take(name, name + '.tensor')
        dims = weight.ndim - (2 if numpy.iscomplexobj(weight) else 3)
        weight = as_complex(name, weight, dims)
        spectral.append(unshift(weight) if dims == 2 else weight)
        skip = f'fno_blocks.fno_skips.{len(local)}'
        matrix, bias = source.pointwise(skip, skip + '.conv')
        own = source.left.pop(f'fno_blocks.convs.{len(local)}.bias', None)  # (out, 1...)
        if own is not None:
            bias = own.reshape(-1) + (0 if bias is None else bias)
        local.append((matrix, bias))
    return lift, spectral, local, project


def convert(state, options):
    """our tensors and the description of the network"""
    first = next((match for match in (re.match(r'(.*?)(fc0|p|lifting\.fcs\.0)\.weight$', name)
                                      for name in sorted(state)) if match), None)
    if not first:
        raise Unsupported("no tensor 'fc0.weight', 'p.weight' or 'lifting.fcs.0.weight': no FNO that is known here")
    source = Source(state, first.group(1))
    known = neuraloperator if first.group(2).startswith('lifting') else reference
    lift, spectral, local, project = known(source)
    if source.left:
        name = min(source.left)
        raise Unsupported(f"tensor '{name}' {source.left[name].shape} has no counterpart in an fno of starpint")
    if not spectral or not project:
        raise Unsupported('no Fourier layers or no projection')

    dims = spectral[0].ndim - 2
    if dims not in (1, 2):
        raise Unsupported(f'{dims} dimensions, expected 1 or 2')
    inputs, outputs = lift[0][0].shape[1], project[-1][0].shape[0]
    components = options.components or outputs
    coordinates = inputs - components
    if coordinates not in (0, dims):
        raise Unsupported(f'{inputs} input channels: expected {components} components, or with {dims} '
                          f'coordinates {components + dims} (--components)')
    if outputs % components:
        raise Unsupported(f'{outputs} output channels are no multiple of {components} components')
    for axis, points in enumerate(options.points or []):
        lift[0][0][:, components + axis] *= points / (points - 1)

    tensors = {}

    def dense(prefix, layers):
        for i, (weight, bias) in enumerate(layers):
            tensors[f'{prefix}.{i}.weight'] = weight
            tensors[f'{prefix}.{i}.bias'] = numpy.zeros_like(weight[:, 0]) if bias is None else bias

    dense('lift', lift)
    for i, (weight, (matrix, bias)) in enumerate(zip(spectral, local)):
        tensors[f'fourier.{i}.spectral'] = weight
        tensors[f'fourier.{i}.weight'] = matrix
        if any(b is not None for _, b in local):
            tensors[f'fourier.{i}.bias'] = numpy.zeros_like(matrix[:, 0]) if bias is None else bias
    dense('project', project)
    if options.precision:
        kinds = {'float32': ('f4', 'c8'), 'float64': ('f8', 'c16')}[options.precision]
        tensors = {name: value.astype(kinds[numpy.iscomplexobj(value)]) for name, value in tensors.items()}
    modes = list(spectral[0].shape[2:])
    network = {
        'name': 'fno', 'width': spectral[0].shape[0], 'layers': len(spectral),
        'modes': [modes[0] // 2, modes[1]] if dims == 2 else modes,
        'basis': ['fourier'] * dims, 'transform': 'auto', 'activation': options.activation,
        'lifting': [w.shape[0] for w, _ in lift[:-1]], 'projection': [w.shape[0] for w, _ in project[:-1]],
        'bias': any(b is not None for _, b in local), 'residual': False, 'last_activation': False,
        'pad': options.pad, 'coordinates': coordinates > 0, 'predict': options.predict,
        'nodes': outputs // components,
        'precision': 'float64' if tensors['lift.0.weight'].dtype == numpy.float64 else 'float32',
    }
    return tensors, network


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='state_dict: FILE.pt or FILE.safetensors')
    parser.add_argument('target', help='FILE.safetensors')
    parser.add_argument('--components', type=int, help='fields of a state; default: the output channels')
    parser.add_argument('--predict', choices=['state', 'increment'], default='state',
                        help='what the output stands for (default: state)')
    parser.add_argument('--activation', default='gelu', choices=['gelu', 'relu', 'tanh', 'sin', 'identity'])
    parser.add_argument('--pad', type=int, default=0, help='points of padding that the network was trained with')
    parser.add_argument('--points', type=int, nargs='+', metavar='N',
                        help='for a periodic problem whose coordinates were linspace(0, 1, N): N of each axis; the '
                             'weights of coordinates are adapted to ours, index/N')
    parser.add_argument('--precision', choices=['float32', 'float64'], help='default: as in the source')
    options = parser.parse_args()
    try:
        tensors, network = convert({k: v.copy() for k, v in load(options.source).items()}, options)
    except (Unsupported, ValueError, OSError) as error:
        sys.exit(f'convert-fno.py: {options.source}: {error}' if isinstance(error, Unsupported)
                 else f'convert-fno.py: {error}')
    starpint_weights.write(options.target, tensors, {'format': 'starpint', 'network': json.dumps(network)})
    print(f'{options.target}: {sum(t.size * (2 if numpy.iscomplexobj(t) else 1) for t in tensors.values())} parameters, '
          f'{json.dumps(network)}')


if __name__ == '__main__':
    main()
