# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""`starpint tune`: its table is what the runs say, its recommendation can be run, it goes on after any end, and a point that
fails, hangs or is killed is a row of the table."""
import csv
import json
import os
import pathlib
import re
import shlex
import signal
import statistics
import subprocess
import time
import unittest

import support
from support import starpint, summary

CONFIG = '''\
problem: {name: dahlquist, lambda: [[-1, 0]], initial: [1, 0]}
method:
  name: parareal
  slices: 4
  iterations: 2
  fine:   {name: rk4, steps: 16}
  coarse: {name: implicit_euler, steps: 1}
output: {error_vs_fine: true}
trace: {enabled: true, bound: true}
tune: {schedulers: [eager, dmda], vary: {method.coarse.steps: [1, 2]}, repeat: 2}
'''
LONG = '''\
problem: {name: dahlquist, lambda: [[-1, 0]], initial: [1, 0]}
method: {name: serial, propagator: {name: rk4, steps: 1000000000}}
tune: {schedulers: [eager]}
'''
# what tune.csv calls it, where it stands in summary.json
METRICS = {
    'makespan_seconds': 'scheduler.makespan_seconds', 'wall_seconds': 'wall_seconds',
    'idle_fraction': 'scheduler.idle_fraction', 'tasks': 'scheduler.tasks', 'speedup': 'speedup.measured',
    'overhead_microseconds_per_task': 'scheduler.overhead_microseconds_per_task',
    'transfers_bytes': 'scheduler.transfers_bytes', 'model_error': 'scheduler.model_error',
    'critical_path_seconds': 'scheduler.critical_path_seconds', 'lower_bound_seconds': 'scheduler.lower_bound_seconds',
    'starpu_bound_seconds': 'scheduler.starpu_bound_seconds', 'speedup_bound': 'speedup.here.bound', 'iterations': 'parareal.iterations', 'error_l2_relative': 'error.l2_relative',
}


def look_up(j, path):
    for key in path.split('.'):
        j = j.get(key) if j else None
    return j


def rows(folder):
    with open(folder / 'tune.csv', newline='') as f:
        return list(csv.DictReader(f))


def journal(folder):
    return [json.loads(line) for line in (folder / 'journal.jsonl').read_text().splitlines()]


def measured(lines):
    """(point, repeat) of every run, in order"""
    return [(j['point'], j['repeat']) for j in lines if 'point' in j]


def processes(words):
    """that have these words in their command line"""
    found = []
    for entry in pathlib.Path('/proc').iterdir():
        try:
            if entry.name.isdigit() and words in (entry / 'cmdline').read_text():
                found.append(entry.name)
        except OSError:
            pass
    return found


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError(f'nothing after {seconds} s')
        time.sleep(0.02)


class Tune(unittest.TestCase):
    def folder(self, name):
        return support.folder / 'tune' / name

    def tune(self, name, *args, text=CONFIG, status=0):
        done = starpint('tune', support.config(name, text), '-o', self.folder(name), *args)
        self.assertEqual(done.status, status, done)
        return done

    def test_table(self):
        """every number of tune.csv is the median of what the runs' summaries say"""
        done = self.tune('table')
        folder, compared = self.folder('table'), 0
        table = rows(folder)
        self.assertEqual([(r['scheduler'], r['method.coarse.steps']) for r in table],
                         [('eager', '1'), ('eager', '2'), ('dmda', '1'), ('dmda', '2')])
        for i, r in enumerate(table):
            runs = [summary(folder / 'runs' / f'{i:04}-{k}') for k in range(2)]
            for j in runs:
                self.assertEqual(j['scheduler']['name'], r['scheduler'])
                self.assertEqual(str(j['config']['method']['coarse']['steps']), r['method.coarse.steps'])
            spans = [look_up(j, 'scheduler.makespan_seconds') for j in runs]
            self.assertEqual([float(r['makespan_min']), float(r['makespan_max'])], [min(spans), max(spans)])
            ratios = [look_up(j, 'scheduler.lower_bound_seconds') / s for j, s in zip(runs, spans)]
            self.assertAlmostEqual(float(r['of_lower_bound']), statistics.median(ratios), delta=1e-12)
            for name, path in METRICS.items():
                values = [v for v in (look_up(j, path) for j in runs) if v is not None]
                self.assertEqual(r[name] == '', not values, (name, r))
                if values:
                    self.assertAlmostEqual(float(r[name]), statistics.median(values), delta=1e-12 * max(values), msg=name)
                    compared += 1
            self.assertEqual((r['status'], r['runs'], r['failure']), ('finished', '2', ''))
        self.assertGreaterEqual(compared, 4 * 11)
        self.assertEqual(table[0]['model_error'], '')  # eager predicts nothing
        self.assertNotEqual(table[2]['model_error'], '')  # calibrated before
        self.assertEqual((folder / 'tune.png').read_bytes()[:4], b'\x89PNG')
        # a run leaves its summary and nothing else
        self.assertEqual({p.name for p in (folder / 'runs').glob('*/*')}, {'summary.json'})

        whole = summary(folder)
        self.assertEqual((whole['status'], len(whole['points'])), ('finished', 4))
        spans = [float(r['makespan_seconds']) for r in table]
        best = spans.index(min(spans))
        self.assertEqual(whole['best']['point'], best)
        self.assertIn(whole['best']['command'], done.out)
        # dmda's models are those of the study
        words = shlex.split(whole['best']['command'])
        self.assertEqual(f'STARPU_HOME={folder}/models' in words, table[best]['scheduler'] == 'dmda')
        self.assertTrue(list((folder / 'models/.starpu/sampling/codelets').rglob('spt_advance_v1.*')))
        # the recommendation is a command
        env = dict(os.environ, **support.ENVIRONMENT, PATH=f'{pathlib.Path(support.programs[0]).parent}:{os.environ["PATH"]}')
        subprocess.run(whole['best']['command'], shell=True, check=True, cwd=support.ROOT, env=env, capture_output=True)
        again = summary(folder / 'best')
        self.assertEqual(again['scheduler']['name'], table[best]['scheduler'])
        self.assertEqual(str(again['config']['method']['coarse']['steps']), table[best]['method.coarse.steps'])

        # nothing is left to do; a change is seen; --overwrite begins anew
        before = (folder / 'journal.jsonl').read_bytes()
        self.assertEqual(self.tune('table', '--resume').out, done.out)
        self.assertEqual((folder / 'journal.jsonl').read_bytes(), before)
        self.assertIn('--resume', self.tune('table', status=2).err)
        self.assertIn('another config', self.tune('table', '--resume', '--set', 'method.slices=8', status=2).err)
        self.assertEqual((folder / 'journal.jsonl').read_bytes(), before)
        self.tune('table', '--overwrite', '--quiet', '--set', 'tune={schedulers: [prio], repeat: 1}')
        self.assertEqual([(r['scheduler'], r['runs']) for r in rows(folder)], [('prio', '1')])
        self.assertEqual([p.name for p in (folder / 'runs').iterdir()], ['0000-0'])

    def test_order(self):
        """an order of its own for every repetition of the whole matrix, given by the seed"""
        text = CONFIG.replace('[eager, dmda]', '[eager, prio, lws, ws]').replace('repeat: 2', 'repeat: 2, seed: 7')
        orders = []
        for name, more in ('seed7', []), ('seed7-again', []), ('seed8', ['--set', 'tune.seed=8']):
            self.tune(name, '--quiet', *more, text=text)
            orders.append(measured(journal(self.folder(name))))
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0], orders[2])
        for order in orders:
            self.assertEqual([r for _, r in order], [0] * 8 + [1] * 8)
            self.assertEqual(sorted(order[:8]) + sorted(order[8:]), [(p, r) for r in range(2) for p in range(8)])
            self.assertNotEqual([p for p, _ in order[:8]], [p for p, _ in order[8:]])

    def test_resume(self):
        """killed and interrupted: what was finished is kept, the rest is done, and no run outlives the study"""
        config, folder = support.config('killed', CONFIG), self.folder('killed')
        args = ['tune', config, '-o', folder]
        for number, after in (signal.SIGKILL, 3), (signal.SIGINT, 5):
            process = support.start(*args, *(['--resume'] if after > 3 else []))
            wait_for(lambda: (folder / 'journal.jsonl').exists() and
                     len((folder / 'journal.jsonl').read_bytes().splitlines()) > after)
            process.send_signal(number)
            done = support.finish(process)
            if number == signal.SIGINT:
                self.assertEqual(done.status, 130, done)
                self.assertIn('--resume goes on', done.lines[-1])
                self.assertEqual(summary(folder)['status'], 'interrupted')
            wait_for(lambda: not processes(f'{folder}/runs'), 5)
        before = (folder / 'journal.jsonl').read_bytes()
        with open(folder / 'journal.jsonl', 'ab') as f:  # a line that was being written when the power went
            f.write(b'{"point":3,"rep')
        self.tune('killed', '--resume')
        self.assertTrue((folder / 'journal.jsonl').read_bytes().startswith(before))
        lines = journal(folder)
        self.assertEqual(sorted(measured(lines)), [(p, r) for p in range(4) for r in range(2)])
        self.assertEqual([r for _, r in measured(lines)], [0] * 4 + [1] * 4)
        self.tune('whole', '--quiet')
        self.assertEqual(measured(lines), measured(journal(self.folder('whole'))))
        self.assertEqual(summary(folder)['status'], 'finished')
        self.assertEqual([r['runs'] for r in rows(folder)], ['2'] * 4)

    def test_failures(self):
        text = CONFIG.replace('[eager, dmda]', '[eager]').replace('[1, 2]', '[0, 1]')
        done = self.tune('failing', text=text)
        bad, good = rows(self.folder('failing'))
        self.assertEqual((bad['status'], bad['runs'], bad['makespan_seconds'], good['status']), ('failed', '0', '', 'finished'))
        self.assertIn('exit status 2: --set method.coarse.steps=0: method.coarse.steps: expected', bad['failure'])
        self.assertEqual(sum('exit status 2' in line for line in done.lines), 1)  # not tried again
        self.assertIn('Best: eager, method.coarse.steps=1', done.out)
        self.assertTrue((self.folder('failing') / 'runs' / '0000-0.log').read_text())

        done = self.tune('hopeless', text=text.replace('[0, 1]', '[0]'), status=1)
        self.assertIn('no point could be run', done.lines[-1])
        self.assertEqual(summary(self.folder('hopeless'))['status'], 'failed')

        # diverged: exit status 1
        text = CONFIG.replace('[[-1, 0]]', '[[-10, 0]]').replace('vary: {method.coarse.steps: [1, 2]}', 'vary: {method.coarse.name: '
                              '[implicit_euler, explicit_euler]}').replace('slices: 4', 'slices: 4\n  growth: 2')
        self.tune('diverging', '--set', 'tune.schedulers=eager', text=text)
        good, bad = rows(self.folder('diverging'))
        self.assertEqual((good['status'], bad['status']), ('finished', 'failed'))
        self.assertRegex(bad['failure'], 'exit status 1: .*slice')

    def test_timeout(self):
        start = time.monotonic()
        self.tune('late', '--set', 'tune.vary={method.propagator.steps: [100, 1000000000]}', '--set', 'tune.timeout=1', text=LONG)
        self.assertLess(time.monotonic() - start, 30)
        good, bad = rows(self.folder('late'))
        self.assertEqual((good['status'], bad['status'], bad['failure']),
                         ('finished', 'failed', 'no end after 1 s'))
        self.assertFalse(processes(f'{self.folder("late")}/runs'))

    def test_no_orphan(self):
        """a study that is killed takes its run with it, whatever that is doing"""
        config, folder = support.config('orphan', LONG), self.folder('orphan')
        process = support.start('tune', config, '-o', folder)
        wait_for(lambda: processes(f'{folder}/runs'))
        time.sleep(0.5)  # it is in the middle of it
        process.send_signal(signal.SIGKILL)
        support.finish(process)
        try:
            wait_for(lambda: not processes(f'{folder}/runs'), 20)
        finally:
            for pid in processes(f'{folder}/runs'):
                os.kill(int(pid), signal.SIGKILL)

    def test_settings(self):
        """strings, lists and variables arrive as they are"""
        vary = '{problem.lambda: [[[-1, 0], [0, 2]]], method.fine.name: [rk4, "implicit_euler"], STARPU_NCPU: [1, 2], ' \
               'time.end: [0.1], method.iterations: 1}'
        self.tune('settings', '--set', f'tune.vary={vary}', '--set', 'tune.schedulers=[lws]', '--set', 'tune.repeat=1')
        for i, r in enumerate(rows(self.folder('settings'))):
            j = summary(self.folder('settings') / 'runs' / f'{i:04}-0')
            self.assertEqual((j['config']['problem']['lambda'], j['config']['time']['end']), ([[-1, 0], [0, 2]], 0.1))
            self.assertEqual(j['config']['method']['fine']['name'], r['method.fine.name'])
            self.assertEqual(str(j['workers']['cpu']), r['STARPU_NCPU'])
        self.assertEqual(i, 3)
        self.assertNotIn('tune.', summary(self.folder('settings'))['best']['command'])
        self.assertIn("--set 'problem.lambda=[[-1,0],[0,2]]' --set method.fine.name=", summary(self.folder('settings'))['best']['command'])

    def test_wrong(self):
        for assignment, words in (
                ('tune.schedulers=[lws, dmdaz]', "tune.schedulers: unknown scheduler 'dmdaz', did you mean 'dmda'?"),
                ('tune.schedulers=[lws, lws]', 'tune.schedulers: lws stands there twice'),
                ('tune.vary={machine.scheduler: [lws]}', 'expected this under tune.schedulers'),
                ('tune.vary={STARPU_SCHED: [lws]}', 'expected this under tune.schedulers'),
                ('tune.vary={method.slices: []}', 'expected a list of values'),
                ('tune.vary={method.slices: {a: 1}}', 'expected a list of values'),
                ('tune.vary={STARPU_NCPU: [[1, 2]]}', 'expected numbers or strings'),
                ('tune.vary=[1]', 'tune.vary: expected a map'),
                ('tune.repeat=0', 'tune.repeat: expected an integer in [1, 1000]'),
                ('tune.timeout=0', 'tune.timeout: expected a number'),
                ('tune.repeats=1', "did you mean 'repeat'?")):
            done = self.tune('wrong', '--set', assignment, status=2)
            self.assertEqual(len(done.lines), 1, done)
            self.assertIn(words, done.lines[0])
            self.assertFalse(self.folder('wrong').exists())
        self.assertIn('nothing to go on from', self.tune('wrong', '--resume', status=2).lines[-1])

    def test_list(self):
        done = starpint('list', 'schedulers')
        marked = {w[0] for w in map(str.split, done.out.splitlines()[1:]) if len(w) > 1 and w[1] == '*'}
        self.assertLessEqual({'eager', 'prio', 'lws', 'dmda', 'dmdas'}, marked)
        self.assertNotIn('graph_test', marked)
        self.assertIn('examples/tune.yaml', starpint('tune', '--help').out)

    def test_calibrate(self):
        """afterwards StarPU has samples of every task, and predicts the length of every task"""
        home = support.folder / 'calibrated'
        home.mkdir()
        env = {'STARPU_HOME': str(home)}
        config = support.config('calibrate', CONFIG.replace('steps: 16', 'steps: 2000'))
        done = starpint('calibrate', config, env=env, timeout=240)
        self.assertEqual(done.status, 0, done)
        table = [line.split() for line in done.out.splitlines()[1:-1]]
        self.assertEqual({row[0] for row in table}, {'advance', 'copy', 'correct', 'increment', 'distance'})
        for row in table:
            self.assertGreaterEqual(int(row[3]), 10, row)
            self.assertGreater(float(row[4]), 0, row)
        self.assertEqual(sum(row[0] == 'advance' for row in table), 2)  # fine and coarse
        self.assertIn(f'Models: {home}/.starpu/sampling/', done.out.splitlines()[-1])
        results = support.folder / 'predicted'
        starpint('run', config, '-o', results, '--set', 'trace.enabled=true', env={**env, 'STARPU_SCHED': 'dmda'})
        tasks = (results / 'trace/tasks.rec').read_text().split('\n\n')
        tasks = [t for t in tasks if '\nModel: ' in t or t.startswith('Model: ')]
        self.assertEqual(len(tasks), look_up(summary(results), 'scheduler.tasks'))
        self.assertEqual([t for t in tasks if 'PredictedTime: ' not in t], [])

        # StarPU's bound: with equal workers, the expected lengths of all tasks over the workers
        files = [p for p in (home / '.starpu/sampling/codelets').rglob('spt_*_v1.*')]
        lengths = {(p.name.split('_v1.')[0][4:], int(w[0], 16)): (float(w[3]), float(w[4])) for p in files
                   for w in map(str.split, p.read_text().splitlines()) if len(w) == 8 and re.fullmatch('[0-9a-f]{8}', w[0])}
        for cpus in '1', '2':
            starpint('run', config, '-o', results, '--overwrite', '--set', 'trace={enabled: true, bound: true}',
                     env={**env, 'STARPU_SCHED': 'eager', 'STARPU_NCPU': cpus})  # adds no samples
            kinds = re.findall(r'^Model: (\w+)$.*?^Footprint: (\w+)$', (results / 'trace/tasks.rec').read_text(), flags=re.M | re.S)
            self.assertEqual(len(kinds), look_up(summary(results), 'scheduler.tasks'))
            mean, deviation = (sum(lengths[model, int(footprint, 16)][i] for model, footprint in kinds) / int(cpus) for i in (0, 1))
            bound = 1e6 * look_up(summary(results), 'scheduler.starpu_bound_seconds')
            nearest = min((mean, mean - deviation), key=lambda v: abs(v - bound))  # StarPU 1.3, 1.4
            self.assertAlmostEqual(bound, nearest, delta=1e-3 * nearest)

        for words, args, more in (('STARPU_SCHED=eager uses no performance models', [config], {'STARPU_SCHED': 'eager'}),
                                  ('unexpected -o', [config, '-o', 'x'], {}),
                                  ('unknown key', [config, '--set', 'method.slcies=1'], {})):
            done = starpint('calibrate', *args, env={**env, **more})
            self.assertEqual((done.status, len(done.lines)), (2, 1), done)
            self.assertIn(words, done.lines[0])

    def test_walk(self):
        """docs/tuning.md: every command, in its order, on a small grid"""
        place = support.folder / 'walk'
        (place / 'examples').mkdir(parents=True)
        for path in (support.ROOT / 'examples').glob('*.yaml'):
            (place / 'examples' / path.name).write_text(
                path.read_text().replace('[201, 201]', '[21, 25]').replace('repeat: 3', 'repeat: 1'))
        text = (support.ROOT / 'docs/tuning.md').read_text()
        commands = re.findall('^starpint .*', '\n'.join(re.findall('^```sh\n(.*?)^```', text, flags=re.M | re.S)), flags=re.M)
        self.assertEqual([c.split()[1] for c in commands],
                         ['doctor', 'run', 'trace', 'tune', 'run', 'trace', 'tune', 'calibrate'])
        env = {**os.environ, **support.ENVIRONMENT, 'STARPU_HOME': str(support.folder / 'starpu-home'),
               'PATH': f'{pathlib.Path(support.programs[0]).parent}:{os.environ["PATH"]}'}
        for c in commands:
            done = subprocess.run(c, shell=True, cwd=place, env=env, text=True, capture_output=True, timeout=240)
            self.assertEqual(done.returncode, 0, (c, done.stdout, done.stderr))
        self.assertEqual(len(rows(place / 'results/tune')), 24)
        # what the page quotes is what the example says
        self.assertIn(re.search('^tune:.*?^```', text, flags=re.M | re.S).group()[:-3],
                      (support.ROOT / 'examples/tune.yaml').read_text())


if __name__ == '__main__':
    support.main()
