# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs that are left at a stop point go on, with the same bits, on any number of ranks; a signal to one of them stops all."""
import itertools
import pathlib
import signal

import resume
import support


class Ranks(resume.Interrupted):
    def test_stops(self):
        ranks = itertools.cycle({'ranks': n, 'env': {'STARPU_NCPU': '1'}} for n in (2, 1, 3, 0, 4))
        for name, stride in ('error_vs_fine', 2), ('lookahead', 3):
            results, _ = self.step_by_step(name, ranks, stride)
            self.same(results, self.whole(name))

    def test_signal(self):
        def a_rank(mpirun):
            return int(pathlib.Path(f'/proc/{mpirun}/task/{mpirun}/children').read_text().split()[-1])
        whole = resume.numbers(self.run_it(support.config('slow', resume.HEAT), self.SLOW, 'undisturbed', '--quiet'))
        self.interrupt(signal.SIGTERM, 0, 'terminated', whole, ranks=2, to=a_rank)


if __name__ == '__main__':
    support.main()
