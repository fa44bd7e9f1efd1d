# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program says: one clear line for each wrong input, an honest end of each run that goes wrong, and files that
hold what they are documented to hold."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

import support
from support import starpint, summary

DAHLQUIST = '''\
problem: {name: dahlquist, lambda: [[-1, 0]], initial: [1, 0]}
time:    {start: 0, end: 1}
method:
  name: parareal
  slices: 4
  iterations: 2
  tolerance: 0
  fine:   {name: rk4, steps: 4}
  coarse: {name: implicit_euler, steps: 1}
observe: [{name: u}]
output:  {snapshots: 0}
machine: {scheduler: lws}
'''
BLACK_SCHOLES = '''\
problem: {name: black_scholes_2d, strike: 100, volatility: [0.4, 0.4], correlation: 0.5, grid: [21, 21], domain: [400, 400]}
method:  {name: serial, propagator: {name: mcs_adi, steps: 12}}
observe: [{name: atm, at: [100, 100]}]
'''
ADVECTION = '''\
problem: {name: advection, grid: 64, diffusivity: 0.1, split: imex}
method:  {name: serial, propagator: {name: rk222, steps: 12}}
'''
HEAT = '''\
problem: {name: heat, grid: 32}
method:  {name: serial, propagator: {name: implicit_euler, steps: 12}}
'''
# config, what is replaced in it by what, line of the error, key, more words that the error has to hold
WRONG = [
    # unknown keys and names, with the nearest known one
    (DAHLQUIST, 'lambda:', 'lamda:', 1, 'problem.lamda', ["unknown key", "'lambda'"]),
    (DAHLQUIST, 'slices:', 'slcies:', 5, 'method.slcies', ["unknown key", "'slices'"]),
    (DAHLQUIST, 'observe:', 'obsreve:', 10, 'obsreve', ["unknown key", "'observe'"]),
    (DAHLQUIST, 'name: dahlquist', 'name: dahlqist', 1, 'problem.name', ["unknown problem", "'dahlquist'", 'heat']),
    (DAHLQUIST, 'name: parareal', 'name: pararael', 4, 'method.name', ["unknown method", "'parareal'", 'serial']),
    (DAHLQUIST, 'name: rk4', 'name: rk5', 8, 'method.fine.name', ["unknown propagator", "'rk4'", 'mcs_adi']),
    (DAHLQUIST, 'name: rk4', 'nam: rk4', 8, 'method.fine', ['name']),
    (DAHLQUIST, 'steps: 4', 'steps: 4, granularity: stpe', 8, 'method.fine.granularity', ["'step'"]),
    (DAHLQUIST, 'scheduler: lws', 'scheduler: dmdaz', 12, 'machine.scheduler', ['unknown scheduler', "'dmda", 'eager']),
    (HEAT, 'grid: 32', 'grid: 32, discretisation: fd3', 1, 'problem.discretisation', ['fd3', 'fd2', 'spectral']),
    # missing keys
    (DAHLQUIST, 'problem:', '#', 0, 'problem', ['expected']),
    (DAHLQUIST, '  fine:', '  #', 3, 'method', ["expected key 'fine'"]),
    # values out of range
    (DAHLQUIST, 'slices: 4', 'slices: 0', 5, 'method.slices', ['[1, ', 'got 0']),
    (DAHLQUIST, 'slices: 4', 'slices: many', 5, 'method.slices', ['integer', 'many']),
    (DAHLQUIST, 'iterations: 2', 'iterations: -1', 6, 'method.iterations', ['got -1']),
    (DAHLQUIST, 'tolerance: 0', 'tolerance: -1e-8', 7, 'method.tolerance', ['>= 0', '-1e-8']),
    (DAHLQUIST, 'tolerance: 0', 'tolerance: nan', 7, 'method.tolerance', ['number', 'nan']),
    (DAHLQUIST, 'steps: 4', 'steps: 0', 8, 'method.fine.steps', ['[1, ', 'got 0']),
    (DAHLQUIST, 'tolerance: 0', 'windows: 3', 7, 'method.windows', ['divisor', '4', '3']),
    (DAHLQUIST, 'end: 1', 'end: 0', 2, 'time.end', ['after start', 'got 0']),
    (DAHLQUIST, 'end: 1', 'end: -1', 2, 'time.end', ['after start', 'got -1']),
    (DAHLQUIST, 'snapshots: 0', 'snapshots: 4', 11, 'output.snapshots', ['fewer than slices', '4']),
    (DAHLQUIST, 'initial: [1, 0]', 'initial: [[1, 0], [2, 0]]', 1, 'problem.initial', ['2']),
    (BLACK_SCHOLES, 'correlation: 0.5', 'correlation: 1', 1, 'problem.correlation', ['(-1, 1)', 'got 1']),
    (BLACK_SCHOLES, 'correlation: 0.5', 'correlation: -1.5', 1, 'problem.correlation', ['(-1, 1)', 'got -1.5']),
    (BLACK_SCHOLES, 'volatility: [0.4, 0.4]', 'volatility: [0.4, 0]', 1, 'problem.volatility', ['> 0|(0, ', 'got 0']),
    (BLACK_SCHOLES, 'volatility: [0.4, 0.4]', 'volatility: [-1, 1]', 1, 'problem.volatility', ['> 0|(0, ', 'got -1']),
    (BLACK_SCHOLES, 'grid: [21, 21]', 'grid: [21, 4]', 1, 'problem.grid', ['5', 'got 4']),
    (BLACK_SCHOLES, 'grid: [21, 21]', 'grid: [21, 21, 21]', 1, 'problem.grid', ['two', 'got 3']),
    (BLACK_SCHOLES, 'strike: 100', 'strike: 500', 1, 'problem', ['strike', '500']),
    (HEAT, 'grid: 32', 'grid: 2', 1, 'problem.grid', ['5', 'got 2']),
    # a propagator that cannot run this problem
    (DAHLQUIST, 'name: rk4', 'name: douglas_adi', 8, 'method.fine.name', ['dahlquist', 'split', 'expected']),
    (DAHLQUIST, 'name: rk4', 'name: rk4, where: cuda', 8, 'method.fine.where', ['expected cpu or any', 'CUDA']),
    (DAHLQUIST, 'name: implicit_euler, steps: 1', 'name: coarsen', 9, 'method.coarse', ['expected']),
    (ADVECTION, 'name: rk222', 'name: esdirk43', 2, 'method.propagator.name', ['advection', 'IMEX']),
    (ADVECTION, 'name: rk222', 'name: implicit_euler', 2, 'method.propagator.name', ['advection', 'IMEX']),
    (HEAT, 'name: implicit_euler', 'name: mcs_adi', 2, 'method.propagator.name', ['heat', 'split']),
    # observations that cannot be made
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100, 500]', 3, 'observe.0.at', ['[0, 400]', 'got 500']),
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100]', 3, 'observe.0.at', ['2 coordinates', 'got 1']),
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100, 100, 1]', 3, 'observe.0.at', ['2 coordinates', 'got 3']),
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100, 100], every: 0.3', 3, 'observe.0.every', ['got 0.3']),
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100, 100], every: 0.2', 2, 'method.propagator.steps', ['multiple of 5']),
    (BLACK_SCHOLES, 'at: [100, 100]', 'at: [100, 100], every: -1', 3, 'observe.0.every', ['>= 0', 'got -1']),
    (DAHLQUIST, 'name: u', 'name: u, every: 0.125', 10, 'observe.0.every', ['0.25', 'got 0.125']),
    (DAHLQUIST, 'name: u', 'name: u, evry: 0.25', 10, 'observe.0.evry', ['unknown key', "'every'"]),
    # malformed YAML and wrong kinds of nodes
    (DAHLQUIST, 'initial: [1, 0]}', 'initial: [1, 0]', 2, '', ['did not find expected']),
    (DAHLQUIST, '  slices', ' slices', 5, '', ['did not find expected']),
    (DAHLQUIST, 'slices: 4', '\tslices: 4', 5, '', ['tab|cannot start any token']),
    (DAHLQUIST, 'slices: 4', 'slices: 4\n  slices: 5', 6, 'method.slices', ['twice|duplicate']),
    (DAHLQUIST, 'slices: 4', 'slices: [4, 5]', 5, 'method.slices', ['integer']),
    (HEAT, 'problem: {name: heat, grid: 32}', 'problem: heat', 1, 'problem', ['map', 'heat']),
    (HEAT, HEAT, '', 0, '', ['problem|empty|map']),
    (HEAT, HEAT, '[1, 2]\n', 1, '', ['map']),
]


