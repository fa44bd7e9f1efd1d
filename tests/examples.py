# SPDX-FileCopyrightText: 2026 The StarPinT authors
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every config in examples/ gives what examples/expected/ says.

examples/expected/NAME.json is a list of runs of NAME.yaml: "set" and "exit" (default 0) say how, the rest is what
summary.json has to hold. A number or a string stands for itself; {"is": x, "within": d}, {"is": x, "digits": n}
(significant ones, rounded), {"above": x}, {"below": x} for a number that meets all of it.
"""
import json
import unittest

import support


def is_condition(expected):
    return isinstance(expected, dict) and bool(expected) and set(expected) <= {'is', 'within', 'digits', 'above', 'below'}


def meets(expected, found):
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return False
    if 'within' in expected and not abs(found - expected['is']) <= expected['within']:
        return False
    if 'digits' in expected:
        form = f'.{expected["digits"] - 1}e'
        if format(found, form) != format(expected['is'], form):
            return False
    return expected.get('above', -float('inf')) < found < expected.get('below', float('inf'))


def differences(expected, found, path=''):
    """a line for each thing that is not as expected"""
    if is_condition(expected):
        return [] if meets(expected, found) else [f'{path}: expected {expected}, found {found}']
    if isinstance(expected, dict) and isinstance(found, dict):
        return [line for key, value in expected.items()
                for line in (differences(value, found[key], f'{path}.{key}') if key in found
                             else [f'{path}.{key}: missing'])]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [line for i, value in enumerate(expected) for line in differences(value, found[i], f'{path}[{i}]')]
    return [] if expected == found else [f'{path}: expected {expected}, found {found}']


class Examples(unittest.TestCase):
    def test_each_has_expected_results(self):
        configs = {p.stem for p in (support.ROOT / 'examples').glob('*.yaml')
                   if '\nanalyze:' not in p.read_text() and '\ntrain:' not in p.read_text()}  # analyze.py, train.py
        expected = {p.stem for p in (support.ROOT / 'examples/expected').glob('*.json')}
        self.assertTrue(configs)
        self.assertEqual(configs, expected)

    def test_each_says_what_it_shows(self):
        for path in sorted((support.ROOT / 'examples').glob('*.yaml')):
            with self.subTest(path.name):
                self.assertTrue(path.read_text().startswith('# '))

    def test_comparison_finds_differences(self):
        for expected, found in [(1, 2), ([1], [1, 2]), ({'a': 1}, {}), ({'is': 1, 'within': 0.1}, 1.2),
                                ({'is': 1.234, 'digits': 3}, 1.24), ({'below': 1}, 1), ({'above': 1}, 1),
                                ({'below': 1}, float('nan')), ({'below': 1}, None), ('a', 'b'), ([[1]], [[2]])]:
            with self.subTest(expected=expected, found=found):
                self.assertTrue(differences(expected, found))
        self.assertFalse(differences({'a': [{'is': 1.234, 'digits': 3}]}, {'a': [1.2345], 'b': 1}))


def add(name, number, expected):
    def test(self):
        sets = [word for s in expected.get('set', []) for word in ('--set', s)]
        results = support.folder / f'{name}-{number}'
        done = support.starpint('run', f'examples/{name}.yaml', '-o', results, *sets, env={'STARPU_NCPU': '2'})
        self.assertEqual(done.status, expected.get('exit', 0), done)
        wanted = {key: value for key, value in expected.items() if key not in ('set', 'exit')}
        wrong = differences(wanted, support.summary(results))
        if wrong:
            self.fail('\n'.join([''] + wrong))
        if not expected.get('exit'):
            self.assertTrue((results / 'result.xmf').exists())
    test.__doc__ = ' '.join([f'examples/{name}.yaml'] + [f'--set {s}' for s in expected.get('set', [])])
    setattr(Examples, f'test_{name}_{number}', test)


for path in sorted((support.ROOT / 'examples/expected').glob('*.json')):
    for number, expected in enumerate(json.loads(path.read_text())):
        add(path.stem, number, expected)

if __name__ == '__main__':
    support.main()
