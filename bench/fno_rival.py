#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rival of bench/fno.c: the same Fourier neural operators in PyTorch, on one thread, in the fastest of several forms.

Forms: transforms by rfft2 and cut, or as products with small matrices; modes mixed by einsum or bmm; pointwise layers as
convolutions, as products, or as convolutions of tensors that hold their channels last.

CPU time is measured: other programs on the machine disturb it less.

Reads lines "CASE", answers "SECONDS NAME-OF-THE-FORM" (see `cases`). At the first question about a case all forms are
timed; later only the best three are, and the best time is the answer. At the start it says "torch VERSION".
"""
import math
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)

# width, modes, layers, points, channels in, out; batch; training
cases = {f'{name}.{batch}{kind}': shape + (batch, kind == 't')
         for name, shape in {'a': (32, 12, 4, (64, 64), 3, 1), 'b': (64, 16, 4, (128, 128), 3, 1),
                             'c': (16, 12, 2, (256, 64), 6, 4)}.items()
         for batch in (1, 16) for kind in ('', 't')}


class Spectral(torch.nn.Module):
    def __init__(self, width, modes, points, transform, mix):
        super().__init__()
        self.m, self.n, self.transform, self.mix = modes, points, transform, mix
        scale = 1 / width ** 2
        # einsum: (in, out, kept0, kept1), bmm: (kept0 kept1, in, out)
        shape = (width, width, 2 * modes, modes) if mix == 'einsum' else (2 * modes * modes, width, width)
        self.weight = torch.nn.Parameter(scale * torch.rand(*shape, dtype=torch.cfloat))
        if transform == 'dense':
            k0 = torch.cat([torch.arange(modes), torch.arange(-modes, 0)]).double()
            k1 = torch.arange(modes).double()
            e0 = torch.exp(-2j * math.pi * torch.outer(k0, torch.arange(points[0]).double()) / points[0])
            angle = 2 * math.pi * torch.outer(torch.arange(points[1]).double(), k1) / points[1]
            twice = torch.where(k1 > 0, 2.0, 1.0) / (points[0] * points[1])
            self.register_buffer('e0', e0.to(torch.cfloat))  # (kept0, n0)
            self.register_buffer('e1', torch.stack([angle.cos(), -angle.sin()], -1).reshape(points[1], -1).float())
            self.register_buffer('i0', e0.conj().T.contiguous().to(torch.cfloat))
            self.register_buffer('i1', torch.stack([angle.cos() * twice, -angle.sin() * twice], -1)
                                 .reshape(points[1], -1).T.contiguous().float())

    def mixed(self, x):  # (batch, in, kept0, kept1)
        if self.mix == 'einsum':
            return torch.einsum('bixy,ioxy->boxy', x, self.weight)
        b, c, p, q = x.shape
        return torch.bmm(x.permute(2, 3, 0, 1).reshape(p * q, b, c), self.weight).permute(1, 2, 0).reshape(b, c, p, q)

    def forward(self, x):
        b, c = x.shape[:2]
        m, (n0, n1) = self.m, self.n
        if self.transform == 'fft':
            z = torch.fft.rfft2(x)
            z = self.mixed(torch.cat([z[:, :, :m, :m], z[:, :, -m:, :m]], 2))
            full = torch.zeros(b, c, n0, n1 // 2 + 1, dtype=torch.cfloat)
            full[:, :, :m, :m], full[:, :, -m:, :m] = z[:, :, :m], z[:, :, m:]
            return torch.fft.irfft2(full, s=(n0, n1))
        z = torch.view_as_complex((x.reshape(-1, n1) @ self.e1).view(b, c, n0, m, 2))
        z = self.i0 @ self.mixed(self.e0 @ z)
        return (torch.view_as_real(z).reshape(-1, 2 * m) @ self.i1).view(b, c, n0, n1)


class Pointwise(torch.nn.Module):
    def __init__(self, i, o, form):
        super().__init__()
        self.form = form
        self.weight, self.bias = torch.nn.Parameter(torch.randn(o, i) / i), torch.nn.Parameter(torch.randn(o) / i)

    def forward(self, x):
        if self.form == 'product':
            b, c, n0, n1 = x.shape
            y = torch.baddbmm(self.bias[None, :, None], self.weight.expand(b, -1, -1), x.reshape(b, c, -1))
            return y.view(b, -1, n0, n1)
        return F.conv2d(x, self.weight[:, :, None, None], self.bias)


class Fno(torch.nn.Module):
    def __init__(self, width, modes, layers, points, channels, out, transform, mix, pointwise):
        super().__init__()
        self.last = pointwise == 'channels last'
        self.lift = Pointwise(channels, width, pointwise)
        self.spectral = torch.nn.ModuleList([Spectral(width, modes, points, transform, mix) for _ in range(layers)])
        self.local = torch.nn.ModuleList([Pointwise(width, width, pointwise) for _ in range(layers)])
        self.hidden, self.project = Pointwise(width, 128, pointwise), Pointwise(128, out, pointwise)

    def forward(self, x):
        if self.last:
            x = x.to(memory_format=torch.channels_last)
        x = self.lift(x)
        for i, (spectral, local) in enumerate(zip(self.spectral, self.local)):
            x = local(x) + spectral(x)
            if i < len(self.spectral) - 1:
                x = F.gelu(x)
        return self.project(F.gelu(self.hidden(x)))


class Race:
    """One case in one form"""

    def __init__(self, case, form):
        width, modes, layers, points, channels, out, batch, self.training = case
        torch.manual_seed(1)
        self.name = ', '.join(form)
        self.net = Fno(width, modes, layers, points, channels, out, *form[:3])
        self.x, self.target = torch.randn(batch, channels, *points), torch.randn(batch, out, *points)
        if self.training:
            self.adam = torch.optim.Adam(self.net.parameters(), lr=1e-3, foreach=form[3] == 'foreach')

    def seconds(self):
        start = time.process_time()
        if self.training:
            self.adam.zero_grad(set_to_none=True)
            F.mse_loss(self.net(self.x), self.target).backward()
            self.adam.step()
        else:
            with torch.no_grad():
                self.net(self.x)
        return time.process_time() - start


def forms(training):
    for transform in ('fft', 'dense'):
        for mix in ('einsum', 'bmm'):
            for pointwise in ('convolution', 'product', 'channels last'):
                for adam in ('foreach', 'for') if training else ('',):
                    yield (transform, mix, pointwise) + ((adam,) if adam else ())


def main():
    print('torch', torch.__version__, flush=True)
    best = {}
    for line in sys.stdin:
        case = line.strip()
        if case not in best:
            races = [Race(cases[case], form) for form in forms(cases[case][-1])]
            best.clear()
            best[case] = sorted(races, key=lambda r: min(r.seconds() for _ in range(3)))[:3]
        times = [(race.seconds(), race.name) for race in best[case]]
        print('%.6f %s' % min(times), flush=True)


main()