class Refusals(unittest.TestCase):
    def refused(self, done, words, results=None):
        """exit status 2, one line, nothing written"""
        made = results and os.path.exists(results)
        if made:
            shutil.rmtree(results)
        self.assertEqual(done.status, 2, done)
        self.assertEqual(done.out, '')
        self.assertEqual(len(done.err.splitlines()), 1, done)
        for word in words:
            self.assertTrue(any(w in done.err for w in word.split('|')), f'{word!r} is not in {done.err!r}')
        self.assertFalse(made, f'{results} was made')

    def run_wrong(self, text, *args, words=(), **keywords):
        results = support.folder / 'refused'
        done = starpint('run', support.config('wrong', text), '-o', results, *args, **keywords)
        self.refused(done, words, results)
        return done


class WrongInput(Refusals):
    def test_configs_are_right_before_they_are_made_wrong(self):
        for text in DAHLQUIST, BLACK_SCHOLES, ADVECTION, HEAT:
            with self.subTest(text):
                done = starpint('run', support.config('right', text), '-o', support.folder / 'right', '--overwrite')
                self.assertEqual(done.status, 0, done)

    def test_wrong_configs(self):
        for text, old, new, line, key, words in WRONG:
            with self.subTest(f'{old.strip()} -> {new.strip()}'):
                self.assertEqual(text.count(old), 1)
                done = self.run_wrong(text.replace(old, new), words=words)
                head = done.err.split(': ')
                self.assertRegex(head[0], r'/wrong\.yaml(:\d+)?$')
                if line:
                    self.assertEqual(head[0].rpartition(':')[2], str(line), done.err)
                if key:
                    self.assertIn(key, done.err)

    def test_wrong_set(self):
        for value, words in [
                ('method.slices=0', ['--set method.slices=0', 'method.slices', 'got 0']),
                ('method.slcies=4', ['--set method.slcies=4', 'unknown key', "'slices'"]),
                ('problem.name=heta', ['--set problem.name=heta', "'heat'"]),
                ('method.slices', ['--set method.slices', 'path.to.key=value']),
                ('=4', ['--set =4', 'path.to.key=value']),
                ('method.=4', ['--set method.=4', 'empty key']),
                ('method.slices=[1', ['--set method.slices=[1', 'did not find expected']),
                ('observe.7.name=u', ['--set observe.7.name=u', 'index']),
                ('method=parareal', ['--set method=parareal', 'map']),
                ('problem=heat', ['--set problem=heat', 'map'])]:
            with self.subTest(value):
                self.run_wrong(DAHLQUIST, '--set', value, words=words)

    def test_wrong_words(self):
        config = support.config('right', DAHLQUIST)
        for args, words in [
                (['rnu'], ['rnu', "'run'"]),
                (['--hlep'], ['--hlep', '--help']),
                (['run'], ['config', '--help']),
                (['run', config, '--sett', 'a=1'], ['--sett', "'--set'"]),
                (['run', config, '--overwrit'], ['--overwrit', "'--overwrite'"]),
                (['run', config, '--set'], ['--set']),
                (['run', config, '-o'], ['-o']),
                (['run', config, config], ['one config']),
                (['run', 'no-such.yaml'], ['no-such.yaml', 'No such file']),
                (['run', support.folder], [str(support.folder), 'directory']),
                (['list', 'problem'], ['problem', "'problems'"]),
                (['list', 'problems', 'methods'], ['methods']),
                (['doctor', '--fix'], ['--fix']),
                (['trace'], ['folder']),
                (['trace', 'no-such-folder'], ['no-such-folder', 'No such file']),
                (['trace', support.folder, '--htlm'], ['--htlm', "'--html'"]),
                (['trace', support.folder], [str(support.folder), 'trace.enabled']),
                (['plot'], ['--help']),
                (['plot', 'no-such-folder'], ['no-such-folder']),
                (['plot', config], ['right.yaml']),
                (['plot', support.folder, '--otput', 'x'], ['--otput'])]:
            with self.subTest(' '.join(str(a) for a in args)):
                self.refused(starpint(*args), words)

    def test_no_words(self):
        done = starpint()
        self.assertEqual(done.status, 2)
        self.assertIn('Usage: starpint', done.err)

    def test_wrong_environment(self):
        self.run_wrong(DAHLQUIST, env={'STARPU_SCHED': 'lwz'}, words=['STARPU_SCHED', "'lwz'", "'lws'", 'eager'])
        self.run_wrong(DAHLQUIST, env={'STARPU_NCPU': '0'}, words=['STARPU_NCPU', 'worker'])
        self.run_wrong(DAHLQUIST, '--set', 'machine.cpus=0', words=['machine.cpus', 'worker'])

    def test_unreadable_config(self):
        if os.geteuid() == 0:
            self.skipTest('root reads everything')
        path = support.config('unreadable', DAHLQUIST)
        path.chmod(0)
        self.refused(starpint('run', path), ['unreadable.yaml', 'Permission denied'])

    def test_output_folder(self):
        config, results = support.config('right', DAHLQUIST), support.folder / 'in-use'
        self.assertEqual(starpint('run', config, '-o', results).status, 0)
        before = {p: p.read_bytes() for p in results.rglob('*') if p.is_file()}
        self.refused(starpint('run', config, '-o', results), [str(results), 'already holds results', '--overwrite'])
        self.assertEqual(before, {p: p.read_bytes() for p in results.rglob('*') if p.is_file()})
        done = starpint('run', config, '-o', results, '--overwrite', '--set', 'method.slices=8')
        self.assertEqual(done.status, 0, done)
        self.assertEqual(summary(results)['parareal']['slices'], 8)
        for bad in config / 'below-a-file', config:
            self.refused(starpint('run', config, '-o', bad), [str(bad), 'Not a directory'])

    @unittest.skipUnless(shutil.which('mpirun'), 'no mpirun')
    def test_ranks(self):
        if not built_with_mpi():
            self.skipTest('built without MPI')
        self.run_wrong(DAHLQUIST, ranks=8, words=['wrong.yaml:5', 'method.slices', '4', '8 ranks'])
        self.run_wrong(DAHLQUIST, '--set', 'method.windows=2', ranks=4, words=['2', '4 ranks'])
        self.run_wrong(HEAT, ranks=2, words=['wrong.yaml:2', 'method.name', 'serial', '2'])
        results = support.folder / 'in-use-by-ranks'
        results.mkdir()
        (results / 'summary.json').write_text('{}')
        done = starpint('run', support.config('right', DAHLQUIST), '-o', results, ranks=2)
        self.refused(done, ['already holds results'])


