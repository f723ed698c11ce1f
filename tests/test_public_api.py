"""The names of the package itself: what users may rely on."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import mmpose_ours

ROOT = Path(mmpose_ours.__file__).parent
NAMES = [name for name in mmpose_ours.__all__ if name != '__version__']
NEED_TORCH = {'InferenceSession', 'MultiviewInferencer'}


@pytest.mark.parametrize('name', NAMES)
def test_every_name_is_there_and_documented(name):
    if name in NEED_TORCH:
        pytest.importorskip('torch', reason='this name needs torch')
        pytest.importorskip('mmengine', reason='this name needs MMEngine')
    value = getattr(mmpose_ours, name)
    assert (
        value is getattr(importlib.import_module(value.__module__), name)
        if callable(value)
        else True
    )
    if callable(value):
        assert len(inspect.getdoc(value)) > 20
    assert name in dir(mmpose_ours)


def test_names_are_few_and_no_modules():
    assert 25 <= len(NAMES) <= 40
    assert len(set(NAMES)) == len(NAMES)
    modules = {path.stem for path in ROOT.iterdir()}
    assert not modules.intersection(NAMES), 'a module of that name would hide it'
    with pytest.raises(AttributeError):
        mmpose_ours.no_such_name  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / '__init__.py').read_text())
    seen = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or '').startswith('mmpose_ours.'):
            seen.update({alias.name: node.module[12:] for alias in node.names})
    assert seen == mmpose_ours._MODULES
    assert set(seen) == set(NAMES)


def test_importing_the_package_imports_nothing_else():
    code = (
        'import sys; before = set(sys.modules); import mmpose_ours; '
        'new = {name for name in set(sys.modules) - before if "." not in name}; '
        'assert not new & {"numpy", "cv2", "torch", "scipy", "mmengine"}, new; '
        'from mmpose_ours import read_rig, Keypoints2D; assert "torch" not in sys.modules'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=60)
