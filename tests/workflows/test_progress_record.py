"""The record of train-rig against files that it did not write."""

import json

import pytest
from errors import fails

from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.workflows.train_rig.progress_record import Record


def write(folder, step):
    record = Record(folder, folder)
    with record.doing('space', {'a': 1}) as doing:
        doing.result = {'size_mm': 1}
    path = folder / 'train_rig.json'
    data = json.loads(path.read_text())
    data['steps']['space'].update(step)
    path.write_text(json.dumps(data))
    return folder


def test_what_was_written_is_read(tmp_path):
    record = Record(write(tmp_path, {}), tmp_path)
    assert record.result('space') == {'size_mm': 1} and record.why('space', {'a': 1}) is None


@pytest.mark.parametrize(
    'step',
    [
        {'inputs': None}, {'inputs': [1]}, {'result': 5}, {'result': None}, {'files': None},
        {'files': [1]}, {'files': {'a': 1}}, {'commands': 'a'}, {'seconds': 'a'},
        {'seconds': 10**400},
    ],
)  # fmt: skip
def test_other_entries_are_refused(tmp_path, step):
    with fails(FileFormatError, code='file-format', file=tmp_path / 'train_rig.json'):
        Record(write(tmp_path, step), tmp_path)


def test_a_result_that_lacks_something_is_reported(tmp_path):
    record = Record(write(tmp_path, {}), tmp_path)
    file = tmp_path / 'train_rig.json'
    with fails(FileFormatError, code='missing-value', file=file, expected='center_mm'):
        record.result('space')['center_mm']


def test_a_step_that_is_not_done_has_no_result(tmp_path):
    record = Record(write(tmp_path, {}), tmp_path)
    with fails(InputError, code='missing-value', file=record.path, expected='noise'):
        record.result('noise')


def test_the_record_of_another_folder_is_refused(tmp_path):
    other = tmp_path / 'other'
    folders = dict(found=str(tmp_path.resolve()), expected=str(other.resolve()))
    path = tmp_path / 'train_rig.json'
    with fails(FileFormatError, code='conflict', file=path, **folders):
        Record(write(tmp_path, {}), other)