TRAINED = '{name: heat, grid: 32, diffusivity: 0.1}'
NETWORK = '''\
problem: {name: heat, grid: 32, diffusivity: 0.1}
method:
  name: parareal
  slices: 4
  iterations: 2
  tolerance: 0
  fine:   {name: implicit_euler, steps: 4}
  coarse: {name: network, weights: WEIGHTS}
'''


class Networks(Refusals):
    """Weights that do not fit are one line; those that fit less well are used, with a warning, and counted."""

    def refuse(self, weights, words, old='', new=''):
        text = NETWORK.replace('WEIGHTS', str(weights))
        self.assertIn(old, text)
        self.run_wrong(text.replace(old, new) if old else text, words=words)

    def use(self, weights, *sets):
        results = support.folder / 'network'
        done = starpint('run', support.config('network', NETWORK.replace('WEIGHTS', str(weights))), '-o', results,
                        '--overwrite', *[word for s in sets for word in ('--set', s)])
        self.assertEqual(done.status, 0, done)
        return done, summary(results)

    def test_files(self):
        good = support.weights('good', TRAINED)
        whole = good.read_bytes()
        self.refuse('no-such.safetensors', ['no-such.safetensors', 'No such file'])
        self.refuse(support.folder, [str(support.folder)])
        for size in 0, 4, 100, len(whole) - 8:
            with self.subTest(size=size):
                (support.folder / 'short.safetensors').write_bytes(whole[:size])
                self.refuse(support.folder / 'short.safetensors', ['short.safetensors'])
        (support.folder / 'nan.safetensors').write_bytes(whole[:-8] + b'\xff' * 8)
        self.refuse(support.folder / 'nan.safetensors', ['nan.safetensors', 'tensor', 'NaN'])
        for key in 'problem', 'step', 'network':
            self.refuse(support.weights('less', TRAINED, leave_out=[key]), ['less.safetensors', f"'{key}'"])

    def test_metadata(self):
        for key, value, words in [('step', '0', ['step', 'positive', "'0'"]), ('step', 'a day', ['step', "'a day'"]),
                                  ('nodes', '[0.5]', ['nodes', '(0, 1]']), ('nodes', '[1, 1]', ['nodes', '1 number']),
                                  ('low', '3', ['low', "'3'"]),
                                  ('problem', '{name: haet}', ["'heat'"]), ('problem', '{', ['wrong.safetensors'])]:
            with self.subTest(f'{key}: {value}'):
                more = {key: value} if key != 'problem' else {}
                path = support.weights('wrong', TRAINED if key != 'problem' else value, **more)
                self.refuse(path, words)

    def test_other_architecture(self):
        weights = support.weights('other', TRAINED)
        path = support.folder / 'wider.safetensors'
        path.write_bytes(weights.read_bytes().replace(b'width\\": 3', b'width\\": 4'))
        self.refuse(path, ['wider.safetensors', 'lift.0.weight', '(4, 2)', '(3, 2)'])

    def test_other_problems(self):
        weights = support.weights('heat', TRAINED)
        heat = NETWORK.splitlines()[0]
        for problem, words in [('{name: advection, grid: 32}', ['heat', 'advection']),
                               ('{name: heat, grid: 32, length: 2}', ['[0, 1]', '[0, 2]']),
                               ('{name: heat, grid: 33, boundary: dirichlet}', ['boundaries']),
                               ('{name: heat, grid: [16, 16]}', ['1 axis', 'on 2'])]:
            with self.subTest(problem):
                fine = 'implicit_euler' if 'heat' in problem else 'rk4'
                text = NETWORK.replace('WEIGHTS', str(weights)).replace(heat, f'problem: {problem}')
                self.run_wrong(text.replace('implicit_euler', fine), words=['method.coarse.weights', *words])

    def test_keys(self):
        weights = support.weights('heat', TRAINED)
        for more, words in [('steps: 2', ['method.coarse.weights|method.coarse.steps', '0.25']),
                            ('granularity: node', ["unknown granularity 'node'", 'layer']),
                            ('where: cuda', ['method.coarse.where', 'CUDA']), ('interpolation: 2', ['odd']),
                            ('accept: -1', ['>= 0']), ('acept: 1', ["'accept'"]),
                            ('fallback: {name: lodd}', ['one-step', 'lod']), ('fallback: {steps: 2}', ["'name'"]),
                            ('fallback: {name: mcs_adi}', ['heat', 'split']),
                            ('fallback: {name: implicit_euler, granularity: step}', ['granularity', 'unknown key'])]:
            with self.subTest(more):
                self.refuse(weights, words, f'{weights}', f'{weights}, {more}')
        self.refuse(weights, ['method.coarse.steps', 'expected 2'], 'slices: 4', 'slices: 2')
        self.refuse(weights, ['method.coarse.weights', '0.25', '0.2'], 'slices: 4', 'slices: 5')
        nested = f'coarsen, factor: 2, propagator: {{name: network, weights: {weights}, steps: 2}}'
        self.refuse(weights, ['coarse.propagator', '0.25'], f'network, weights: {weights}', nested)

    def test_differences_are_said(self):
        weights = support.weights('heat', TRAINED)
        done, found = self.use(weights)
        self.assertEqual(done.lines, [])
        self.assertEqual(found['networks'], [{'weights': str(weights), 'parameters': 203, 'calls': 9, 'fallbacks': 0,
                                              'outside_range': 0, 'not_finite': 0, 'residual_too_large': 0}])
        done, _ = self.use(weights, 'problem.diffusivity=0.2', 'problem.grid=64')
        self.assertEqual(len(done.lines), 1)
        self.assertIn('trained for diffusivity 0.1, used with 0.2', done.lines[0])
        # on the problem's own grid: fewer points or more, the same modes
        grid = json.dumps({'components': 1, 'points': [32], 'periodic': [True], 'boundary': False})
        weights = support.weights('heat', TRAINED, grid=grid)
        self.assertEqual(self.use(weights)[0].lines, [])
        done, _ = self.use(weights, 'problem.grid=64', 'method.coarse.grid=problem')
        self.assertEqual(len(done.lines), 1)
        self.assertRegex(done.lines[0], r'made for the grid .*32.* used on .*64')

    def test_outside_the_range(self):
        weights = support.weights('narrow', TRAINED, low='[2]', high='[3]')
        done, found = self.use(weights)
        self.assertEqual(len(done.lines), 1)
        self.assertRegex(done.lines[0], 'of 9 steps 9 were outside the range of training, .*no fallback')
        self.assertEqual(found['networks'][0]['outside_range'], 9)
        done, found = self.use(weights, 'method.coarse.fallback={name: implicit_euler}')
        self.assertRegex(done.lines[0], 'done by implicit_euler')
        self.assertEqual(found['networks'][0]['fallbacks'], 9)
        self.assertEqual(found['networks'][0]['fallback'], 'implicit_euler')


