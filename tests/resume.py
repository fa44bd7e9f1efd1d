# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs that are left at a stop point and go on have the bits of those that were not: at every stop point, with other
schedulers and numbers of workers (of ranks: resume_ranks.py); signals and SIGKILL; what cannot go on is one line.
SPT_KILLS=N: so many SIGKILLs."""
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

import support

HEAT = '''
problem: {name: heat, grid: 32, boundary: periodic, diffusivity: 0.02, initial: {kind: gaussian, width: 0.1}}
time: {start: 0, end: 1}
method: {name: parareal, slices: 8, iterations: 4, tolerance: 0,
         fine: {name: crank_nicolson, steps: 4}, coarse: {name: implicit_euler, steps: 1}}
observe: [{name: middle, at: [0.5], every: 0.25}, {name: end, at: [0.3]}]
output: {snapshots: 3}
'''
SERIAL = '''
problem: {name: dahlquist, lambda: [[-1, 2]], initial: [[1, 0]]}
time: {start: 0, end: 2}
method: {name: serial, propagator: {name: rk4, steps: 80}}
observe: [{name: whole, every: 0.5}]
output: {snapshots: 1}
'''
NO_FINE = 'output.error_vs_fine=false'
# name: file or text, what is set, how many stop points
CASES = {
    'windows': ('examples/dahlquist.yaml', ['method.windows=2', 'method.tolerance=0', 'method.iterations=3',
                                            'method.fine.granularity=step', NO_FINE], 5),
    'error_vs_fine': (HEAT, ['method.windows=2', 'method.iterations=2', 'output.error_vs_fine=true'], 11),
    'no_lookahead': (HEAT, ['method.lookahead=0'], 3),
    # slices that have converged are left out, by what was known without the stop point
    'lookahead': ('examples/dahlquist.yaml', ['method.lookahead=2', 'method.slices=16', 'method.iterations=16',
                                              'method.tolerance=1.0e-2', NO_FINE], 5),
    'sdc': ('examples/allen_cahn_parareal_sdc.yaml', ['problem.grid=65', 'method.fine.granularity=node', 'method.fine.steps=2',
                                                      'method.tolerance=0', 'method.iterations=3', NO_FINE], 2),
    'complex': ('examples/advection.yaml', ['problem.grid=32', 'method.slices=8', 'method.iterations=2', 'method.tolerance=0', NO_FINE], 1),
    'serial': (SERIAL, ['method.propagator.steps=8'], 7),
    'serial_sdc': (SERIAL, ['method.propagator={name: sdc, steps: 4, granularity: node, dense: true}'], 3),
    'network': ('examples/black_scholes.yaml', ['problem.grid=101', 'method.slices=8', 'method.fine.steps=6',
                                                'method.iterations=2', 'method.tolerance=0', 'method.coarse={weights}',
                                                NO_FINE], 1),
}
MACHINES = [{'STARPU_SCHED': 'eager', 'STARPU_NCPU': '1'}, {'STARPU_SCHED': 'lws', 'STARPU_NCPU': '2'},
            {'STARPU_SCHED': 'prio', 'STARPU_NCPU': '2'}, {'STARPU_SCHED': 'dmdas', 'STARPU_NCPU': '1'}]
ON = ['output.checkpoint.enabled=true']


def words(sets):
    return [word for s in sets for word in ('--set', s)]


def numbers(results):
    """everything in the results that has to be the same to the last bit"""
    found = support.summary(results)
    kept = {key: found.get(key) for key in ('status', 'observations', 'error', 'work', 'networks', 'sdc')}
    if found['config']['method'].get('tolerance'):  # how much of what was cancelled had run: a matter of chance
        del kept['work']
    kept['parareal'] = {key: value for key, value in found.get('parareal', {}).items() if not key.endswith('_seconds')}
    dump = subprocess.run(['h5dump', '-m', '%.17g', results / 'result.h5'], capture_output=True, text=True, check=True).stdout
    return json.dumps(kept, indent=1) + dump.split('\n', 1)[1]


def built_with(what):
    told = support.starpint('doctor', env={'ASAN_OPTIONS': 'detect_leaks=0'}).out  # it starts MPI, which leaks
    line = next(line for line in told.splitlines() if line.split()[:1] == [what])
    return 'not built in' not in line


class Runs(unittest.TestCase):
    def setUp(self):
        if not built_with('HDF5'):
            self.skipTest('built without HDF5')
        if not shutil.which('h5dump'):
            self.skipTest('no h5dump')

    def case(self, name):
        config, sets, stops = CASES[name]
        if '\n' in config:
            config = support.config(name, config)
        if name == 'network':
            file = support.weights('coarse', '{name: black_scholes, grid: 41, domain: 5000, boundary: closed_form}', step=0.125)
            sets = [s.replace('{weights}', f'{{name: network, weights: {file}, fallback: {{name: implicit_euler}}}}') for s in sets]
        return config, sets, stops

    def run_it(self, config, sets, name, *args, status=0, **keywords):
        results = support.folder / name
        done = support.starpint('run', config, '-o', results, *args, *words(sets), **keywords)
        self.assertEqual(done.status, status, done)
        self.done = done
        return results

    def whole(self, name):
        config, sets, _ = self.case(name)
        return numbers(self.run_it(config, sets, f'{name}-whole', '--overwrite', '--quiet', env=MACHINES[0]))

    def same(self, results, whole):
        self.assertTrue(numbers(results) == whole, 'the results differ')

    def step_by_step(self, name, machines, stride=1):
        """every process goes from one stop point to the next, or a few on; how many processes were stopped"""
        config, sets, _ = self.case(name)
        results = support.folder / f'{name}-steps'
        shutil.rmtree(results, ignore_errors=True)
        for n in itertools.count():
            keywords = next(machines)
            self.run_it(config, [*sets, *ON, f'output.checkpoint.stop_after={stride}'], results.name, *(['--resume'] if n else []),
                        **keywords)
            if support.summary(results)['status'] != 'interrupted':
                return results, n
            self.assertIn('--resume goes on from checkpoint.h5', self.done.err)


class Stops(Runs):
    def check(self, name):
        config, sets, stops = self.case(name)
        whole = self.whole(name)
        results, n = self.step_by_step(name, itertools.cycle({'env': e} for e in MACHINES))
        self.same(results, whole)
        self.assertEqual(n, n if stops is None else stops)
        self.assertGreater(n, 0)
        for stop in range(2, n + 1) if name in ('windows', 'error_vs_fine') else ():  # the first is in there
            with self.subTest(stop=stop):
                self.run_it(config, [*sets, *ON, f'output.checkpoint.stop_after={stop}'], f'{name}-part', '--overwrite', '--quiet',
                            env=MACHINES[stop % 4])
                results = self.run_it(config, sets, f'{name}-part', '--resume', '--quiet', env=MACHINES[(stop + 1) % 4])
                self.same(results, whole)

    def test_writing_changes_nothing(self):
        for name in 'error_vs_fine', 'serial':
            config, sets, _ = self.case(name)
            results = self.run_it(config, [*sets, *ON, 'output.checkpoint.every=1'], 'every', '--overwrite', '--quiet')
            self.same(results, self.whole(name))
            self.assertTrue((results / 'checkpoint.h5').exists())
        results = self.run_it(config, [*sets, *ON], 'every', '--overwrite', '--quiet')
        self.assertFalse((results / 'checkpoint.h5').exists())  # in less than 600 s


for case in CASES:
    setattr(Stops, f'test_{case}', lambda self, name=case: self.check(name))


class Interrupted(Runs):
    SLOW = ['problem.grid=256', 'method.slices=16', 'method.iterations=15', 'method.fine.steps=1000']

    def start(self, sets, **keywords):
        results = support.folder / 'signalled'
        shutil.rmtree(results, ignore_errors=True)
        process = support.start('run', support.config('slow', HEAT), '-o', results, *words([*self.SLOW, *ON, *sets]), **keywords)
        began = time.monotonic()
        while not results.exists() and process.poll() is None and time.monotonic() - began < 30:
            time.sleep(0.01)
        return results, process

    def interrupt(self, sign, status, message, whole, ranks=0, to=lambda pid: pid):
        results, process = self.start([], ranks=ranks, env={'STARPU_NCPU': '1'})
        time.sleep(0.15)
        self.assertIsNone(process.poll(), 'the run ended by itself')
        os.kill(to(process.pid), sign)
        done = support.finish(process)
        self.assertEqual(done.status, status, done)
        self.assertRegex(done.err, message + r': window 1 of 1, iteration \d+, --resume goes on from checkpoint.h5 in ')
        self.assertEqual(support.summary(results)['status'], 'interrupted')
        self.assertFalse((results / 'result.h5').exists())
        self.same(self.run_it(support.config('slow', HEAT), self.SLOW, results.name, '--resume', '--quiet'), whole)


class Signals(Interrupted):
    def test_signals(self):
        """written at the next stop point; 130 for the user's interrupt, 0 for a batch system's"""
        whole = numbers(self.run_it(support.config('slow', HEAT), self.SLOW, 'undisturbed', '--quiet'))
        self.interrupt(signal.SIGTERM, 0, 'terminated', whole)
        self.interrupt(signal.SIGINT, 130, 'interrupted', whole)

    def test_kill(self):
        """SIGKILL at any moment leaves a valid checkpoint"""
        draw, config = random.Random(7), support.config('slow', HEAT)
        sets = ['problem.grid=1024', 'method.slices=32', 'method.iterations=31', 'method.fine.steps=1']
        found = set()
        for _ in range(int(os.environ.get('SPT_KILLS', 6))):
            results, process = self.start([*sets, 'output.checkpoint.every=1'])
            began = time.monotonic()
            while not (results / 'checkpoint.h5').exists() and process.poll() is None and time.monotonic() - began < 30:
                time.sleep(0.01)
            time.sleep(draw.uniform(0, 0.2))
            os.killpg(process.pid, signal.SIGKILL)
            support.finish(process)
            self.run_it(config, [*self.SLOW, *sets, *ON, 'output.checkpoint.stop_after=1'], results.name, '--resume', '--quiet')
            found.add(len(support.summary(results)['parareal']['increments']))
            self.assertEqual([p.name for p in results.glob('.starpint*')], [])
        self.assertGreater(len(found), 1)


class FullDisk(Runs):
    def test_full_disk(self):
        """one line for each checkpoint that cannot be written, the earlier one stays; the run goes on, unless this was its
        end"""
        config, sets = support.config('full', HEAT), ['problem.grid=4096', 'output.snapshots=0', *ON]
        program = support.folder / 'full.sh'
        program.write_text(f'#!/bin/sh\ntrap "" XFSZ\nulimit -f 600\nexec {support.programs[0]} "$@"\n')  # of 512 bytes
        program.chmod(0o755)
        results = self.run_it(config, [*sets, 'output.checkpoint.stop_after=1'], 'full', '--quiet')
        first = (results / 'checkpoint.h5').read_bytes()
        for more, status, errors in (['output.checkpoint.stop_after=1'], 1, 1), (['output.checkpoint.every=1'], 0, 2):
            with self.subTest(more=more):
                self.run_it(config, [*sets, *more], 'full', '--resume', '--quiet', status=status, program=str(program))
                self.assertEqual(len(self.done.lines), errors, self.done)
                for line in self.done.lines:
                    self.assertIn(f'{results}/checkpoint.h5: cannot be written: File too large', line)
                self.assertEqual((results / 'checkpoint.h5').read_bytes(), first)
                self.assertEqual([p.name for p in results.glob('.starpint*')], [])


class Input(Runs):
    def refused(self, expected, *sets, name='kept', args=('--resume',)):
        done = support.starpint('run', support.config('input', HEAT), '-o', support.folder / name, *args, *words(sets))
        self.assertEqual(done.status, 2, done)
        self.assertEqual(len(done.lines), 1, done)
        self.assertIn(expected, done.lines[0])

    def test_refusals(self):
        results = self.run_it(support.config('input', HEAT), [*ON, 'output.checkpoint.stop_after=2'], 'kept', '--quiet')
        self.refused('already holds results', args=())
        self.refused('got both', args=('--resume', '--overwrite'))
        self.refused('nothing: No such file or directory', name='nothing')
        (support.folder / 'empty').mkdir()
        self.refused('empty/checkpoint.h5: No such file or directory: nothing to go on from', name='empty')
        self.refused('output.checkpoint.stop_after: expected 0', 'output.checkpoint.stop_after=2')
        for key, value in (('problem.diffusivity', '0.03'), ('time.end', '2'), ('method.iterations', '5'),
                           ('method.fine.steps', '8'), ('observe.0.every', '0.5'), ('output.snapshots', '1'),
                           ('output.error_vs_fine', 'true')):
            self.refused(f' {key}: {results}/checkpoint.h5 has ', f'{key}={value}')
        self.refused('method', 'method={name: serial, propagator: {name: crank_nicolson, steps: 32}}')
        self.changed_weights()
        file = results / 'checkpoint.h5'
        whole = file.read_bytes()
        for damaged in (whole[:-9], whole[:100], b'', whole[:len(whole) // 2] + b'\xff' * 64 + whole[len(whole) // 2 + 64:]):
            file.write_bytes(damaged)
            self.refused('checkpoint.h5: truncated or damaged')
        file.write_bytes(whole)
        self.run_it(support.config('input', HEAT), ['time.end=1.0', 'machine.cpus=1', 'trace.enabled=true'], 'kept', '--resume',
                    '--quiet')


    def changed_weights(self):
        config, sets, _ = self.case('network')
        self.run_it(config, [*sets, *ON, 'output.checkpoint.stop_after=1'], 'weights', '--quiet')
        file = support.folder / 'coarse.safetensors'
        file.write_bytes(file.read_bytes()[:-1] + b'\0')
        done = support.starpint('run', config, '-o', support.folder / 'weights', '--resume', *words(sets))
        self.assertEqual((done.status, len(done.lines)), (2, 1), done)
        self.assertIn('was written with other weights of a network', done.lines[0])


class Without(unittest.TestCase):
    def test_hdf5(self):
        if built_with('HDF5'):
            self.skipTest('built with HDF5')
        config = support.config('without', HEAT)
        done = support.starpint('run', config, '-o', support.folder / 'without', *words(ON))
        self.assertEqual((done.status, len(done.lines)), (2, 1), done)
        self.assertIn('output.checkpoint.enabled: expected false: this starpint was built without HDF5', done.lines[0])
        done = support.starpint('run', config, '-o', support.folder, '--resume')
        self.assertEqual((done.status, len(done.lines)), (2, 1), done)


if __name__ == '__main__':
    support.main()
