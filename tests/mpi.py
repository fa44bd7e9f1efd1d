# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same bits on 1, 2 and 4 ranks as without a launcher."""
import json
import re
import subprocess

import reproducible
import support


class Ranks(reproducible.Bits):
    def check(self, name):
        first = self.solve(name, env={'STARPU_NCPU': '1'})
        schedulers = {1: 'lws', 2: 'prio', 4: 'dmda'}
        for ranks, scheduler in schedulers.items():
            with self.subTest(ranks=ranks, scheduler=scheduler):
                self.same(name, first, ranks=ranks, sets=[f'method.lookahead={ranks % 3}'],
                          env={'STARPU_NCPU': '1', 'STARPU_SCHED': scheduler})

    def test_summary_and_trace(self):
        results = support.folder / 'traced'
        done = support.starpint('run', 'examples/dahlquist.yaml', '-o', results, '--set', 'trace.enabled=true', ranks=2,
                                env={'STARPU_NCPU': '1'})
        self.assertEqual(done.status, 0, done)
        self.assertEqual(done.out.count('Status:'), 1)
        found = support.summary(results)
        self.assertEqual(found['workers'], {'cpu': 2, 'cuda': 0, 'ranks': 2})
        events = [e for e in json.loads((results / 'trace/perfetto.json').read_text())['traceEvents'] if e['ph'] == 'X']
        self.assertEqual(len(events), found['scheduler']['tasks'])
        self.assertEqual({e['pid'] for e in events}, {0, 1})
        self.assertGreater(found['scheduler']['transfers_bytes'], 0)
        slices = {rank: {e['args'].get('slice') for e in events if e['pid'] == rank and 'fine' in e['args']['label']}
                  for rank in (0, 1)}
        self.assertEqual(slices, {0: set(range(4)), 1: set(range(4, 8))})


    def test_clocks(self):
        """Ranks whose clocks are 1000 s apart, in time namespaces: their traces are on one clock."""
        results, program = support.folder / 'apart', support.folder / 'apart.sh'
        apart = ['unshare', '--time', '--monotonic', '1000', '--fork']
        try:
            subprocess.run(apart + ['true'], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest('no time namespaces here')
        program.write_text('#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 0 ] || apart="' + ' '.join(apart) + '"\n'
                           f'exec $apart {support.programs[0]} "$@"\n')
        program.chmod(0o755)
        done = support.starpint('run', 'examples/dahlquist.yaml', '-o', results, '--set', 'trace.enabled=true', ranks=2,
                                env={'STARPU_NCPU': '1'}, program=str(program))
        self.assertEqual(done.status, 0, done)
        text = (results / 'trace/tasks.rec').read_text()
        error = float(re.search(r'^# Clocks: (\S+) seconds$', text, re.M)[1])
        self.assertTrue(0 < error < 1, error)
        tasks, checked = {}, 0
        for record in text.split('\n\n')[1:]:
            fields = dict(line.split(': ', 1) for line in record.strip().splitlines())
            tasks[fields['JobId']] = fields
        times = [float(f[name]) / 1e3 for f in tasks.values() for name in ('StartTime', 'EndTime')]
        self.assertTrue(-1 < min(times) and max(times) < 100, (min(times), max(times)))
        for fields in tasks.values():
            for before in map(tasks.get, fields.get('DependsOn', '').split()):
                if before['MPIRank'] != fields['MPIRank']:
                    checked += 1
                    self.assertGreaterEqual(float(fields['StartTime']) / 1e3, float(before['EndTime']) / 1e3 - 2 * error)
        self.assertGreater(checked, 0)


for example in reproducible.SMALL:
    setattr(Ranks, f'test_{example}', lambda self, name=example: self.check(name))
del reproducible.Reproducible

if __name__ == '__main__':
    support.main()
