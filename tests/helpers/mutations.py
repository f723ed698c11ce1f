"""Throw broken calibrations at every reader: nothing but a CalibrationError may come out.

As a program it runs any number of them and says what is slow or escapes:

    python tests/helpers/mutations.py --count 10000
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from format_samples import LAYOUTS, MAKERS, WORLDS, WRITTEN, format_of, image_size, sample

from mmpose_ours.calibration import CalibrationError, read_rig
from mmpose_ours.calibration.api import read_calibration

MAX_SECONDS = 5.0
MAX_GROWTH_MB = 600
NUMBER = re.compile(rb'-?\d+\.?\d*(?:[eE][-+]?\d+)?')
# What takes the place of a number or a word.
TOKENS = (
    b'nan', b'NaN', b'.nan', b'inf', b'-Infinity', b'1e999', b'-1', b'0', b'1e308', b'1e-320',
    b'9' * 400, b'0x10', b'null', b'~', b'true', b'""', b'"x"', b'x', b'[]', b'{}', b'[[1,2],[3]]',
    b'-', b'1.2.3', b'1 2', b'1,', b'\xff', b'\x00', b'\xc3\xa9', b'../../etc/passwd',
    b'18446744073709551615',
)  # fmt: skip
BOMBS = (
    b'[' * 5000,
    b'{"a":' * 3000,
    b'<a>' * 20000,
    b'a: ' + b'[' * 3000,
    b'- ' * 3000,
    b'a: &a [x,x,x,x,x,x,x,x,x]\n'
    + b''.join(
        b'%c: &%c [%s]\n' % (98 + i, 98 + i, b','.join([b'*%c' % (97 + i)] * 9)) for i in range(9)
    ),
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b''.join(b'<!ENTITY %c "%s">' % (98 + i, b'&%c;' % (97 + i) * 10) for i in range(9))
    + b']><calibration>&j;</calibration>',
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><document>&e;</document>',
    b'!!python/object/apply:os.system ["touch executed"]\n',
    b'cos\nsystem\n(S"touch executed"\ntR.',
    b'a = ' + b'[' * 3000,
    b'a.' * 3000 + b'b = 1',
)  # fmt: skip


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """One broken version of a file."""
    kind = rng.integers(11)
    size = len(content)

    def place(room: int = 0) -> int:
        return int(rng.integers(max(1, size - room)))

    if kind == 0:
        return content[: place()]
    if kind == 1:
        flipped = bytearray(content)
        for _ in range(int(rng.integers(1, 9))):
            flipped[place()] = int(rng.integers(256))
        return bytes(flipped)
    if kind == 2:  # a number becomes something else
        found = list(NUMBER.finditer(content))
        if found:
            hit = found[int(rng.integers(len(found)))]
            token = TOKENS[int(rng.integers(len(TOKENS)))]
            return content[: hit.start()] + token + content[hit.end() :]
    if kind == 3:  # a word becomes something else
        found = list(re.finditer(rb'[A-Za-z_]\w*', content))
        if found:
            hit = found[int(rng.integers(len(found)))]
            token = TOKENS[int(rng.integers(len(TOKENS)))]
            return content[: hit.start()] + token + content[hit.end() :]
    if kind == 4:
        start = place()
        return content[:start] + content[start + int(rng.integers(1, 200)) :]
    if kind == 5:
        start = place()
        chunk = content[start : start + int(rng.integers(1, 400))]
        return content[:start] + chunk * int(rng.integers(2, 5)) + content[start:]
    if kind == 6:
        at = place()
        return content[:at] + TOKENS[int(rng.integers(len(TOKENS)))] + content[at:]
    if kind == 7:
        at = place() if rng.random() < 0.5 else 0
        return content[:at] + BOMBS[int(rng.integers(len(BOMBS)))] + content[at:]
    if kind == 8:  # two lines exchanged
        lines = content.split(b'\n')
        a, b = rng.integers(len(lines), size=2)
        lines[a], lines[b] = lines[b], lines[a]
        return b'\n'.join(lines)
    if kind == 9:
        at = place(8)
        huge = [b'\xff' * 8, b'\x7f\xff\xff\xff', b'\x00' * 8, b'\x01\x00\x00\x00\x00\x00\x00\x80']
        word = huge[int(rng.integers(len(huge)))]
        return content[:at] + word + content[at + len(word) :]
    return content + content


def trials(format: str, count: int, folder: Path, seed: int = 0):
    """Broken versions of a format's sample: yields the paths to read, ``count`` times."""
    rng = np.random.default_rng(seed)
    paths = sample(format, folder / format)
    originals = [path.read_bytes() for path in paths]
    for _ in range(count):
        victim = int(rng.integers(len(paths)))
        paths[victim].write_bytes(mutate(originals[victim], rng))
        yield paths
        paths[victim].write_bytes(originals[victim])


def read_all_ways(paths: list[Path], format: str) -> str:
    """Read as given and by itself; returns the error's text, empty where it was read.

    Raises:
        Exception: Whatever is no CalibrationError.
    """
    unit, up = WORLDS[format_of(format)]
    said = ''
    for named in (format_of(format), 'auto'):
        try:
            read_calibration(paths, named, unit=unit, up=up, image_size=image_size(format))
            read_rig(paths, named, unit=unit, up=up, image_size=image_size(format))
        except CalibrationError as error:
            said = str(error)
            if '\n' in said or not said:
                raise AssertionError(f'no sentence: {said!r}') from error
            if not any(str(path) in said or path.name in said for path in paths):
                raise AssertionError(f'names no file: {said!r}') from error
    return said


def main() -> int:
    """Run trials; prints a line per format and whatever escaped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--count', type=int, default=1000, help='of each format')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('formats', nargs='*', default=[*WRITTEN, *MAKERS, *LAYOUTS])
    args = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for format in args.formats:
            outcomes: collections.Counter = collections.Counter()
            slowest = 0.0
            for number, paths in enumerate(trials(format, args.count, Path(folder), args.seed)):
                started = time.process_time()
                try:
                    outcomes['refused' if read_all_ways(paths, format) else 'read'] += 1
                except Exception as error:  # noqa: BLE001, the very thing that is looked for
                    outcomes['ESCAPED'] += 1
                    failures += 1
                    print(f'{format} {number}: {type(error).__name__}: {str(error)[:300]}')
                slowest = max(slowest, time.process_time() - started)
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f'{format:15s} {dict(outcomes)} slowest {slowest:.2f} s, peak {peak_mb:.0f} MB',
                  flush=True)  # fmt: skip
        executed = Path('executed').exists()
    print('EXECUTED something' if executed else 'nothing was executed')
    return int(failures > 0 or executed)


if __name__ == '__main__':
    sys.exit(main())
