# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""starpint train from outside: the smallest example learns, and Parareal converges with it; the same bytes of weights for
every scheduler, number of workers and ranks, in one go and resumed; it stops cleanly; wrong input is one line."""
import csv
import shutil
import signal
import time
import unittest

import support

TINY = 'examples/train_tiny.yaml'
SHORT = ['train.steps=20', 'train.validation.every=7', 'train.checkpoint=6', 'train.batch=6', 'train.shards=3',
         'train.optimiser.schedule.name=constant']


def train(name, *sets, args=(), config=TINY, overwrite=True, **keywords):
    results = support.folder / name
    words = [word for s in sets for word in ('--set', s)]
    done = support.starpint('train', config, '-o', results, *(['--overwrite'] if overwrite else []), *words, *args,
                            **keywords)
    return results, done


def weights(results):
    return (results / 'weights.safetensors').read_bytes()


def history(results):
    with open(results / 'loss.csv', newline='') as f:
        return list(csv.DictReader(f))


class Learning(unittest.TestCase):
    def test_the_smallest_example(self):
        """the loss falls, the derivative is right, and Parareal with the network as G is as good as with a numerical G"""
        results, done = train('tiny', timeout=120)
        self.assertEqual(done.status, 0, done)
        found = support.summary(results)
        self.assertEqual(found['status'], 'finished')
        self.assertGreater(found['training']['first_loss'], 0.5)
        self.assertLess(found['training']['loss'], 1e-3)
        self.assertLess(found['validation']['l2_relative'], 0.01)
        self.assertGreater(found['validation']['identity_l2_relative'], 0.1)
        self.assertLess(found['validation']['jacobian'], 0.02)
        rows = history(results)
        self.assertEqual([int(r['step']) for r in rows], list(range(1, 1501)))
        self.assertEqual(sum(bool(r['validation_l2']) for r in rows), 6)
        for name in ('config.yaml', 'checkpoint.safetensors') + (('loss.png',) if shutil.which('gnuplot') else ()):
            self.assertTrue((results / name).exists(), name)
        self.parareal(results / 'weights.safetensors')

    def parareal(self, file):
        config = support.config('with_network', f'''
problem: {{name: heat, grid: 32, diffusivity: 0.02, boundary: periodic, discretisation: spectral,
           initial: {{kind: gaussian, width: 0.1}}}}
time: {{start: 0, end: 1}}
method:
  name: parareal
  slices: 8
  iterations: 3
  fine: {{name: exact}}
  coarse: {{name: network, weights: {file}}}
output: {{error_vs_fine: true}}
''')
        errors = {}
        for name, sets in (('network', []), ('euler', ['method.coarse={name: implicit_euler}'])):
            results = support.folder / f'parareal-{name}'
            done = support.starpint('run', config, '-o', results, *[w for s in sets for w in ('--set', s)])
            self.assertEqual(done.status, 0, done)
            errors[name] = support.summary(results)['parareal']['error_vs_fine']
        self.assertLess(errors['network'][0], 0.02)
        self.assertLess(errors['network'][3], 1e-6)
        for of_network, of_euler in zip(errors['network'], errors['euler']):
            self.assertLess(of_network, of_euler)

    def test_losses_and_optimisers(self):
        for sets in (['train.loss={name: sweep}'], ['train.loss={name: data, propagator: {name: exact}}'],
                     ['train.optimiser={name: lbfgs}'], ['train.optimiser={name: adamw, rate: 0.02}']):
            with self.subTest(sets=sets):
                results, done = train('kinds', 'train.steps=300', *sets)
                self.assertEqual(done.status, 0, done)
                found = support.summary(results)['training']
                self.assertLess(found['loss'], 0.2 * found['first_loss'])


class Bits(unittest.TestCase):
    def test_machines(self):
        results, done = train('first', *SHORT, env={'STARPU_SCHED': 'eager', 'STARPU_NCPU': '1'})
        self.assertEqual(done.status, 0, done)
        first, losses = weights(results), history(results)
        for scheduler, cpus in (('eager', '2'), ('lws', '2'), ('dmdas', '1'), ('prio', '2')):
            with self.subTest(scheduler=scheduler, cpus=cpus):
                results, done = train('other', *SHORT, env={'STARPU_SCHED': scheduler, 'STARPU_NCPU': cpus})
                self.assertEqual(done.status, 0, done)
                self.assertEqual(weights(results), first)
                self.assertEqual(history(results), losses)
        results, done = train('other', *SHORT, 'train.seed=2')
        self.assertNotEqual(weights(results), first)

    def test_resume(self):
        """10 steps and 10 more are 20, with another scheduler and number of workers; for every optimiser"""
        for optimiser in ('{name: adam}', '{name: lbfgs}'):
            sets = [*SHORT[:-1], f'train.optimiser={optimiser}']
            results, done = train('whole', *sets)
            self.assertEqual(done.status, 0, done)
            whole, losses = weights(results), history(results)
            for n in (1, 10, 19):
                with self.subTest(optimiser=optimiser, steps=n):
                    results, done = train('part', *sets, f'train.steps={n}', env={'STARPU_NCPU': '1'})
                    self.assertEqual(done.status, 0, done)
                    results, done = train('part', *sets, args=['--resume'], overwrite=False,
                                          env={'STARPU_NCPU': '2', 'STARPU_SCHED': 'lws'})
                    self.assertEqual(done.status, 0, done)
                    self.assertEqual([r['loss'] for r in history(results)], [r['loss'] for r in losses])
                    self.assertEqual(weights(results), whole)


CONVECTION = 'examples/rayleigh_benard_fno.yaml'
SMALL = ['problem.grid=[16, 12]', 'problem.rayleigh=2e4', 'problem.initial.amplitude=0.3', 'time.end=0.05',
         'train.network={name: fno, width: 3, layers: 1, modes: [4, 4], projection: [4]}',
         'train.loss={name: data, propagator: {name: rk222, steps: 2}, nodes: {count: 3}}', 'train.steps=20',
         'train.checkpoint=6', 'train.batch=4', 'train.shards=2',
         'train.data={spinup: 2, every: 0.5, states: 4, simulations: 2, propagator: {name: rk222, steps: 10}}',
         'train.validation={samples: 4, propagator: {name: rk222, steps: 2}}']


class Convection(unittest.TestCase):
    def test_bits(self):
        """states of simulations, kept in a file or not, give the same bits for other workers, ranks and in parts"""
        results, done = train('convection', *SMALL, config=CONVECTION, env={'STARPU_NCPU': '1'})
        self.assertEqual(done.status, 0, done)
        whole, losses = weights(results), history(results)
        found = support.summary(results)['validation']
        self.assertEqual(list(found['variables']), ['vx', 'vz', 'b', 'p'])
        mean = sum(v['l2_relative'] for v in found['variables'].values()) / 4
        self.assertAlmostEqual(found['l2_relative'] / mean, 1, delta=1e-12)
        file = support.folder / 'states.safetensors'
        constant = 'train.optimiser.schedule.name=constant'
        results, done = train('all', *SMALL, constant, config=CONVECTION)
        self.assertEqual(done.status, 0, done)
        once = weights(results)
        results, done = train('part', *SMALL, constant, f'train.data.file={file}', 'train.steps=7', config=CONVECTION)
        self.assertEqual(done.status, 0, done)
        self.assertTrue(file.exists())
        for rest in ([], [f'train.data.file={file}']):  # simulated again, or read
            with self.subTest(sets=rest):
                again = support.folder / 'again'
                shutil.rmtree(again, ignore_errors=True)
                shutil.copytree(results, again)
                _, done = train('again', *SMALL, constant, *rest, args=['--resume'], config=CONVECTION, overwrite=False,
                                env={'STARPU_NCPU': '2', 'STARPU_SCHED': 'lws'})
                self.assertEqual(done.status, 0, done)
                self.assertEqual(weights(again), once)
                self.assertEqual('starpint: data ' in done.err, not rest)
        results, done = train('other', *SMALL, config=CONVECTION, env={'STARPU_NCPU': '2'})
        self.assertEqual(weights(results), whole)
        self.assertEqual(history(results), losses)

    def test_a_run_that_starts_from_it(self):
        """a propagator, and what sweeps start from; another Rayleigh number is said, another step refused"""
        results, done = train('guess', *SMALL, config=CONVECTION)
        self.assertEqual(done.status, 0, done)
        text = f'''
problem: {{name: rayleigh_benard, rayleigh: 2e4, grid: [16, 12], initial: {{amplitude: 0.3}}}}
time: {{start: 0, end: 0.25}}
observe: [{{name: divergence}}, {{name: kinetic_energy, every: 0.05}}]
method:
  name: serial
  propagator: {{name: network, steps: 5, weights: {results}/weights.safetensors}}
'''
        config = support.config('from_network', text)
        run = support.folder / 'run'
        done = support.starpint('run', config, '-o', run, '--overwrite')
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.lines, [])
        self.assertEqual(support.summary(run)['networks'][0]['calls'], 5)
        whole = support.summary(run)['observations']
        done = support.starpint('run', config, '-o', run, '--overwrite', '--set', 'method.propagator.granularity=layer')
        self.assertEqual(done.status, 0, done)
        self.assertEqual(support.summary(run)['observations'], whole)
        done = support.starpint('run', config, '-o', run, '--overwrite', '--set', 'method.propagator.accept=1e-9',
                                '--set', 'method.propagator.fallback={name: rk222}')
        self.assertEqual(done.status, 0, done)
        self.assertEqual(support.summary(run)['networks'][0]['fallbacks'], 5)
        sdc = ('method.propagator={name: sdc, steps: 5, nodes: {count: 3}, residuals: true, initial_guess: network, '
               f'network: {{weights: {results}/weights.safetensors}}}}')
        done = support.starpint('run', config, '-o', run, '--overwrite', '--set', sdc)
        self.assertEqual(done.status, 0, done)
        found = support.summary(run)['sdc']
        self.assertEqual(found['guesses']['network'], 5)
        self.assertGreater(found['guess_residual'], found['residuals'][-1])
        sdc = sdc.replace(', residuals: true', '')
        observed = []
        for granularity, cpus in (('slice', '1'), ('step', '1'), ('node', '2'), ('auto', '2')):
            done = support.starpint('run', config, '-o', run, '--overwrite', '--set', sdc,
                                    '--set', f'method.propagator.granularity={granularity}', env={'STARPU_NCPU': cpus})
            self.assertEqual(done.status, 0, done)
            self.assertEqual(support.summary(run)['sdc']['guesses']['network'], 5)
            observed.append(support.summary(run)['observations'])
            self.assertEqual(observed[-1], observed[0])
        self.assertIn('kinetic_energy', str(observed[0]))
        done = support.starpint('run', config, '-o', run, '--overwrite', '--set', sdc, '--set', 'problem.rayleigh=3e4')
        self.assertEqual(done.status, 0, done)
        self.assertTrue(any('trained for rayleigh' in line for line in done.lines), done)
        for sets, expected in (([sdc, 'method.propagator.steps=10'], 'trained for steps of 0.05, those of SDC are 0.025'),
                               ([sdc, 'method.propagator.nodes.count=2'], 'trained for other nodes'),
                               (['problem.grid=[32, 16]'], 'method.propagator.grid: expected problem'),
                               (['method.propagator.where=cuda'], 'has no CUDA kernels')):
            with self.subTest(sets=sets):
                words = [w for s in sets for w in ('--set', s)]
                done = support.starpint('run', config, '-o', run, '--overwrite', *words)
                self.assertEqual(done.status, 2, done)
                self.assertEqual(len(done.lines), 1, done)
                self.assertIn(expected, done.lines[0])

    def test_wrong_keys(self):
        for key, expected in (('train.data=', 'needs train.data'),
                              ('train.data.every=0.3', 'train.data.spinup: expected a multiple of every'),
                              ('train.data.sates=3', "train.data.sates: unknown key, did you mean 'states'?"),
                              ('train.data={every: 1}', "train.data: expected key 'propagator'"),
                              ('train.data={spinup: 90, every: 90, states: 9, propagator: {name: rk222}}', 'fails at t = '),
                              ('train.network.smooth=1', 'train.network.smooth: expected 0'),
                              ('train.loss.differences={weight: 1}', 'train.loss.differences: expected none')):
            with self.subTest(key=key):
                _, done = train('refused', *SMALL, key, config=CONVECTION)
                self.assertEqual(done.status, 2, done)
                self.assertEqual(len(done.lines), 1, done)
                self.assertIn(expected, done.lines[0])


class Stopping(unittest.TestCase):
    def interrupt(self, sets, sign, status):
        results = support.folder / 'interrupted'
        shutil.rmtree(results, ignore_errors=True)
        process = support.start('train', TINY, '-o', results, *[w for s in sets for w in ('--set', s)])
        deadline = time.monotonic() + 30
        while not (results / 'checkpoint.safetensors').exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(sign)
        done = support.finish(process)
        self.assertEqual(done.status, status, done)
        self.assertIn('interrupted: checkpoint after step', done.err)
        self.assertEqual(support.summary(results)['status'], 'interrupted')
        self.assertFalse((results / 'weights.safetensors').exists())

    def test_interrupt(self):
        """SIGINT and SIGTERM leave a checkpoint; going on from it gives what an undisturbed training gives"""
        sets = ['train.steps=3000', 'train.validation.every=1000']
        results = support.folder / 'interrupted'
        self.interrupt(sets, signal.SIGTERM, 0)
        self.interrupt(sets, signal.SIGINT, 130)
        _, done = train('interrupted', *sets, args=['--resume'], overwrite=False)
        self.assertEqual(done.status, 0, done)
        undisturbed, done = train('undisturbed', *sets)
        self.assertEqual(weights(results), weights(undisturbed))

    def test_divergence(self):
        """names the step, and keeps the checkpoint of the last good one"""
        results, done = train('diverged', 'train.optimiser={name: adam, rate: 1.0e+3}', 'train.checkpoint=1')
        self.assertEqual(done.status, 1, done)
        self.assertRegex(done.lines[-1], r'^starpint: error: step \d+: the loss grows, training diverges: .*kept$')
        found = support.summary(results)
        self.assertEqual(found['status'], 'diverged')
        self.assertGreater(found['failure']['loss'], 1e4 * found['training']['first_loss'])
        self.assertEqual(found['failure']['step'], found['training']['steps'] + 1)
        self.assertTrue((results / 'checkpoint.safetensors').exists())
        self.assertFalse((results / 'weights.safetensors').exists())


class Input(unittest.TestCase):
    def refused(self, expected, *sets, args=(), name='refused', config=TINY, **keywords):
        _, done = train(name, *sets, args=args, config=config, **keywords)
        self.assertEqual(done.status, 2, done)
        self.assertEqual(len(done.lines), 1, done)
        self.assertIn(expected, done.lines[0])

    def test_wrong_keys(self):
        for sets, expected in (
                (['train.step=3'], "train.step: unknown key, did you mean 'steps'?"),
                (['train.loss={name: colocation}'], "unknown loss 'colocation', did you mean 'collocation'?"),
                (['train.loss={}'], 'train.loss.name: expected the name of a loss'),
                (['train.loss.nodes.quadrature=gauss'], 'train.loss.nodes: expected nodes with the end of the step'),
                (['train.loss={name: data}'], "train.loss: expected key 'propagator'"),
                (['train.loss={name: data, propagator: {name: euler}}'], "unknown one-step propagator 'euler'"),
                (['train.optimiser.name=adamm'], "unknown optimiser 'adamm', did you mean 'adam'?"),
                (['train.optimiser.schedule.name=cos'], "unknown schedule 'cos'"),
                (['train.optimiser={name: lbfgs}', 'train.loss={name: sweep}'], 'train.optimiser.name: expected adam'),
                (['train.optimiser.beta=0.9'], 'train.optimiser.beta: expected 2 numbers'),
                (['train.shards=17'], 'train.shards: expected at most batch (16), got 17'),
                (['train.network.nodes=3'], 'train.network.nodes: expected 2, the nodes of the loss'),
                (['train.network.name=cnn'], "unknown network 'cnn'"),
                (['train.validation.region=[2, 3]'], 'train.validation.region: no point of the grid'),
                (['train.validation.region=[[0, 1], [0, 1]]'], 'train.validation.region: expected 1 pair'),
                (['problem={name: lorenz}'], 'problem lorenz draws no random states'),
                (['time.end=0'], 'time.end: expected a time after start'),
                (['machine.scheduler=lwz'], "unknown scheduler 'lwz', did you mean 'lws'?")):
            with self.subTest(sets=sets):
                self.refused(expected, *sets)

    def test_folders(self):
        results, done = train('kept', *SHORT)
        self.assertEqual(done.status, 0, done)
        self.refused('already holds results', *SHORT, name='kept', overwrite=False)
        self.refused('got both', *SHORT, name='kept', args=['--resume'])
        self.refused('train.batch: ', *SHORT, 'train.batch=7', name='kept', args=['--resume'], overwrite=False)
        self.refused('train.steps: expected at least 20', *SHORT, 'train.steps=19', name='kept', args=['--resume'],
                     overwrite=False)
        self.refused('checkpoint.safetensors', *SHORT, name='nothing_there', args=['--resume'], overwrite=False)
        file = results / 'checkpoint.safetensors'
        file.write_bytes(file.read_bytes()[:-9])
        self.refused('checkpoint.safetensors', *SHORT, name='kept', args=['--resume'], overwrite=False)


if __name__ == '__main__':
    support.main()
