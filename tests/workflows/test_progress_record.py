"""The record of train-rig against files that it did not write."""

import json

import pytest

from mmpose_ours.errors import FileFormatError
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
    with pytest.raises(FileFormatError):
        Record(write(tmp_path, step), tmp_path)


def test_a_result_that_lacks_something_is_reported(tmp_path):
    record = Record(write(tmp_path, {}), tmp_path)
    with pytest.raises(FileFormatError) as caught:
        record.result('space')['center_mm']
    assert (caught.value.file, caught.value.expected) == (
        str(tmp_path / 'train_rig.json'), 'center_mm'
    )  # fmt: skip
