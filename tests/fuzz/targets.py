"""Every reader with a sample: name to (function that writes the sample, function that reads it).

The samples are made beside the tests of the readers, in modules with a table ``SAMPLES``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Callable, Tuple

TESTS = Path(__file__).resolve().parents[1]
# Module of the tests, and the word that its readers' names begin with.
MODULES = {
    'samples_media': '',
    'samples_files': '',
    'samples_calibration': 'calibration',
    'samples_keypoints': 'keypoints',
    'samples_arrays': 'arrays',
    'samples_checkpoints': 'checkpoint',
}
Sample = Tuple[Callable[[Path], Any], Callable[[Any], Any]]


def _targets() -> dict[str, Sample]:
    for folder in (TESTS, *(TESTS / name for name in ('calibration', 'detections', 'synthetic'))):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    found: dict[str, Sample] = {}
    for module, word in MODULES.items():
        if not (TESTS / f'{module}.py').is_file():
            continue
        for name, sample in importlib.import_module(module).SAMPLES.items():
            found[name if not word or name.startswith(word) else f'{word} {name}'] = sample
    return found


TARGETS = _targets()


def find(reader: str) -> Sample:
    """A reader of :data:`TARGETS`, or one that fails on purpose (``faulty ...``)."""
    if reader.startswith('faulty '):
        from .test_fuzz import faulty

        return faulty(reader.split()[1])
    return TARGETS[reader]
