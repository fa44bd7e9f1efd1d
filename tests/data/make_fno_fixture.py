#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the fixtures of tests/test_network.c in this folder, with PyTorch (1.13 was used).

fno_1d, fno_2d: as in the code of Li et al. (fourier_1d.py, fourier_2d.py), smaller. NAME_reference.safetensors is their
state_dict, NAME.safetensors what scripts/convert-fno.py makes of it.
fno_mixed: Fourier and cosine axes, padding, residual layers, several predicted nodes; cosine by matrices.
NAME_io.safetensors holds states u (batch, components, points...), and the networks' outputs (batch, channels, padded
points...) in float64 and, computed as such, in float32.
"""
import json
import math
import pathlib
import subprocess
import sys

import numpy
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parent.parent / 'scripts'
sys.path.insert(0, str(SCRIPTS))
import starpint_weights  # noqa: E402


class SpectralConv1d(torch.nn.Module):
    def __init__(self, width, modes):
        super().__init__()
        self.modes = modes
        self.weights1 = torch.nn.Parameter(torch.rand(width, width, modes, dtype=torch.cdouble) / width)

    def forward(self, x):
        x_ft = torch.fft.rfft(x)
        out_ft = torch.zeros_like(x_ft)
        out_ft[:, :, :self.modes] = torch.einsum('bix,iox->box', x_ft[:, :, :self.modes], self.weights1)
        return torch.fft.irfft(out_ft, n=x.size(-1))


class SpectralConv2d(torch.nn.Module):
    def __init__(self, width, modes1, modes2):
        super().__init__()
        self.modes1, self.modes2 = modes1, modes2
        self.weights1 = torch.nn.Parameter(torch.rand(width, width, modes1, modes2, dtype=torch.cdouble) / width)
        self.weights2 = torch.nn.Parameter(torch.rand(width, width, modes1, modes2, dtype=torch.cdouble) / width)

    def forward(self, x):
        x_ft = torch.fft.rfft2(x)
        out_ft = torch.zeros_like(x_ft)
        m1, m2 = self.modes1, self.modes2
        out_ft[:, :, :m1, :m2] = torch.einsum('bixy,ioxy->boxy', x_ft[:, :, :m1, :m2], self.weights1)
        out_ft[:, :, -m1:, :m2] = torch.einsum('bixy,ioxy->boxy', x_ft[:, :, -m1:, :m2], self.weights2)
        return torch.fft.irfft2(out_ft, s=(x.size(-2), x.size(-1)))


class FNO(torch.nn.Module):
    """x (batch, points..., components)"""

    def __init__(self, dims, components, width, modes, layers, hidden):
        super().__init__()
        self.layers = layers
        self.fc0 = torch.nn.Linear(components + dims, width)
        conv = SpectralConv1d if dims == 1 else SpectralConv2d
        for i in range(layers):
            setattr(self, f'conv{i}', conv(width, *modes))
            setattr(self, f'w{i}', torch.nn.Conv1d(width, width, 1))
        self.fc1 = torch.nn.Linear(width, hidden)
        self.fc2 = torch.nn.Linear(hidden, components)

    def forward(self, x):
        shape = x.shape[1:-1]
        grid = torch.meshgrid(*[torch.linspace(0, 1, n, dtype=x.dtype) for n in shape], indexing='ij')
        x = torch.cat([x] + [g.expand(x.shape[:-1])[..., None] for g in grid], dim=-1)
        x = self.fc0(x).movedim(-1, 1)
        for i in range(self.layers):
            x2 = getattr(self, f'w{i}')(x.flatten(2)).view(x.shape)
            x = getattr(self, f'conv{i}')(x) + x2
            if i < self.layers - 1:
                x = F.gelu(x)
        return self.fc2(F.gelu(self.fc1(x.movedim(1, -1))))


def to_single(model):
    """.float() would make complex parameters real"""
    for module in model.modules():
        for name, value in module.named_parameters(recurse=False):
            kind = torch.cfloat if value.is_complex() else torch.float
            setattr(module, name, torch.nn.Parameter(value.detach().to(kind)))
    return model


def save_io(name, u, output, output32):
    starpint_weights.write(str(HERE / f'{name}_io.safetensors'),
                           {'u': u.numpy(), 'output': output.numpy(), 'output32': output32.numpy()})


def reference(name, shape, components, **sizes):
    model = FNO(len(shape), components, **sizes).double()
    u = torch.rand(2, components, *shape, dtype=torch.double).float().double()  # the same number in float32
    state = {key: value.detach().numpy() for key, value in model.state_dict().items()}
    source = HERE / f'{name}_reference.safetensors'
    starpint_weights.write(str(source), state)
    subprocess.run([sys.executable, SCRIPTS / 'convert-fno.py', source, HERE / f'{name}.safetensors'], check=True)
    with torch.no_grad():
        output = model(u.movedim(1, -1)).movedim(-1, 1)
        output32 = to_single(model)(u.float().movedim(1, -1)).movedim(-1, 1)
    save_io(name, u, output, output32)


def cosines(n, modes):
    """rows cos(pi k (j + 1/2)/n), and the factors that make coefficients of them"""
    matrix = [[math.cos(math.pi * k * (j + 0.5) / n) for j in range(n)] for k in range(modes)]
    return torch.tensor(matrix, dtype=torch.double), torch.tensor([1 / n] + [2 / n] * (modes - 1), dtype=torch.double)


def mixed(name):
    """axis 0 Fourier and periodic, axis 1 cosine"""
    shape, pad, components, nodes, width, modes, hidden, middle = (10, 9), (2, 1), 2, 2, 5, (4, 6), 7, 11
    padded = [n + p for n, p in zip(shape, pad)]
    channels = components + 2

    def draw(*size):
        return torch.rand(*size, dtype=torch.double) - 0.4

    tensors = {'lift.0.weight': draw(hidden, channels), 'lift.0.bias': draw(hidden),
               'lift.1.weight': draw(width, hidden), 'lift.1.bias': draw(width)}
    for i in range(2):
        tensors[f'fourier.{i}.spectral'] = draw(width, width, *modes, 2) / width
        tensors[f'fourier.{i}.weight'] = draw(width, width)
    tensors.update({'project.0.weight': draw(middle, width), 'project.0.bias': draw(middle),
                    'project.1.weight': draw(components * nodes, middle), 'project.1.bias': draw(components * nodes)})
    network = {'name': 'fno', 'width': width, 'layers': 2, 'modes': list(modes), 'lifting': [hidden],
               'projection': [middle], 'activation': 'tanh', 'bias': False, 'residual': True, 'last_activation': True,
               'pad': list(pad), 'nodes': nodes, 'precision': 'float64'}
    u = torch.rand(2, components, *shape, dtype=torch.double).float().double()

    def forward(u, kind):
        def get(key):
            return tensors[key].to(kind)

        def dense(layer, x):
            y = torch.einsum('oi,bixy->boxy', get(layer + '.weight'), x)
            return y + get(layer + '.bias')[:, None, None] if layer + '.bias' in tensors else y

        x = torch.arange(shape[0]) / shape[0]            # periodic
        y = torch.arange(shape[1]) / (shape[1] - 1)
        grid = torch.meshgrid(x.to(kind), y.to(kind), indexing='ij')
        a = torch.cat([u.to(kind)] + [g.expand(u.shape[0], 1, *shape) for g in grid], dim=1)
        a = F.pad(a, (0, pad[1], 0, pad[0]))
        a = dense('lift.1', torch.tanh(dense('lift.0', a)))
        matrix, factors = (t.to(kind) for t in cosines(padded[1], modes[1]))
        for i in range(2):
            weight = torch.view_as_complex(get(f'fourier.{i}.spectral').contiguous())
            spectrum = torch.fft.rfft(a @ (matrix * factors[:, None]).T, dim=2)
            kept = torch.einsum('bixy,ioxy->boxy', spectrum[:, :, :modes[0]], weight)
            out = torch.zeros(*spectrum.shape, dtype=spectrum.dtype)
            out[:, :, :modes[0]] = kept
            a = a + torch.tanh(torch.fft.irfft(out, n=padded[0], dim=2) @ matrix + dense(f'fourier.{i}', a))
        return dense('project.1', torch.tanh(dense('project.0', a)))

    save_io(name, u, forward(u, torch.double), forward(u, torch.float))
    starpint_weights.write(str(HERE / f'{name}.safetensors'), {key: value.numpy() for key, value in tensors.items()},
                           {'format': 'starpint', 'network': json.dumps(network)})


def main():
    torch.manual_seed(1)
    torch.set_default_dtype(torch.double)
    reference('fno_1d', (33,), 1, width=6, modes=(5,), layers=3, hidden=16)
    reference('fno_2d', (12, 15), 2, width=4, modes=(4, 3), layers=2, hidden=10)
    mixed('fno_mixed')


if __name__ == '__main__':
    main()