class Failures(unittest.TestCase):
    """Numbers that go wrong: exit status 1, named, no hang."""

    def check(self, sets, status, what, ranks=0):
        results = support.folder / 'failure'
        sets = [word for s in sets for word in ('--set', s)]
        done = starpint('run', support.config('failing', DAHLQUIST), '-o', results, '--overwrite', *sets, ranks=ranks,
                        timeout=30)
        self.assertEqual(done.status, 1, done)
        self.assertEqual(len(done.lines), 1, done)
        self.assertRegex(done.lines[0], what)
        found = summary(results)
        self.assertEqual(found['status'], status)
        self.assertFalse((results / 'result.h5').exists())
        failure = found['failure']
        for key in 'slice', 'iteration':
            self.assertIn(f'{key} {failure[key]}', done.lines[0])
        self.assertIn(f'codelet {failure["codelet"]}', done.lines[0])
        return failure

    def test_on_any_number_of_ranks(self):
        ranks = (0, 1, 2, 4) if shutil.which('mpirun') and built_with_mpi() else (0,)
        overflow, growth = ['problem.lambda=[[1.0e+200, 0]]'], ['problem.lambda=[[3.0e+3, 0]]']
        found = []
        for n in ranks:
            with self.subTest(ranks=n):
                first = self.check(overflow, 'failed', 'not finite: slice 0, iteration 1, codelet advance of rk4', n)
                self.assertEqual(first, {'what': 'a value is not finite', 'slice': 0, 'iteration': 1,
                                         'codelet': 'advance', 'propagator': 'rk4'})
                found.append(self.check(growth, 'diverged', 'grows without bound: slice 0, iteration 1, codelet', n))
        self.assertTrue(all(f == found[0] for f in found), found)

    def test_growing_increments(self):
        sets = ['problem.lambda=[[0, 40], [-1, 0]]', 'problem.initial=[[1.0e-6, 0], [1, 0]]', 'method.iterations=16',
                'method.slices=16', 'method.fine.steps=200',
                'method.coarse={name: crank_nicolson, steps: 1}', 'method.divergence=10']
        failure = self.check(sets, 'diverged', 'increments grow')
        self.assertEqual(failure['codelet'], 'correct')

    def test_serial(self):
        failure = self.check(['problem.lambda=[[1.0e+100, 0]]',
                              'method={name: serial, propagator: {name: rk4, steps: 10}}'], 'failed', 'not finite')
        self.assertEqual(failure['propagator'], 'rk4')

    def test_error_vs_fine(self):
        self.check(['problem.lambda=[[1.0e+200, 0]]', 'output.error_vs_fine=true'], 'failed', 'not finite')


