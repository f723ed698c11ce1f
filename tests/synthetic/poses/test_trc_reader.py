import numpy as np
import pytest
from errors import fails
from mocap_files import COCO17, Y_UP, people, write_trc

from mmpose_ours.errors import FileFormatError
from mmpose_ours.synthetic.poses.sources import read_bank, read_source
from mmpose_ours.synthetic.poses.trc_reader import read_trc


def markers(poses, unit_mm=1000.0, names=COCO17.joints):
    """As Pose2Sim calls them: LShoulder, Nose."""
    found = {}
    for name in names:
        side, _, part = name.rpartition('_')
        xyz = poses[:, COCO17.index(name)[0]] @ Y_UP.T / unit_mm
        found[f'{side[:1].upper()}{part.capitalize()}'] = xyz
    return found


def test_pose2sims_file_comes_back(tmp_path):
    poses = people()
    data = {'CHip': np.ones((20, 3)), **markers(poses), 'LBigToe': np.ones((20, 3))}
    path = write_trc(tmp_path / 'walk.trc', data, hidden={(3, 'LWrist'), (4, 'Nose')})
    source = read_source(path)
    assert source.kind == 'TRC' and source.note == 'unit m, y up by its motion'
    unknown = np.zeros((20, 17), dtype=bool)
    unknown[3, COCO17.index('left_wrist')[0]] = unknown[4, 0] = True
    np.testing.assert_array_equal(source.bank.visible, ~unknown)
    difference = np.where(unknown[..., None], 0, source.bank.poses - poses)
    np.testing.assert_allclose(difference[..., :2], 0, atol=0.01)
    assert np.abs(difference).max() < 40  # but for the floor


def test_the_header_says_the_unit_and_zeros_are_nothing(tmp_path):
    poses = people()
    data = markers(poses, 1.0)
    data['RWrist'][5:8] = 0
    names, xyz, unit = read_trc(write_trc(tmp_path / 'walk.trc', data, unit='mm'))
    assert unit == 'mm' and xyz.shape == (20, 17, 3)
    assert np.isnan(xyz).all(-1).nonzero()[0].tolist() == [5, 6, 7]
    assert names[0] == 'Nose' and names[-1] == 'RAnkle'
    np.testing.assert_allclose(xyz[:, 5], poses[:, 5] @ Y_UP.T, atol=1e-5)


@pytest.mark.parametrize(
    'change, code, expected, line',
    [
        (
            lambda text: text.replace('\tm\t', '\tinches\t'),
            'unknown-name',
            ['mm', 'cm', 'm'],
            "line 3: the unit is 'inches'",
        ),
        (
            lambda text: text.replace('Nose\t\t\t', 'Nose\t'),
            'file-format',
            None,
            'line 4: found 17',
        ),
        (lambda text: text.replace('0.017', '0.017\tx', 1), 'file-format', 'numbers', 'line 8: '),
        (lambda text: '\n'.join(text.splitlines()[:6]) + '\n\n', 'no-data', None, 'no frames'),
        (lambda text: text[:60], 'file-format', 'PathFileType', ''),
        (lambda text: text.replace('LHip', 'LASI'), 'missing-value', ['left_hip'], 'called Nose, '),
    ],
)
def test_a_broken_file_says_where_and_why(tmp_path, change, code, expected, line):
    path = write_trc(tmp_path / 'walk.trc', markers(people()))
    path.write_text(change(path.read_text()))
    with fails(FileFormatError, code=code, file=path, expected=expected) as caught:
        read_bank(path)
    assert line in str(caught.value), 'lines are no field'


def test_markers_times_lines_need_not_fit_into_memory(tmp_path):
    """20,000 markers and 100,000 lines of a number each would be 48 GB."""
    path = write_trc(tmp_path / 'walk.trc', markers(people()))
    lines = path.read_text().splitlines()[:5]
    lines[3] += '\t' + '\t\t\t'.join(f'm{n}' for n in range(20_000))
    path.write_text('\n'.join(lines + ['1\t0'] * 100_000))
    with fails(FileFormatError, code='wrong-shape', file=path):
        read_bank(path)


def test_huge_numbers_are_not_seen_and_separators_refused(tmp_path):
    path = write_trc(tmp_path / 'walk.trc', markers(people()))
    text = path.read_text()
    first = text.splitlines()[6].split('\t')[2]
    path.write_text(text.replace(first, '1e300', 1))
    assert np.isnan(read_trc(path)[1][0, 0]).any()
    path.write_text(text.replace(first, '1_0', 1))
    with fails(FileFormatError, code='file-format', file=path, expected='numbers'):
        read_trc(path)
