# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same bits on 1, 2 and 4 ranks as without a launcher."""
import json

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


for example in reproducible.SMALL:
    setattr(Ranks, f'test_{example}', lambda self, name=example: self.check(name))
del reproducible.Reproducible

if __name__ == '__main__':
    support.main()