class Interrupts(unittest.TestCase):
    """Ctrl-C in the middle of a long run: it ends soon, says so, and leaves a summary."""
    def interrupt(self, sets, sign=signal.SIGINT, ranks=0, to=None):
        results = support.folder / 'interrupted'
        shutil.rmtree(results, ignore_errors=True)
        process = support.start('run', support.config('long', DAHLQUIST), '-o', results,
                                *[word for s in sets for word in ('--set', s)], ranks=ranks)
        began = time.monotonic()
        while not results.exists() and process.poll() is None and time.monotonic() - began < 30:
            time.sleep(0.05)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), 'the run ended by itself')
        began = time.monotonic()
        os.kill(to(process.pid) if to else process.pid, sign)
        done = support.finish(process, 20)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(done.status, 1 if ranks and not to else 130, done)  # mpirun has a status of its own for its own end
        self.assertIn('interrupted', done.err)
        self.assertEqual(summary(results)['status'], 'interrupted')
        self.assertFalse((results / 'result.h5').exists())

    def test_within_a_slice(self):
        self.interrupt(['method.fine.steps=1000000000'])

    def test_terminated(self):
        self.interrupt(['method.fine.steps=1000000000'], signal.SIGTERM)

    def test_between_iterations(self):
        self.interrupt(['method.fine.steps=5000', 'method.slices=100', 'method.iterations=100'])

    def test_serial_fine_run(self):
        self.interrupt(['method.fine.steps=1000000000', 'output.error_vs_fine=true'])

    def test_serial(self):
        self.interrupt(['method={name: serial, propagator: {name: rk4, steps: 10000000000}}'])


    @unittest.skipUnless(shutil.which('mpirun'), 'no mpirun')
    def test_ranks(self):
        if not built_with_mpi():
            self.skipTest('built without MPI')

        def a_rank(mpirun):
            children = pathlib.Path(f'/proc/{mpirun}/task/{mpirun}/children').read_text().split()
            return int(children[-1])
        self.interrupt(['method.fine.steps=1000000000'], ranks=2)
        self.interrupt(['method.fine.steps=2000', 'method.slices=100', 'method.iterations=100'], ranks=2,
                       to=a_rank)  # the others learn of it after an iteration


