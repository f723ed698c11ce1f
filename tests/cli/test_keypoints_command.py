import numpy as np
from dataset_files import small_rig, write_ours

from mmpose_ours.cli import main as cli
from mmpose_ours.detections import read_detections, write_detections


def test_a_folder_becomes_a_file_with_a_table(tmp_path, capsys):
    write_ours(tmp_path / 'Ours', images=False)
    out = tmp_path / 'k.npz'
    argv = ['keypoints', str(tmp_path / 'Ours' / 'keypoints_2d.json'), str(out)]
    rig = ['--camera-param-file', str(tmp_path / 'Ours' / 'camera_parameters.json')]
    assert cli.main([*argv, *rig, '--cameras', 'gate_2', 'left']) == 0
    printed = capsys.readouterr()
    assert "json, recognised by the key 'frames'" in printed.out
    assert 'left         3       6     2' in printed.out
    assert 'warning' in printed.err and 'right left out' in printed.err
    read = read_detections(out)
    assert len(read) == 3 and set(read['000007']) == {'gate_2', 'left'}
    source = read_detections(tmp_path / 'Ours' / 'keypoints_2d.json')
    np.testing.assert_array_equal(read['000008']['left'], source['000008']['left'])


def test_pixels_of_another_size_and_foreign_cameras_are_reported(tmp_path, capsys):
    write_ours(tmp_path, images=False)
    source = tmp_path / 'keypoints_2d.json'
    argv = ['keypoints', str(source), str(tmp_path / 'k.json')]
    rig = ['--camera-param-file', str(tmp_path / 'camera_parameters.json')]
    larger = {
        frame: {camera: people * (6, 6, 1) for camera, people in views.items()}
        for frame, views in read_detections(source).items()
    }
    write_detections(source, larger)
    assert cli.main([*argv, *rig]) == 2
    assert 'outside its 320x240 image' in capsys.readouterr().err
    assert cli.main([*argv, '--cameras', 'left', 'roof']) == 2
    known = ', '.join(sorted(small_rig().names))
    assert f"no keypoints of camera 'roof'; it has {known}" in capsys.readouterr().err
    assert not (tmp_path / 'k.json').exists()


def test_the_file_stays_outside_of_the_folder_that_is_read(tmp_path, capsys):
    assert cli.main(['keypoints', str(tmp_path), str(tmp_path / 'k.json')]) == 2
    assert 'lies in the folder that is read' in capsys.readouterr().err
