"""The examples in docstrings give the results that stand below them."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import mmpose_ours

PACKAGE = Path(mmpose_ours.__file__).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# Packages that not every environment has.
OPTIONAL = ('torch', 'mmengine', 'mmpose')
# Data, or classes whose objects functions return: an example of these shows them.
WITHOUT_EXAMPLE = {
    'FileFormatError', 'FrameResult', 'FrameSet', 'InferenceSession', 'Predictions', 'SKELETONS',
    'detect_recording', 'evaluate_files', 'open_footage', 'open_keypoints', 'read_predictions',
    'write_scene_page', '__version__',
}  # fmt: skip


def modules_with_examples() -> list[str]:
    paths = [p for p in PACKAGE.rglob('*.py') if '>>> ' in p.read_text(encoding='utf-8')]
    parts = (path.relative_to(PACKAGE.parent).with_suffix('').parts for path in sorted(paths))
    return ['.'.join(names[:-1] if names[-1] == '__init__' else names) for names in parts]


@pytest.mark.parametrize('name', modules_with_examples())
def test_examples_give_what_they_show(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] not in OPTIONAL:
            raise
        pytest.skip(f'{name} needs {error.name}')
    failed, tried = doctest.testmod(module, optionflags=FLAGS)
    assert tried > 0 and failed == 0


def test_public_functions_have_examples():
    pytest.importorskip('mmengine', reason='some names need MMEngine')
    for name in set(mmpose_ours.__all__) - WITHOUT_EXAMPLE:
        value = getattr(mmpose_ours, name)
        assert '>>> ' in (value.__doc__ or ''), name


def test_no_example_is_left_out():
    for path in PACKAGE.rglob('*.py'):
        assert not re.search(r'doctest:\s*\+SKIP', path.read_text(encoding='utf-8')), path
