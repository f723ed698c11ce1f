"""What a config is given it states, and MMEngine reads nothing else."""

import ast

import pytest

from mmpose_ours.io.config_text import WIDTH, assigned, literal

VALUES = [
    None, True, 3, -2.5, 1e300, '', "it's", '"', "'\"", '\\', 'a\nb', '{{ fileDirname }}', '{{{{',
    '{{$HOME:x}}', '{{_base_.model}}', '\\{{', '\u2028', '\udcff', '\x1b', ('a',), (),
    [1, ('b', None)],
    {'a{{': {'b': {}}}, {'x': {'y': {'z': '}}'}}},
]  # fmt: skip


@pytest.mark.parametrize('value', VALUES, ids=ascii)
def test_python_reads_the_same_value(value):
    text = literal(value)
    assert ast.literal_eval(text) == value and type(ast.literal_eval(text)) is type(value)
    assert '{{' not in text and '\n' not in text
    text.encode('utf-8')


@pytest.mark.parametrize('value', [float('nan'), float('inf'), object(), {1: 2}, b'x', {1}])
def test_what_is_no_plain_data_is_refused(value):
    with pytest.raises(TypeError):
        literal(value)


def test_long_lists_are_wrapped_between_their_items():
    names = [f'GoPro Hero 9 nr {i}' for i in range(30)]
    lines = assigned('cameras', names, '    ')
    assert max(map(len, lines)) <= WIDTH and len(lines) > 3
    assert eval('dict(' + '\n'.join(lines) + ')') == {'cameras': names}
