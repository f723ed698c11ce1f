"""Errors have codes and fields; their sentences name arguments as the caller spells them."""

import ast
import re
from pathlib import Path

import pytest

import mmpose_ours
from mmpose_ours.errors import CODES, FileFormatError, InputError
from mmpose_ours.text import argument, arguments_as_options

PACKAGE = Path(mmpose_ours.__file__).parent
# What is the command line itself, or starts programs.
PROGRAMS = (
    'cli/', 'launch/', 'workflows/train_rig/', 'workflows/inspection.py',
    'workflows/format_list.py', 'io/programs.py', 'engine/replay.py', 'text.py',
    'detectors/mediapipe_models.py',  # calls pip
)  # fmt: skip
OPTION = re.compile(r'(?<![\w-])--[a-z][a-z-]+')
# A command that stands whole, to be copied into a shell.
COMMAND = re.compile(r'`[^`]*`|^mmpose-ours .*|pip install .*|python -m .*|tools/.*')


def texts(source):
    """The line and text of each string in a source that is no docstring; values are ``{}``."""
    tree = ast.parse(source)
    pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
              for part in node.values}  # fmt: skip
    pieces |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = ''.join(p.value if isinstance(p, ast.Constant) else '{}' for p in node.values)
            yield node.lineno, text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in pieces:
                yield node.lineno, node.value


def library_modules():
    """The modules that are not of the command line."""
    for path in sorted(PACKAGE.rglob('*.py')):
        if not str(path.relative_to(PACKAGE)).startswith(PROGRAMS):
            yield path


def options_in(path):
    """The options that messages of a module name, with their lines."""
    for line, text in texts(path.read_text()):
        named = OPTION.findall(COMMAND.sub('', text))
        if named:
            yield f'{path.relative_to(PACKAGE)}:{line}: {", ".join(named)}'


def test_the_library_names_no_option_of_the_command_line():
    assert [found for path in library_modules() for found in options_in(path)] == []


def test_an_option_in_a_message_is_found(tmp_path):
    module = PACKAGE / 'cli' / 'keypoints.py'
    assert list(options_in(module))


def test_codes():
    class OtherError(InputError):
        code = 'no-data'

    assert InputError('x').code == 'invalid-input' and OtherError('x').code == 'no-data'
    assert OtherError('x', code='duplicate').code == 'duplicate'
    with pytest.raises(KeyError):
        InputError('x', code='nonsense')
    with pytest.raises(KeyError):
        type('BadError', (InputError,), {'code': 'nonsense'})


def raised_codes():
    """The codes that errors are raised with, ``code=a if b else c`` included."""
    for path in PACKAGE.rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            keyword = isinstance(node, ast.keyword) and node.arg == 'code'
            assigned = isinstance(node, ast.Assign) and 'code' in map(ast.unparse, node.targets)
            if keyword or assigned:
                values = [node.value]
                if isinstance(node.value, ast.IfExp):
                    values = [node.value.body, node.value.orelse]
                codes = (value.value for value in values if isinstance(value, ast.Constant))
                yield from filter(None, codes)


def test_each_code_is_used_and_known():
    assert set(raised_codes()) | {'invalid-input'} == set(CODES)


def test_other_words_keep_code_and_fields():
    first = InputError('x', code='duplicate', file='a', camera='b', found=1, expected=2)
    other = first.reworded(FileFormatError, 'a: x', file='c')
    assert type(other) is FileFormatError and str(other) == 'a: x'
    fields = (other.code, other.file, other.camera, other.frame, other.found, other.expected)
    assert fields == ('duplicate', 'c', 'b', None, 1, 2)


def test_arguments_are_spelt_as_options_in_programs_only():
    assert argument('keep', 'focal') == "keep='focal'"
    assert argument('cameras', ['a b', 'c']) == "cameras=['a b', 'c']"
    with arguments_as_options():
        assert argument('keep', 'focal') == '--keep focal'
        assert argument('format', 'colmap') == '--from colmap'
        assert argument('cameras', ['a b', 'c']) == "--cameras 'a b' c"
        assert argument('up', '-z') == '--up -z'
        assert argument('any_scale', True) == '--any-scale'
        assert argument('unit', 1000.0) == '--unit 1000'
        assert argument('floor_points') == '--floor-points'
    assert argument('any_scale', True) == 'any_scale=True'
