"""The long run: ``python -m tests.fuzz --count 10000 [READER...]``.

Each reader's progress is kept in ``--state``, so an interrupted run goes on where it was. Inputs
that fail are kept there too. Ends with status 1 where any did.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .harness import Child, run
from .targets import TARGETS

# Failures of one reader after which it is left.
ENOUGH = 50


def fuzz(reader: str, count: int, seed: int, state: Path) -> int:
    """Bring one reader to so many inputs; the number of failures so far."""
    name = ''.join(c if c.isalnum() else '-' for c in reader)
    file = state / f'{name}-{seed}.json'
    done = {'next': 0, 'outcomes': {}, 'failures': []}
    if file.is_file():
        done = json.loads(file.read_text())
    outcomes = collections.Counter(done['outcomes'])
    started, said = time.monotonic(), time.monotonic()
    with Child() as child:
        for number, outcome, failure in run(
            child, reader, range(done['next'], count), seed, state / 'failures'
        ):
            outcomes[outcome] += 1
            if failure is not None:
                done['failures'].append(str(failure))
                print(f'FAILED {failure}', flush=True)
            done.update(next=number + 1, outcomes=dict(outcomes))
            if number % 100 == 99 or failure is not None or number + 1 == count:
                file.write_text(json.dumps(done))
            if time.monotonic() - said > 30:
                said = time.monotonic()
                print(f'{reader}: {number + 1} of {count}', flush=True)
            if len(done['failures']) >= ENOUGH:
                print(f'{reader}: left after {ENOUGH} failures', flush=True)
                break
    spent = time.monotonic() - started
    print(f'{reader}: {done["next"]} inputs, {dict(outcomes)}, {spent:.0f} s', flush=True)
    return len(done['failures'])


def main() -> int:
    """Run the readers that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'readers', nargs='*', default=['*'], help='names or patterns such as image*'
    )
    parser.add_argument('--count', type=int, default=1000, help='inputs of each reader')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--jobs', type=int, default=2, help='readers at the same time')
    parser.add_argument('--state', type=Path, default=Path('build/fuzz'), help='folder of progress')
    parser.add_argument('--list', action='store_true', help='list the readers')
    args = parser.parse_args()
    chosen = [name for name in TARGETS if any(fnmatch.fnmatch(name, p) for p in args.readers)]
    if not chosen:
        parser.error(f'no such reader; known: {", ".join(TARGETS)}')
    if args.list:
        print('\n'.join(chosen))
        return 0
    args.state.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(args.jobs) as pool:
        each = [pool.submit(fuzz, name, args.count, args.seed, args.state) for name in chosen]
        failures = sum(job.result() for job in each)
    print(
        f'{len(chosen)} readers, {failures} failures; inputs that fail lie in {args.state}/failures'
    )
    return int(failures > 0)


if __name__ == '__main__':
    sys.exit(main())
