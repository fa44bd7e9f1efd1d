#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks against numerical schemes as coarse propagators of Parareal: what stands in docs/results.md.

For every example and every coarse propagator one line: the error against the serial fine solution after 0, 1, 2, ...
iterations, iterations until it is below the tolerance, seconds of a coarse and a fine step, and what follows from them
on P = 16 workers, one per slice: the bound min(P/K, Tf/Tc) and the model 1/((1 + K/P) Tc/Tf + K/P). Then the same networks
where they were not trained: other rates and volatilities. Then what training costs, and after how many solves it is
earned back, if ever.

Programs alternate: every round runs all of them once; times are medians over rounds."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / 'examples' / 'weights'
CASES = {
    'one asset': {
        'config': 'examples/black_scholes_pinn.yaml', 'training': 'examples/pinn_black_scholes.yaml',
        'coarse': {'PINN': f'{{name: network, weights: {WEIGHTS}/pinn_black_scholes.safetensors}}',
                   'implicit Euler, 1 step': '{name: implicit_euler, steps: 1}',
                   'implicit Euler, 4 steps': '{name: implicit_euler, steps: 4}'},
        'volatility': '{:g}'},
    'two assets': {
        'config': 'examples/black_scholes_pino.yaml', 'training': 'examples/pino_black_scholes.yaml',
        'coarse': {'PINO': f'{{name: network, weights: {WEIGHTS}/pino_black_scholes.safetensors}}',
                   'lod, 1 step': '{name: lod, steps: 1}',
                   'lod, 2 steps': '{name: lod, steps: 2}',
                   'lod, 4 steps': '{name: lod, steps: 4}',
                   'lod, 4 steps, every 4th point': '{name: coarsen, factor: 4, propagator: {name: lod, steps: 4}}'},
        'volatility': '[{0:g}, {0:g}]'},
}
ELSEWHERE = [('rate', 0.06), ('rate', 0.1), ('rate', 0.3), ('volatility', 0.3), ('volatility', 0.5), ('volatility', 0.6)]
TOLERANCE, P = 1e-5, 16


def run(program, config, *settings):
    with tempfile.TemporaryDirectory() as place:
        command = [program, 'run', str(ROOT / config), '-o', f'{place}/out', '--quiet']
        for s in settings + ('method.tolerance=0', 'method.iterations=6', 'method.divergence=1e9',
                             'output.error_vs_fine=true'):
            command += ['--set', s]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f'{" ".join(command)}\n{done.stderr}')
        return json.loads(pathlib.Path(f'{place}/out/summary.json').read_text())


def figures(errors):
    return ' '.join(f'{e:.1e}' for e in errors)


def iterations(errors):
    return next((k for k, e in enumerate(errors) if e < TOLERANCE), None)


def model(k, coarse, fine):
    return 1 / ((1 + k / P) * coarse / fine + k / P)


def table(head, rows):
    print('| ' + ' | '.join(head) + ' |\n|' + '---|' * len(head))
    for row in rows:
        print('| ' + ' | '.join(row) + ' |')
    print()


def compare(program, name, case, rounds):
    """seconds and iterations of each coarse propagator"""
    errors, seconds, found, rows = {}, {c: [] for c in case['coarse']}, {}, []
    for _ in range(rounds):
        for coarse, node in case['coarse'].items():
            p = run(program, case['config'], f'method.coarse={node}')['parareal']
            errors[coarse] = p['error_vs_fine']
            seconds[coarse].append((p['coarse_seconds'], p['fine_seconds']))
    for coarse in case['coarse']:
        tc, tf = (statistics.median(s) for s in zip(*seconds[coarse]))
        k = iterations(errors[coarse])
        found[coarse] = (k, tc, tf)
        bound = f'{min(P / k, tf / tc):.1f}, {model(k, tc, tf):.1f}' if k else '-'
        rows.append([coarse, figures(errors[coarse]), str(k) if k is not None else 'more than 6', f'{1e6 * tc:.0f}',
                     f'{1e3 * tf:.2f}', f'{tf / tc:.1f}', bound])
    print(f'### {name}\n')
    table(['Coarse', 'Error against fine, k = 0, 1, ...', f'k for {TOLERANCE:g}', 'Tc, us', 'Tf, ms', 'Tf/Tc',
           f'Speedup: bound, model (P = {P})'], rows)
    return found


def elsewhere(program, name, case):
    rows = []
    coarse = list(case['coarse'])
    network, rival = coarse[0], coarse[1]
    for key, value in ELSEWHERE:
        text = case['volatility'].format(value) if key == 'volatility' else f'{value:g}'
        row = [f'{key} {value:g}']
        for c in (network, rival):
            s = run(program, case['config'], f'problem.{key}={text}', f'method.coarse={case["coarse"][c]}')
            row.append(figures(s['parareal']['error_vs_fine']) if 'error_vs_fine' in s.get('parareal', {})
                       else s['status'])
        rows.append(row)
    print(f'### {name}, elsewhere than in training\n')
    table(['Problem', network, rival], rows)


def amortised(found, training):
    rows = []
    for name, times in found.items():
        coarse = list(times)
        k, tc, tf = times[coarse[0]]
        for rival in coarse[1:]:
            other, rc, rf = times[rival]
            if k is None or other is None:
                rows.append([coarse[0], rival, '-', '-', 'does not reach the tolerance'])
                continue
            # one solve on P workers: the model's denominators
            saved = P * (rf / model(other, rc, rf) - tf / model(k, tc, tf))
            cost = training.get(name)
            rows.append([coarse[0], rival, f'{cost:.0f}' if cost else 'not given', f'{1e3 * saved:+.2f}',
                         f'{cost / saved:.3g}' if cost and saved > 0 else 'never' if saved <= 0 else '-'])
    print('### Training, earned back\n')
    table(['Network', 'Instead of', 'Training, s', f'Saved per solve (model, P = {P}), ms', 'Solves'], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--starpint', default=str(ROOT / 'build/drivers/starpint'), metavar='PROGRAM')
    parser.add_argument('--rounds', type=int, default=5, metavar='N')
    parser.add_argument('--training', nargs=2, type=float, metavar=('PINN', 'PINO'), default=(0, 0),
                        help='seconds that their training took (`seconds` in its summary.json)')
    options = parser.parse_args()
    found = {}
    for name, case in CASES.items():
        found[name] = compare(options.starpint, name, case, options.rounds)
        elsewhere(options.starpint, name, case)
    amortised(found, dict(zip(CASES, options.training)))


if __name__ == '__main__':
    main()
