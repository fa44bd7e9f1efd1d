# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Weights in Python: files of the program are read, scripts/convert-fno.py converts what PyTorch made.

The layout of the spectral weights is checked against forward passes written here as in the two code bases. Skipped (77)
without numpy; what needs torch is skipped without it. usage: weights.py --program TEST_NETWORK
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEBIAN = '/usr/bin/python3'  # has the distribution's numpy and torch, which another python3 in the PATH may lack
try:
    import numpy
except ImportError:
    if os.path.realpath(sys.executable) != os.path.realpath(DEBIAN) and os.access(DEBIAN, os.X_OK):
        os.execv(DEBIAN, [DEBIAN] + sys.argv)
    print('no numpy: skipped')
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None
sys.path.insert(0, str(ROOT / 'scripts'))
import starpint_weights  # noqa: E402

program = None
folder = None


def convert(source, target, *options):
    return subprocess.run([sys.executable, ROOT / 'scripts' / 'convert-fno.py', source, target, *options],
                          capture_output=True, text=True, check=False)


def path(name):
    return str(folder / name)


def data(name):
    return str(ROOT / 'tests' / 'data' / f'{name}.safetensors')


def random_complex(random, *shape):
    return random.standard_normal(shape) + 1j * random.standard_normal(shape)


def ours(x, weight):
    """one sample (in, n0, n1): frequencies 0..m0-1, -m0..-1 of axis 0, 0..m1-1 of axis 1"""
    spectrum = numpy.fft.rfft2(x)
    out = numpy.zeros((weight.shape[1], *spectrum.shape[1:]), complex)
    kept = weight.shape[2] // 2
    for i, k in enumerate(list(range(kept)) + list(range(-kept, 0))):
        out[:, k, :weight.shape[3]] = numpy.einsum('iy,ioy->oy', spectrum[:, k, :weight.shape[3]], weight[:, :, i])
    return numpy.fft.irfft2(out, s=x.shape[1:])


