"""Names of cameras and frames as names of files."""

import os

import pytest

from mmpose_ours.io.disk.file_names import (
    file_name,
    file_names,
    text_of_file_name,
    unfit_file_name,
    unfit_file_names,
)

UNFIT = [
    '', ' ', '.', '..', '.x', 'a/b', 'a\\b', '/etc/passwd', '../../x', 'a\0b', 'a\nb', 'a ', 'a.',
    ' a', 'CON', 'nul.txt', 'com1', 'LPT¹', 'x' * 250, '日' * 100, '\u202e', os.fsdecode(b'\xff'),
]  # fmt: skip
FIT = ['cam 1', 'GoPro 9', '"left"', "it's", 'über', '日本', '-x', '00_03', 'console', 'a.b']


@pytest.mark.parametrize('name', UNFIT)
def test_names_that_would_be_lost_are_refused(name):
    assert unfit_file_name(name, windows=False)
    assert unfit_file_names(['a1', name])[0] == name


@pytest.mark.parametrize('name', FIT)
def test_other_names_are_not(name):
    assert unfit_file_name(name, windows=False) == ''
    assert unfit_file_name('a:b', windows=True) != ''


@pytest.mark.parametrize('pair', [('Cam1', 'cam1'), ('é', 'e\u0301'), ('straße', 'STRASSE')])
def test_names_that_are_one_on_some_systems(pair):
    assert unfit_file_names(pair)[0] == pair[1]
    one, other = file_names(pair).values()
    assert one.casefold() != other.casefold()


@pytest.mark.parametrize('text', UNFIT + FIT + ['%', '%41', 'a%'])
def test_any_text_becomes_a_plain_name_and_back(tmp_path, text):
    name = file_name(text)
    assert not unfit_file_name(name, windows=True)
    (tmp_path / name).write_text('x')
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if len(text.encode('utf-8', 'surrogatepass')) < 100:
        assert text_of_file_name(name) == text


def test_different_texts_have_different_names():
    texts = [*UNFIT, *FIT, 'x' * 251, 'x' * 249 + 'y', '%2E', '%', '%25']
    assert len({file_name(text) for text in texts}) == len(set(texts))
