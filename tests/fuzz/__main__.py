"""The long run: ``python -m tests.fuzz --count 10000 [READER...]``.

Each reader's progress is kept in ``--state``, so an interrupted run goes on where it was. Inputs
that fail are kept there too. Ends with a table, and with status 1 where any input failed.
"""

from __future__ import annotations

import argparse
import collections
import fnmatch
import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterable

from .harness import ROOT, Child, file_name
from .targets import TARGETS

# Failures of one reader after which it is left.
ENOUGH = 50


def fuzz(child: Child, reader: str, count: int, seed: int, state: Path) -> dict[str, Any]:
    """Bring one reader to so many inputs; what came of all so far."""
    file = state / f'{file_name(reader)}-{seed}.json'
    done = dict(reader=reader, next=0, outcomes={}, failures=[], seconds=0.0, megabytes=0.0)
    if file.is_file():
        done = json.loads(file.read_text())
    outcomes = collections.Counter(done['outcomes'])
    said = time.monotonic()
    for outcome in child.run(reader, range(done['next'], count), seed, state / 'failures'):
        outcomes[outcome.kind] += 1
        if outcome.kind == 'failed':
            done['failures'].append(str(outcome))
            print(f'FAILED {outcome}', flush=True)
        done.update(
            next=outcome.number + 1,
            outcomes=dict(outcomes),
            seconds=max(done['seconds'], outcome.seconds),
            megabytes=max(done['megabytes'], outcome.megabytes),
        )
        if time.monotonic() - said > 30:
            said = time.monotonic()
            file.write_text(json.dumps(done))
            print(f'{reader}: {outcome.number + 1} of {count}', flush=True)
        if len(done['failures']) >= ENOUGH:
            break
    file.write_text(json.dumps(done))
    print('\n'.join(table([done])[1:]), flush=True)
    return done


def table(results: Iterable[dict[str, Any]]) -> list[str]:
    """Lines: inputs, failures, the most time and memory of one input by reader."""
    lines = [f'{"reader":28} {"inputs":>7} {"read":>6} {"failed":>6} {"max s":>6} {"max MB":>6}']
    for done in results:
        read, failed = (done['outcomes'].get(kind, 0) for kind in ('read', 'failed'))
        lines.append(
            f'{done["reader"]:28} {done["next"]:7} {read:6} {failed:6} {done["seconds"]:6.2f} '
            f'{done["megabytes"]:6.0f}'
        )
    return lines


def main() -> int:
    """Run the readers that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'readers', nargs='*', default=['*'], help='names or patterns such as image*'
    )
    parser.add_argument('--count', type=int, default=1000, help='inputs of each reader')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--jobs', type=int, default=2, help='readers at the same time')
    parser.add_argument(
        '--state', type=Path, default=ROOT / '.fuzz', help='folder of progress and failures'
    )
    parser.add_argument('--anew', action='store_true', help='forget the progress of before')
    parser.add_argument('--list', action='store_true', help='list the readers')
    args = parser.parse_args()
    chosen = [name for name in TARGETS if any(fnmatch.fnmatch(name, p) for p in args.readers)]
    if not chosen:
        parser.error(f'no such reader; known: {", ".join(TARGETS)}')
    if args.list:
        print('\n'.join(chosen))
        return 0
    if args.anew and args.state.is_dir():
        shutil.rmtree(args.state)
    args.state.mkdir(parents=True, exist_ok=True)
    waiting, results = collections.deque(chosen), {}

    def work() -> None:
        while waiting:
            with Child() as child:  # the next one where this was left in the middle
                enough = False
                while waiting and not enough:
                    reader = waiting.popleft()
                    results[reader] = fuzz(child, reader, args.count, args.seed, args.state)
                    enough = len(results[reader]['failures']) >= ENOUGH

    with ThreadPoolExecutor(args.jobs) as pool:
        for job in [pool.submit(work) for _ in range(args.jobs)]:
            job.result()
    print('\n'.join(table(results[reader] for reader in chosen)))
    failures = sum(len(done['failures']) for done in results.values())
    if failures:
        print(f'{failures} failures; the inputs lie in {args.state / "failures"}')
    return int(failures > 0)


if __name__ == '__main__':
    sys.exit(main())
