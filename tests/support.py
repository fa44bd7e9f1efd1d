# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the program share: they run it, and know it by its exit status, stderr and files only."""
import argparse
import json
import math
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = {
    'STARPU_WORKERS_NOBIND': '1', 'STARPU_MPI_NOBIND': '1', 'STARPU_SILENT': '1', 'OPENBLAS_NUM_THREADS': '1',
    'OMP_NUM_THREADS': '1', 'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
    'OMPI_MCA_btl_vader_single_copy_mechanism': 'none',
}
# what a user may have set and a test has to choose
CHOSEN = ('STARPU_SCHED', 'STARPU_NCPU', 'STARPU_NCUDA')

programs = []  # --starpint, as often as given
folder = None  # for everything that the tests write


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def lines(self):
        """stderr without blank lines and the progress"""
        return [s for s in self.err.splitlines()
                if s.strip() and not s.startswith(('starpint: parareal ', 'starpint: serial ', 'starpint: train ',
                                                   'starpint: data ', 'starpint: targets ', 'starpint: tune ',
                                                   'starpint: calibrate '))]

    def __str__(self):
        return f'exit status {self.status}, stdout:\n{self.out}stderr:\n{self.err}'


def command(args, ranks, program=None):
    mpirun = ['mpirun', '--quiet', '--bind-to', 'none', '--oversubscribe', '-n', str(ranks)]
    return (mpirun if ranks else []) + [program or programs[0]] + [str(a) for a in args]


def start(*args, ranks=0, env=None, program=None):
    """ranks: 0 without a launcher"""
    full = {k: v for k, v in os.environ.items() if k not in CHOSEN and not k.startswith('OMPI_COMM')}
    full.update({**ENVIRONMENT, 'STARPU_HOME': str(folder / 'starpu-home'), **(env or {})})
    return subprocess.Popen(command(args, ranks, program), cwd=ROOT, env=full, text=True, start_new_session=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, timeout=60):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f'no end after {timeout} s: {process.args}\n{out}{err}') from None
    if process.args[0] == 'mpirun':  # its event library, now and then, when a rank ends early
        err = ''.join(line for line in err.splitlines(True) if not line.startswith('[warn] Epoll MOD'))
    return Result(process.returncode, out, err)


def starpint(*args, timeout=60, **keywords):
    return finish(start(*args, **keywords), timeout)


def summary(results):
    return json.loads((pathlib.Path(results) / 'summary.json').read_text())


def config(name, text):
    path = folder / f'{name}.yaml'
    path.write_text(text)
    return path


def weights(name, problem, network=None, step=0.25, leave_out=(), noise=0.05, **more):
    """a file of weights for a problem of one component: pseudo-random Fourier operators, small changes of the state"""
    network = {'name': 'fno', 'width': 3, 'layers': 2, 'modes': 4, 'projection': [5], 'transform': 'dense',
               'precision': 'float64', **(network or {})}
    channels = 3 if 'boundary' in problem else 2  # the state, the lifting, a coordinate
    width, modes, hidden = network['width'], network['modes'], network['projection'][0]
    shapes = {'lift.0.weight': [width, channels], 'lift.0.bias': [width], 'project.0.weight': [hidden, width],
              'project.0.bias': [hidden], 'project.1.weight': [1, hidden], 'project.1.bias': [1]}
    for i in range(network['layers']):
        shapes[f'fourier.{i}.spectral'] = [width, width, modes] + ([] if 'boundary' in problem else [2])
        shapes[f'fourier.{i}.weight'] = [width, width]
        shapes[f'fourier.{i}.bias'] = [width]
    draw = random.Random(1)
    metadata = {'problem': problem, 'step': repr(step), 'network': json.dumps(network), **more}
    header, data = {'__metadata__': {k: v for k, v in metadata.items() if k not in leave_out}}, b''
    for tensor, shape in shapes.items():
        values = [draw.uniform(-1, 1) * (noise if tensor.startswith('project.1') else 1) for _ in range(math.prod(shape))]
        header[tensor] = {'dtype': 'F64', 'shape': shape, 'data_offsets': [len(data), len(data) + 8 * len(values)]}
        data += struct.pack(f'<{len(values)}d', *values)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path = folder / f'{name}.safetensors'
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)
    return path


def main():
    global folder
    parser = argparse.ArgumentParser(description=sys.modules['__main__'].__doc__)
    parser.add_argument('--starpint', action='append', required=True, help='the program; twice to compare two builds')
    arguments, rest = parser.parse_known_args()
    for program in arguments.starpint:
        path = shutil.which(program)
        if not path:
            parser.error(f'{program}: no such program')
        programs.append(os.path.abspath(path))
    with tempfile.TemporaryDirectory(prefix='starpint-test-') as name:
        folder = pathlib.Path(name)
        (folder / 'starpu-home').mkdir()
        result = unittest.main(argv=sys.argv[:1] + rest, exit=False).result
    sys.exit(not result.wasSuccessful())