def built_with_mpi():
    line = next(line for line in starpint('doctor').out.splitlines() if line.split()[:1] == ['MPI'])
    return 'not built in' not in line


NUMBER = (int, float)
# key of summary.json: type. Those of a run with everything; what is left out in others is in the tests.
SUMMARY = {
    'version': str, 'status': str, 'config': dict, 'wall_seconds': NUMBER, 'workers.cpu': int, 'workers.cuda': int,
    'workers.ranks': int, 'observations': list, 'memory.handles': int, 'memory.state_bytes': int,
    'memory.bytes_per_slice': int, 'error.reference': str, 'error.l2_relative': NUMBER, 'error.max_absolute': NUMBER,
    'parareal.slices': int, 'parareal.iterations': int, 'parareal.increments': list, 'parareal.error_vs_fine': list,
    'parareal.fine_seconds': NUMBER, 'parareal.coarse_seconds': NUMBER, 'parareal.fine_calls': int,
    'parareal.coarse_calls': int, 'speedup.serial_fine_seconds': NUMBER, 'speedup.measured': NUMBER,
    'speedup.bound': NUMBER, 'speedup.model': NUMBER, 'speedup.here.workers': int, 'speedup.here.bound': NUMBER,
    'work.rhs': int, 'work.solves': int, 'work.newton': int, 'scheduler.name': str, 'scheduler.tasks': int, 'scheduler.cancelled': int, 'scheduler.makespan_seconds': NUMBER,
    'scheduler.idle_fraction': NUMBER, 'scheduler.overhead_microseconds_per_task': NUMBER,
    'scheduler.transfers_bytes': int, 'scheduler.lower_bound_seconds': NUMBER, 'scheduler.critical_path_seconds': NUMBER,
}
EVERYTHING = ['--set', 'trace.enabled=true', '--set', 'output.error_vs_fine=true', '--set', 'output.snapshots=1']


def flat(tree, path=''):
    """key paths with their values; the config is the user's"""
    for key, value in tree.items():
        if isinstance(value, dict) and path + key != 'config':
            yield from flat(value, f'{path}{key}.')
        else:
            yield path + key, value


