"""What ``train-rig`` has done, so that a second call goes on where the first one stopped.

A step is done if it was finished with the inputs that it would have now, and its files are
still there. Inputs are fingerprints and plain values by name, so that a change can be named.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.io.json_files import read_json
from mmpose_ours.io.numbers import is_number
from mmpose_ours.workflows.train_rig.job import data_print

RECORD_FILE = 'train_rig.json'
VERSION = 1


class Record:
    """The file ``train_rig.json`` of a work directory.

    Args:
        work_dir: The directory; the file need not be there yet.
        folder: The data folder, which the work directory belongs to.

    Raises:
        FileFormatError: The file is there and is none of ours, or of another folder.

    Attributes:
        steps: What was begun and done, by name.
        made: Fingerprint of the calibration that this command put into the folder.
    """

    def __init__(self, work_dir: Path, folder: Path):
        self.path = work_dir / RECORD_FILE
        self.folder = str(folder.resolve())
        self.steps: dict[str, dict[str, Any]] = {}
        self.made: str | None = None
        if not self.path.is_file():
            return
        data = read_json(self.path)
        if not _is_record(data):
            raise FileFormatError(
                f'{self.path}: no record of this version of `mmpose-ours train-rig`; name '
                'another --work-dir',
                file=self.path,
            )
        if data.get('folder') != self.folder:
            raise FileFormatError(
                f'{self.path}: is of the data folder {data.get("folder")}, not of '
                f'{self.folder}; name another --work-dir',
                code='conflict',
                file=self.path,
                found=data.get('folder'),
                expected=self.folder,
            )
        self.steps, self.made = data['steps'], data.get('made')

    def result(self, step: str) -> dict[str, Any]:
        """What a finished step found out.

        Raises:
            InputError: It is not finished.
        """
        entry = self.steps.get(step, {})
        if not entry.get('finished'):
            raise InputError(
                f'{self.path}: the step {step!r} is not done, on which others build; call '
                '`mmpose-ours train-rig` without --only',
                code='missing-value',
                file=self.path,
                expected=step,
            )
        return _Result(self.path, step, entry['result'])

    def print_of(self, step: str) -> str | None:
        """What changes when a step's result does; None before there is one."""
        entry = self.steps.get(step, {})
        return data_print(dict(entry['result'])) if entry.get('finished') else None

    def repeats(self, step: str) -> bool:
        """Whether a step that was interrupted was a repetition that the user had asked for."""
        return self.steps.get(step, {}).get('again') is True

    def why(self, step: str, inputs: dict[str, Any]) -> str | None:
        """Why a step has to be done (again); None where it need not be."""
        entry = self.steps.get(step)
        if entry is None:
            return 'not done yet'
        changed = _changes(entry['inputs'], inputs)
        if changed:
            return f'changed since: {", ".join(changed)}'
        if not entry.get('finished'):
            return 'was cut off'
        gone = [name for name in entry['files'] if not Path(name).exists()]
        return f'{gone[0]} is gone' if gone else None

    @contextlib.contextmanager
    def doing(self, step: str, inputs: dict[str, Any], anew: bool = False) -> Iterator[Doing]:
        """Record that a step begins and, where the block ends well, that it is finished.

        Args:
            step: Its name.
            inputs: What its result depends on.
            anew: Whether to forget what was begun before.
        """
        entry = self.steps.get(step, {})
        goes_on = not anew and entry.get('inputs') == inputs and not entry.get('finished')
        before = entry.get('seconds', 0.0) if goes_on else 0.0
        doing = Doing(goes_on)
        entry = {'inputs': inputs, 'finished': None, 'seconds': before}
        self.steps[step] = {**entry, 'again': anew or (goes_on and self.repeats(step))}
        self._save()
        start = time.monotonic()
        try:
            yield doing
            del self.steps[step]['again']
            self.steps[step].update(
                finished=time.strftime('%Y-%m-%d %H:%M:%S'),
                result=doing.result,
                commands=doing.commands,
                files=[str(path.resolve()) for path in doing.files],
            )
        except Exception:
            self.steps[step]['again'] = False
            raise
        finally:
            self.steps[step]['seconds'] = round(before + time.monotonic() - start, 1)
            self._save()

    def _save(self) -> None:
        data = {
            'version': VERSION,
            'folder': self.folder,
            'made': self.made,
            'steps': self.steps,
        }
        write_json(self.path, data, indent=1)


class Doing:
    """A step while it is being done.

    Args:
        goes_on: Whether the same was begun before and cut off: its files are to be used.

    Attributes:
        result: What it finds out, plain data without times: another result makes the steps
            that build on it be done again.
        commands: The commands that do the same.
        files: What it leaves behind.
    """

    def __init__(self, goes_on: bool):
        self.goes_on = goes_on
        self.result: dict[str, Any] = {}
        self.commands: list[str] = []
        self.files: list[Path] = []


class _Result(Dict[str, Any]):
    """What a step found out, as its record has it."""

    def __init__(self, path: Path, step: str, found: dict[str, Any]):
        super().__init__(found)
        self._where = path, step

    def __missing__(self, key: str) -> Any:
        path, step = self._where
        raise FileFormatError(
            f'{path}: the step {step!r} says nothing of {key!r}; repeat it with --from {step}',
            code='missing-value',
            file=path,
            found=step,
            expected=key,
        )


def _is_record(data: Any) -> bool:
    """Whether data are what :class:`Record` writes, but for what steps found out."""
    if not isinstance(data, dict) or data.get('version') != VERSION:
        return False
    steps = data.get('steps')
    return (
        isinstance(data.get('made'), (str, type(None)))
        and isinstance(steps, dict)
        and all(map(_is_step, steps.values()))
    )


def _is_step(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get('inputs'), dict):
        return False
    if not is_number(entry.get('seconds', 0.0)):
        return False
    if not entry.get('finished'):
        return True
    return isinstance(entry.get('result'), dict) and all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        for texts in (entry.get('files'), entry.get('commands'))
    )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Sequence[str]:
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]
