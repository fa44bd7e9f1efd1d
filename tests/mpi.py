# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same bits on 1, 2 and 4 ranks as without a launcher."""
import json
import os
import re
import unittest

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

    @unittest.skipUnless(os.environ.get('SPT_SKEW_LIBRARY'), 'run by meson: no library that skews clocks')
    def test_clocks(self):
        """The clock of rank 1 runs half as fast as that of rank 0: their trace is on one clock all the same."""
        results, program = support.folder / 'apart', support.folder / 'apart.sh'
        program.write_text('#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 0 ] || '
                           f'export SPT_SKEW=0.5 LD_PRELOAD={os.environ["SPT_SKEW_LIBRARY"]}\n'
                           f'exec {support.programs[0]} "$@"\n')
        program.chmod(0o755)
        done = support.starpint('run', 'examples/dahlquist.yaml', '-o', results, '--set', 'trace.enabled=true', ranks=2,
                                env={'STARPU_NCPU': '1'}, program=str(program))
        self.assertEqual(done.status, 0, done)
        page = (results / 'trace/trace.html').read_text()
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])
        self.assertTrue(0 < data['clocks'] < 1, data['clocks'])
        start = dict(zip(data['id'], data['start']))
        end = {i: start[i] + d for i, d in zip(data['id'], data['duration'])}
        self.assertGreater(len(data['moves']), 0)
        for writer, reader, _, _ in data['moves']:  # nanoseconds; each of the two ranks may be wrong
            self.assertGreaterEqual(start[reader], end[writer] - 2e9 * data['clocks'] - 2)


for example in reproducible.SMALL:
    setattr(Ranks, f'test_{example}', lambda self, name=example: self.check(name))
del reproducible.Reproducible

if __name__ == '__main__':
    support.main()
