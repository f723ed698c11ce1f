"""The people that the commands read which adjust a rig by them."""

import argparse

import numpy as np
from walking import detected, room_rig, walk

from mmpose_ours.cli.people_input import add_people, figures_of, read_people
from mmpose_ours.detections import write_detections
from mmpose_ours.io.limits import limits
from mmpose_ours.self_calibration.calibration import CalibratedCamera


def arguments(path):
    parser = argparse.ArgumentParser()
    add_people(parser)
    return parser.parse_args(['--keypoints', str(path)])


def test_of_a_crowd_the_surest_are_read(tmp_path, capsys):
    rig = room_rig(3)
    views = {name: people[:1] for name, people in detected(rig, walk(frames=1))[0].items()}
    most, crowded = limits().compared_per_view, rig.names[0]
    crowd = np.repeat(views[crowded], most + 20, axis=0)
    crowd[:, :, 2] = np.linspace(0.1, 1.0, len(crowd))[:, None]
    write_detections(tmp_path / 'keypoints.json', {'0': {**views, crowded: crowd}})
    keypoints, people = read_people(arguments(tmp_path / 'keypoints.json'), rig)
    assert len(keypoints['0'][crowded]) == most
    np.testing.assert_allclose(people['0'][crowded][:, :, 2], crowd[20:, :, 2], atol=1e-3)
    for name in rig.names[1:]:
        assert people['0'][name].shape == (1, 17, 3)
    assert crowded in ''.join(capsys.readouterr())


def test_what_is_unknown_is_none():
    camera = CalibratedCamera('a', 0.2, float('inf'), 5, 3.0, 2.0, matched=float('nan'))
    figures = figures_of(camera)
    assert figures['name'] == 'a' and figures['uncertain'] is camera.uncertain
    assert list(figures.values()).count(None) == 2