class Files(unittest.TestCase):
    """What a run leaves behind."""

    def run_right(self, name, text, *args, **keywords):
        results = support.folder / name
        done = starpint('run', support.config('right', text), '-o', results, '--overwrite', *args, **keywords)
        self.assertEqual(done.status, 0, done)
        return results

    def keys(self, results):
        found = dict(flat(summary(results)))
        for key, value in found.items():
            if key in SUMMARY:
                self.assertIsInstance(value, SUMMARY[key], key)
                self.assertNotIsInstance(value, bool, key)
        return found

    def test_summary_of_everything(self):
        found = self.keys(self.run_right('everything', DAHLQUIST, *EVERYTHING, env={'STARPU_NCPU': '2'}))
        self.assertEqual(set(found), set(SUMMARY))
        self.assertEqual((found['workers.cpu'], found['workers.cuda'], found['workers.ranks']), (2, 0, 1))
        self.assertEqual(found['status'], 'finished')
        self.assertEqual(len(found['parareal.increments']), found['parareal.iterations'])
        self.assertEqual(len(found['parareal.error_vs_fine']), found['parareal.iterations'] + 1)
        slices, k = found['parareal.slices'], found['parareal.iterations']
        fine, coarse = found['parareal.fine_seconds'], found['parareal.coarse_seconds']
        self.assertAlmostEqual(found['speedup.bound'], min(slices / k, fine / coarse))
        self.assertAlmostEqual(found['speedup.model'], 1 / ((1 + k / slices) * coarse / fine + k / slices))
        self.assertEqual(found['parareal.fine_calls'], 4 + 3)
        self.assertEqual(found['parareal.coarse_calls'], 4 + 3 + 2)
        self.assertEqual([set(o) for o in found['observations']], [{'name', 'time', 'value'}])
        self.assertLessEqual(found['scheduler.lower_bound_seconds'], found['scheduler.makespan_seconds'])
        self.assertTrue(0 <= found['scheduler.idle_fraction'] <= 1)

    def test_what_was_not_measured_is_absent(self):
        for name, text, args, prefixes in [
                ('plain', DAHLQUIST, [], ['scheduler.', 'speedup.measured', 'speedup.serial_fine_seconds',
                                          'parareal.error_vs_fine']),
                ('prediction', DAHLQUIST, ['--set', 'method.iterations=0'],
                 ['scheduler.', 'speedup.', 'parareal.error_vs_fine', 'parareal.fine_seconds']),
                ('serial', HEAT, [], ['scheduler.', 'speedup.', 'parareal.'])]:
            with self.subTest(name):
                found = self.keys(self.run_right(name, text, *args))
                self.assertEqual(set(SUMMARY) - set(found), {k for k in SUMMARY if k.startswith(tuple(prefixes))})
                self.assertFalse(set(found) - set(SUMMARY))
        self.assertEqual(summary(support.folder / 'serial')['observations'], [])

    def test_summary_is_documented(self):
        document = (support.ROOT / 'docs/summary.md').read_text()
        words = set(re.findall(r'`([^`]+)`', document))
        for key in SUMMARY:
            with self.subTest(key):
                self.assertTrue({key, key.partition('.')[2], key.rpartition('.')[2]} & words)

    def test_converged(self):
        found = self.keys(self.run_right('converged', DAHLQUIST, '--set', 'method.tolerance=1', '--set',
                                         'method.iterations=4'))
        self.assertEqual((found['status'], found['parareal.iterations']), ('converged', 1))

    def test_windows(self):
        windows = summary(self.run_right('windows', DAHLQUIST, '--set', 'method.windows=2'))['parareal']['windows']
        self.assertEqual([set(w) for w in windows], 2 * [{'iterations', 'converged', 'increments'}])

    def test_observations(self):
        results = self.run_right('observations', HEAT + 'observe: [{name: here, at: [0.3], every: 0.25}, {name: all}]\n')
        here = [o for o in summary(results)['observations'] if o['name'] == 'here']
        self.assertEqual([o['time'] for o in here], [0, 0.25, 0.5, 0.75, 1])
        self.assertTrue(all(isinstance(o['value'], float) for o in here))
        whole = [o for o in summary(results)['observations'] if o['name'] == 'all']
        self.assertEqual([len(o['value']) for o in whole], [32])

    def test_large_steps_are_warned_of_once(self):
        text = ('problem: {name: rayleigh_benard, rayleigh: 1e4, size: [2, 1], grid: [32, 16],\n'
                '          initial: {kind: mode, amplitude: 0.5}}\ntime: {start: 0, end: 4}\n'
                'method: {name: serial, propagator: {name: rk443, steps: 16}}\n'
                'observe: [{name: cfl, every: 0.25}]\n')
        results = support.folder / 'cfl'
        for args, warnings in (['--set', 'method.propagator.steps=64'], 0), ([], 1):
            done = starpint('run', support.config('right', text), '-o', results, '--overwrite', '--quiet', *args)
            self.assertEqual(done.status, 0, done)
            self.assertEqual(done.err.count('CFL number of steps of 0.25 is 1'), warnings, done.err)
            self.assertEqual(done.err.count('CFL'), warnings, done.err)
        rates = [o['value'] for o in summary(results)['observations']]
        self.assertTrue(rates[0] == 0 and 4 < max(rates) < 8, rates)

    def test_effective_config(self):
        for name, text, sets in [('parareal', DAHLQUIST, ['method.slices=8', 'observe.0.every=0.125']),
                                 ('serial', BLACK_SCHOLES, ['problem.grid=[25, 31]'])]:
            with self.subTest(name):
                first = self.run_right('first', text, *[word for s in sets for word in ('--set', s)])
                config = (first / 'config.yaml').read_text()
                second = self.run_right('second', config)
                a, b = summary(first), summary(second)
                for key in 'config', 'observations', 'error':
                    self.assertEqual(a[key], b[key])
                self.assertEqual(a.get('parareal', {}).get('increments'), b.get('parareal', {}).get('increments'))
                self.assertEqual(config, (second / 'config.yaml').read_text())
        self.assertEqual(a['config']['time'], {'start': 0, 'end': 1})  # a default

    def test_results(self):
        results = self.run_right('results', BLACK_SCHOLES, '--set', 'output.snapshots=2')
        root = xml.etree.ElementTree.parse(results / 'result.xmf').getroot()
        self.assertEqual(root.tag, 'Xdmf')
        self.assertEqual(len(root.findall('.//Time')), 4)
        data = {e.text.strip().split(':')[0] for e in root.iter('DataItem') if ':' in (e.text or '')}
        for name in data:
            self.assertTrue((results / name).exists(), name)
        if (results / 'result.h5').exists() and shutil.which('h5dump'):
            found = subprocess.run(['h5dump', '-H', results / 'result.h5'], capture_output=True, text=True, check=True)
            for name in 'fields', 'grid', 'time', 'reference':
                self.assertIn(f'"{name}"', found.stdout)
            self.assertIn('( 4, ', found.stdout)
        self.assertFalse(list(results.glob('.starpint*')))

    def test_trace(self):
        results = self.run_right('traced', DAHLQUIST, *EVERYTHING, env={'STARPU_NCPU': '2'})
        trace, tasks = results / 'trace', summary(results)['scheduler']['tasks']
        events = json.loads((trace / 'perfetto.json').read_text())['traceEvents']
        self.check_events([e for e in events if e['ph'] == 'X'], tasks)
        self.check_formats(trace, tasks)
        before = {p.name: p.read_bytes() for p in trace.iterdir()}
        for option, name in [('--html', 'trace.html'), ('--svg', 'trace.svg'), ('--paje', 'paje.trace'),
                             ('--perfetto', 'perfetto.json'), ('--dot', 'dag.dot')]:
            (trace / name).unlink()
            done = starpint('trace', results, option)
            self.assertEqual(done.status, 0, done)
            self.assertTrue((trace / name).exists(), name)
        report = starpint('trace', results, '--report')
        self.assertRegex(report.out, rf'tasks +{tasks}\n')
        self.check_report(report.out, trace, tasks)
        other = self.run_right('eager', DAHLQUIST, *EVERYTHING, env={'STARPU_NCPU': '2', 'STARPU_SCHED': 'eager'})
        done = starpint('trace', results, '--compare', other)
        self.assertEqual(done.status, 0, done)
        self.assertRegex(done.out, rf'\nmakespan +{tasks} +{summary(other)["scheduler"]["tasks"]} ')
        self.assertIn(str(other), (trace / 'compare.html').read_text())
        (trace / 'compare.html').unlink()
        for args, word in [(['--compare'], 'expected the folder'), (['--compare', other, '--svg'], '--svg'),
                           (['--compare', 'no-such-folder'], 'no-such-folder')]:
            done = starpint('trace', results, *args)
            self.assertEqual((done.status, len(done.lines)), (2, 1), done)
            self.assertIn(word, done.err)
        done = starpint('trace', results)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(set(before), {p.name for p in trace.iterdir()})

    def check_report(self, text, trace, tasks):
        """figures of the report, counted once more from tasks.rec"""
        times = []
        for record in (trace / 'tasks.rec').read_text().split('\n\n')[1:]:
            fields = dict(line.split(': ', 1) for line in record.strip().splitlines())
            times.append((float(fields['StartTime']), float(fields['EndTime']), 'Cancelled' in fields))
        small = sum(end - start < 0.1 and not cancelled for start, end, cancelled in times)
        self.assertIn(f'Small tasks: {small} of {tasks} are shorter than 100 us', text)
        span = max(end for _, end, _ in times) - min(start for start, _, _ in times)
        idle = 100 - 100 * sum(end - start for start, end, _ in times) / (2 * span)
        found = re.search(r'^Idle: .* of worker time, (\S+) %', text, re.M)
        self.assertAlmostEqual(float(found[1]), idle, delta=0.051)
        causes = [float(s) for s in re.findall(r'^ +(\S+) %  ', text, re.M)]
        self.assertAlmostEqual(sum(causes), 100, delta=0.5)
        self.assertIn('Performance models: the scheduler lws uses none.', text)
        self.assertRegex(text, r'\nRecommendation: \S.*\n$')

    def check_events(self, events, tasks):
        self.assertEqual(len(events), tasks)
        self.assertEqual(len({e['args']['id'] for e in events}), tasks)
        workers = {}
        for e in events:
            self.assertGreaterEqual(e['dur'], 0)
            workers.setdefault((e['pid'], e['tid']), []).append((e['ts'], e['ts'] + e['dur']))
        self.assertLessEqual(len(workers), 2)
        for spans in workers.values():
            spans.sort()
            for (_, end), (start, _) in zip(spans, spans[1:]):
                self.assertLessEqual(end, start + 1e-3)  # microseconds, rounded

    def check_formats(self, trace, tasks):
        for tool, args, last in [('dot', ['-Tsvg', 'dag.dot'], '</svg>'), ('recsel', ['-c', 'tasks.rec'], str(tasks)),
                                 ('pj_validate', ['paje.trace'], ''), ('pj_dump', ['paje.trace'], '')]:
            with self.subTest(tool):
                if not shutil.which(tool):
                    self.skipTest(f'no {tool}')
                found = subprocess.run([tool] + args, cwd=trace, capture_output=True, text=True)
                self.assertEqual(found.returncode, 0, found)
                self.assertTrue(found.stdout.rstrip().endswith(last), found)
                if tool == 'pj_dump':
                    states = [line for line in found.stdout.splitlines() if line.startswith('State,')]
                    self.assertGreaterEqual(len(states), tasks)
        self.assertEqual(xml.etree.ElementTree.parse(trace / 'trace.svg').getroot().tag.rpartition('}')[2], 'svg')
        self.assertTrue((trace / 'trace.html').read_text().lstrip().lower().startswith('<!doctype html>'))

    @unittest.skipUnless(shutil.which('gnuplot'), 'no gnuplot')
    def test_plot(self):
        results = self.run_right('drawn', DAHLQUIST, *EVERYTHING)
        done = starpint('plot', results)
        self.assertEqual(done.status, 0, done)
        for name in 'solution.png', 'convergence.png':
            self.assertTrue((results / name).read_bytes().startswith(b'\x89PNG'), name)


