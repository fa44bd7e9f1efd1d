# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same bits for every scheduler, number of workers and lookahead: increments, errors, observations, results. With
--starpint twice, for both builds (say, of StarPU 1.3 and 1.4)."""
import itertools
import json
import shutil
import subprocess
import unittest

import support

SCHEDULERS = ['eager', 'lws', 'ws', 'prio', 'dm', 'dmda', 'dmdas', 'modular-heft']
COMMON = ['method.tolerance=0', 'method.iterations=3', 'output.error_vs_fine=true', 'output.snapshots=1']
SMALL = {  # of examples/NAME.yaml
    'advection': ['problem.grid=32', 'method.slices=8'],
    'black_scholes': ['problem.grid=101', 'method.slices=8', 'method.fine.steps=6', 'method.coarse.steps=1'],
    'black_scholes_2d': ['problem.grid=[21, 25]', 'method.slices=8', 'method.fine.steps=2', 'method.coarse.steps=1',
                         'trace.enabled=false'],
    'black_scholes_pinn': ['problem.grid=101', 'time.end=0.5', 'method.slices=8', 'method.fine.steps=6'],
    'black_scholes_pino': ['problem.grid=[41, 51]', 'time.end=0.5', 'method.slices=8', 'method.fine.steps=2'],
    'dahlquist': ['method.windows=2', 'method.fine.steps=5', 'method.fine.granularity=step'],
    'allen_cahn_parareal_sdc': ['problem.grid=65', 'method.fine.granularity=node', 'method.fine.steps=2',
                                'method.coarse.propagator.granularity=step'],
    'heat_2d': ['problem.grid=[16, 16]', 'method.slices=8', 'method.fine.steps=2'],
    'tune': ['problem.grid=[17, 21]', 'method.windows=4', 'method.fine.steps=2', 'method.coarse.steps=1'],
}


def numbers(results):
    """everything in the results that has to be the same to the last bit"""
    found = support.summary(results)
    kept = {key: found.get(key) for key in ('status', 'observations', 'error')}
    kept['parareal'] = {key: found['parareal'][key] for key in ('iterations', 'increments', 'error_vs_fine')}
    kept['windows'] = found['parareal'].get('windows')
    text = json.dumps(kept)  # 17 digits came in, repr goes out: one text for each double
    return text, fields(results)


def fields(results):
    raw = results / 'result.bin'
    if raw.exists():
        return raw.read_bytes()
    if not shutil.which('h5dump'):
        return None
    out = results / 'fields'
    subprocess.run(['h5dump', '-d', dataset(results), '-b', 'LE', '-o', out, results / 'result.h5'], check=True,
                   stdout=subprocess.DEVNULL)
    return out.read_bytes()


def dataset(results):
    listing = subprocess.run(['h5dump', '-n', results / 'result.h5'], capture_output=True, text=True, check=True).stdout
    return next(line.split()[1] for line in listing.splitlines() if '/fields/' in line)


class Bits(unittest.TestCase):
    def solve(self, name, sets=(), **keywords):
        results = support.folder / 'results'
        shutil.rmtree(results, ignore_errors=True)
        words = [word for s in [*COMMON, *SMALL[name], *sets] for word in ('--set', s)]
        done = support.starpint('run', f'examples/{name}.yaml', '-o', results, '--quiet', *words, **keywords)
        self.assertEqual(done.status, 0, done)
        return numbers(results)

    def same(self, name, first, **keywords):
        text, data = self.solve(name, **keywords)
        self.assertEqual(text, first[0])
        self.assertTrue(data == first[1], 'the fields of result.h5 differ')


class Reproducible(Bits):
    def check(self, name):
        first = self.solve(name, env={'STARPU_SCHED': 'eager', 'STARPU_NCPU': '1'})
        self.assertTrue(first[1] is None or any(first[1]))
        combinations = list(itertools.product(SCHEDULERS, ('1', '2')))
        for number, (scheduler, cpus) in enumerate(combinations):
            lookahead = (number + list(SMALL).index(name)) % 3  # every scheduler meets each of them in some example
            for program in support.programs:
                with self.subTest(scheduler=scheduler, cpus=cpus, lookahead=lookahead, program=program):
                    self.same(name, first, sets=[f'method.lookahead={lookahead}'], program=program,
                              env={'STARPU_SCHED': scheduler, 'STARPU_NCPU': cpus})
        for lookahead in range(3):
            with self.subTest(lookahead=lookahead):
                self.same(name, first, sets=[f'method.lookahead={lookahead}'], env={'STARPU_NCPU': '2'})

    def test_different_input_gives_different_bits(self):
        env = {'STARPU_NCPU': '1'}
        first = self.solve('heat_2d', env=env)
        second = self.solve('heat_2d', sets=['problem.diffusivity=0.0500000000000001'], env=env)
        self.assertNotEqual(first[0], second[0])
        if first[1]:
            self.assertFalse(first[1] == second[1])

    def test_network(self):
        """a network of random weights on a grid of its own, in one task and by layers"""
        weights = support.weights('random', '{name: black_scholes, grid: 41, domain: 5000, boundary: closed_form}', step=0.125)
        coarse = f'method.coarse={{name: network, weights: {weights}, granularity: '
        first = self.solve('black_scholes', [coarse + 'network}'], env={'STARPU_SCHED': 'eager', 'STARPU_NCPU': '1'})
        for scheduler, granularity in itertools.product(SCHEDULERS, ('network', 'layer')):
            with self.subTest(scheduler=scheduler, granularity=granularity):
                self.same('black_scholes', first, sets=[coarse + granularity + '}'],
                          env={'STARPU_SCHED': scheduler, 'STARPU_NCPU': '2'})

    def test_every_example_is_here(self):
        methods = {p.stem for p in (support.ROOT / 'examples').glob('*.yaml') if 'name: parareal' in p.read_text()}
        self.assertEqual(methods - {'advection_no_diffusion'}, set(SMALL))  # that is advection once more


for example in SMALL:
    setattr(Reproducible, f'test_{example}', lambda self, name=example: self.check(name))

if __name__ == '__main__':
    support.main()