def neuraloperators(x, weight):
    """its SpectralConv: the spectrum is shifted, the middle of it kept"""
    spectrum = numpy.fft.fftshift(numpy.fft.rfft2(x), axes=1)
    out = numpy.zeros((weight.shape[1], *spectrum.shape[1:]), complex)
    n, centre = weight.shape[2], x.shape[1] // 2
    rows = slice(centre - n // 2, centre + n // 2 + n % 2)
    columns = slice(0, weight.shape[3])
    out[:, rows, columns] = numpy.einsum('ixy,ioxy->oxy', spectrum[:, rows, columns], weight)
    return numpy.fft.irfft2(numpy.fft.ifftshift(out, axes=1), s=x.shape[1:])


def neuraloperator_state(random, dims, kept, width=3):
    state = {}
    for part, sizes in (('lifting', (1 + dims, 5, width)), ('projection', (width, 4, 1))):
        for i in range(2):
            state[f'{part}.fcs.{i}.weight'] = random.standard_normal((sizes[i + 1], sizes[i], 1))
            state[f'{part}.fcs.{i}.bias'] = random.standard_normal(sizes[i + 1])
    for i in range(2):
        state[f'fno_blocks.convs.{i}.weight.tensor'] = random_complex(random, width, width, *kept)
        state[f'fno_blocks.convs.{i}.bias'] = random.standard_normal((width,) + (1,) * dims)
        state[f'fno_blocks.fno_skips.{i}.conv.weight'] = random.standard_normal((width, width, 1))
    return state


class Reading(unittest.TestCase):
    def test_files_of_the_program(self):
        subprocess.run([program, 'write', path('w.safetensors')], check=True)
        tensors, metadata = starpint_weights.read(path('w.safetensors'))
        self.assertEqual({name: value.shape for name, value in tensors.items()}, {
            'lift.0.weight': (3, 2), 'lift.0.bias': (3,), 'fourier.0.spectral': (3, 3, 2, 2),
            'fourier.0.weight': (3, 3), 'fourier.0.bias': (3,), 'project.0.weight': (4, 3), 'project.0.bias': (4,),
            'project.1.weight': (1, 4), 'project.1.bias': (1,)})
        layers = ['lift.0', 'fourier.0', 'project.0', 'project.1']
        for name, value in tensors.items():
            layer, tensor = name.rsplit('.', 1)
            order = ['spectral', 'weight', 'bias'] if layer == 'fourier.0' else ['weight', 'bias']
            expected = 100 * layers.index(layer) + 10 * order.index(tensor) + numpy.arange(value.size) / 64
            self.assertEqual(value.dtype, numpy.float32)
            self.assertTrue((value.reshape(-1) == expected).all(), name)
        self.assertEqual(metadata['format'], 'starpint')
        self.assertEqual(metadata['epoch'], '3')

    @unittest.skipUnless(torch, 'no torch')
    def test_the_example_of_the_docs(self):
        subprocess.run([program, 'write', path('w.safetensors')], check=True)
        text = (ROOT / 'docs' / 'networks.md').read_text(encoding='utf-8')
        example = text.split('```python\n')[1].split('```')[0]
        space = {}
        old = os.getcwd()
        os.chdir(folder)
        try:
            os.rename('w.safetensors', 'weights.safetensors')
            exec(compile(example, 'docs/networks.md', 'exec'), space)  # pylint: disable=exec-used
        finally:
            os.chdir(old)
        self.assertTrue(torch.is_complex(space['spectral']))
        before = starpint_weights.read(path('weights.safetensors'))[0]['project.1.bias']
        after = starpint_weights.read(path('changed.safetensors'))[0]['project.1.bias']
        self.assertTrue((after == 2 * before).all())

    def test_what_is_written_is_read(self):
        tensors = {'a': numpy.arange(6.0).reshape(2, 3).T, 'b': numpy.float32([[1], [2]]),
                   'z': numpy.array([1 + 2j, 3 - 4j])}
        starpint_weights.write(path('p.safetensors'), tensors, {'k': 3})
        back, metadata = starpint_weights.read(path('p.safetensors'))
        self.assertEqual(metadata, {'k': '3'})
        self.assertTrue((back['a'] == tensors['a']).all() and (back['b'] == tensors['b']).all())
        self.assertTrue((back['z'] == [[1, 2], [3, -4]]).all())


class Converting(unittest.TestCase):
    def check(self, name, source):
        done = convert(source, path('out.safetensors'))
        self.assertEqual(done.returncode, 0, done.stderr)
        expected, found = starpint_weights.read(data(name))[0], starpint_weights.read(path('out.safetensors'))[0]
        self.assertEqual(list(expected), list(found))
        for key, value in expected.items():
            self.assertTrue(numpy.array_equal(value, found[key]), key)
        done = subprocess.run([program, 'check', name, path('out.safetensors')], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_reference_code(self):
        for name in 'fno_1d', 'fno_2d':
            self.check(name, data(name + '_reference'))

    @unittest.skipUnless(torch, 'no torch')
    def test_reference_code_as_pt(self):
        for name in 'fno_1d', 'fno_2d':
            state = {}
            for key, value in starpint_weights.read(data(name + '_reference'))[0].items():
                value = torch.from_numpy(value.copy())
                state['model.' + key] = torch.view_as_complex(value) if '.weights' in key else value
            torch.save({'epoch': 3, 'model_state_dict': state}, path('in.pt'))
            self.check(name, path('in.pt'))

    def test_other_names(self):
        state = starpint_weights.read(data('fno_1d_reference'))[0]
        names = {'fc0': 'p', 'fc1': 'q.mlp1', 'fc2': 'q.mlp2'}
        renamed = {'.'.join([names.get(key.split('.')[0], key.split('.')[0])] + key.split('.')[1:]): value
                   for key, value in state.items()}
        self.assertIn('q.mlp2.bias', renamed)
        starpint_weights.write(path('in.safetensors'), renamed)
        self.check('fno_1d', path('in.safetensors'))

    def test_neuraloperator(self):
        random = numpy.random.default_rng(1)
        x = random.standard_normal((3, 11, 10))
        for kept in (4, 3), (5, 3), (1, 2):
            state = neuraloperator_state(random, 2, kept)
            starpint_weights.write(path('in.safetensors'), state)
            done = convert(path('in.safetensors'), path('out.safetensors'))
            self.assertEqual(done.returncode, 0, done.stderr)
            tensors, metadata = starpint_weights.read(path('out.safetensors'))
            self.assertIn(f'"modes": [{(kept[0] + 1) // 2}, {kept[1]}]', metadata['network'])
            for i in range(2):
                weight = tensors[f'fourier.{i}.spectral']
                expected = neuraloperators(x, state[f'fno_blocks.convs.{i}.weight.tensor'])
                self.assertLess(abs(ours(x, weight[..., 0] + 1j * weight[..., 1]) - expected).max(), 1e-13)
                self.assertTrue((tensors[f'fourier.{i}.bias'].reshape(-1) ==
                                 state[f'fno_blocks.convs.{i}.bias'].reshape(-1)).all())
            self.assertTrue((tensors['lift.1.weight'] == state['lifting.fcs.1.weight'][:, :, 0]).all())

    def test_coordinates_of_periodic_axes(self):
        points = 50
        done = convert(data('fno_1d_reference'), path('out.safetensors'), '--points', str(points))
        self.assertEqual(done.returncode, 0, done.stderr)
        before, after = (starpint_weights.read(p)[0]['lift.0.weight']
                         for p in (data('fno_1d'), path('out.safetensors')))
        theirs, own = numpy.linspace(0, 1, points), numpy.arange(points) / points
        self.assertLess(abs(before[:, 1:] * theirs - after[:, 1:] * own).max(), 1e-15)
        self.assertTrue((before[:, 0] == after[:, 0]).all())

    def test_errors(self):
        state = starpint_weights.read(data('fno_2d_reference'))[0]
        cases = [
            ({'bn0.weight': numpy.ones(4)}, "tensor 'bn0.weight' (4,) has no counterpart"),
            ({'w0.weight': numpy.ones((4, 4, 3))}, 'expected a convolution of size 1'),
            ({'fc0.weight': numpy.ones((4, 7))}, '7 input channels: expected 2 components, or with 2 coordinates 4'),
            ({'fc0.weight': None}, "no tensor 'fc0.weight', 'p.weight' or 'lifting.fcs.0.weight'"),
            ({'conv1.weights2': None}, "conv1.weights1: shape"),
            ({'w1.weight': None}, "no tensor 'w1.weight'"),
        ]
        for change, message in cases:
            changed = {key: value for key, value in {**state, **change}.items() if value is not None}
            starpint_weights.write(path('in.safetensors'), changed)
            done = convert(path('in.safetensors'), path('bad.safetensors'))
            self.assertEqual(done.returncode, 1)
            self.assertIn(message, done.stderr)
            self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
            self.assertFalse((folder / 'bad.safetensors').exists())
        self.assertIn('example:', convert('--help', '').stdout)


def main():
    global program, folder
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--program', required=True, help='test_network')
    options, rest = parser.parse_known_args()
    program = os.path.abspath(options.program)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        unittest.main(argv=[sys.argv[0], *rest])


if __name__ == '__main__':
    main()