class Help(unittest.TestCase):
    def test_help(self):
        commands = re.findall(r'^  (\w+) ', starpint('--help').out, re.M)
        self.assertLessEqual({'run', 'trace', 'plot', 'list', 'doctor'}, set(commands))
        for command in commands:
            for option in '--help', '-h':
                with self.subTest(f'{command} {option}'):
                    done = starpint(command, option)
                    self.assertEqual(done.status, 0, done)
                    self.assertEqual(done.err, '')
                    self.assertIn(f'Usage: starpint {command}', done.out)
                    self.assertRegex(done.out, rf'(?s)Examples?:.*starpint {command}')

    def test_version(self):
        self.assertRegex(starpint('--version').out, r'^starpint \d+\.\d+\.\d+\n$')

    def test_list(self):
        everything = starpint('list').out
        for what, names in [('problems', ['dahlquist', 'heat', 'advection', 'black_scholes', 'black_scholes_2d']),
                            ('methods', ['serial', 'parareal']),
                            ('propagators', ['rk4', 'implicit_euler', 'mcs_adi', 'coarsen', 'parareal'])]:
            done = starpint('list', what)
            self.assertEqual(done.status, 0)
            for name in names:
                self.assertRegex(done.out, rf'(?m)^  {name} ')
            self.assertIn(done.out, everything)

    def test_doctor(self):
        done = starpint('doctor', env={'STARPU_SCHED': 'dmdas', 'STARPU_NCPU': '2'})
        self.assertEqual(done.status, 0, done)
        for pattern in r'StarPU +1\.\d', r'scheduler +dmdas', r'workers +2 CPU', r'(?m)^Limits here:':
            self.assertRegex(done.out, pattern)


if __name__ == '__main__':
    support.main()
