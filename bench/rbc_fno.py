#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors of Fourier neural operators that make steps of Rayleigh-Benard convection, for several lengths of the step: the same
network, simulations and number of updates for each. Printed is a Markdown table: relative l2 errors after one step from states of
simulations that training has not seen, per variable, of the network and of doing nothing.

    bench/rbc_fno.py --starpint build/drivers/starpint -o results/rbc_fno \\
        --set problem.rayleigh=1e6 --set 'problem.grid=[64, 32]' --set train.data.propagator.steps=50

States are simulated once and shared by the trainings (states-DT.safetensors in the folder; again with other keys of problem or
train.data). What is in the folder already, with the same keys, is not trained again."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent


def train(o, dt):
    """its summary"""
    folder = o.output / f'{dt:g}'
    states = o.output / f'states-{dt:g}.safetensors'
    for other in sorted(o.output.glob('states-*.safetensors')):
        if not states.exists():
            shutil.copy(other, states)
    scheme = f'{{name: rk443, steps: {max(2, round(dt / o.truth))}}}'
    sets = [f'time.end={dt!r}', f'train.loss.propagator={scheme}', f'train.validation.propagator={scheme}',
            f'train.data.file={states}', *o.set]
    words = [word for s in sets for word in ('--set', s)]
    if (folder / 'summary.json').exists() and json.loads((folder / 'sets.json').read_text()) == sets:
        return json.loads((folder / 'summary.json').read_text())
    subprocess.run([o.starpint, 'train', o.config, '-o', folder, '--overwrite', *words], check=True)
    (folder / 'sets.json').write_text(json.dumps(sets))
    return json.loads((folder / 'summary.json').read_text())


def table(found):
    """`found`: summaries by dt"""
    first = next(iter(found.values()))
    lines = ['| | ' + ' | '.join(f'dt = {dt:g}: FNO | identity | ratio' for dt in found) + ' |',
             '|---|' + '---|' * (3 * len(found))]
    rows = [*first['validation']['variables'], 'mean']
    for row in rows:
        cells = []
        for s in found.values():
            v = s['validation'] if row == 'mean' else s['validation']['variables'][row]
            a, b = v['l2_relative'], v['identity_l2_relative']
            cells.append(f'{a:.1e} | {b:.1e} | {a / b:.2f}')
        lines.append(f'| {row} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--starpint', default='starpint', help='the program')
    p.add_argument('--config', type=pathlib.Path, default=root / 'examples/rayleigh_benard_fno.yaml')
    p.add_argument('-o', '--output', type=pathlib.Path, default=pathlib.Path('results/rbc_fno'))
    p.add_argument('--dt', type=float, nargs='+', default=[1e-3, 1e-2, 1e-1, 1.0], help='steps of the network')
    p.add_argument('--truth', type=float, default=0.01, help='longest step of the scheme that is the truth (at least two)')
    p.add_argument('--set', action='append', default=[], metavar='KEY=VALUE', help='overrides the config')
    o = p.parse_args()
    o.output.mkdir(parents=True, exist_ok=True)
    found = {}
    for dt in o.dt:
        found[dt] = train(o, dt)
        print(f'\n{table(found)}\n', flush=True)
    seconds = sum(s['training']['seconds'] for s in found.values())
    steps = next(iter(found.values()))['training']
    print(f"{steps['parameters']} parameters, {steps['steps']} steps, {seconds:.0f} s of training in all")
    return 0


if __name__ == '__main__':
    sys.exit(main())
