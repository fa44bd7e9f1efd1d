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
