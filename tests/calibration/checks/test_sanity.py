"""Which problems of a rig are fatal is the caller's to say."""

import dataclasses

import numpy as np
from calibration_rigs import ring_rig
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.checks.sanity import (
    OF_GEOMETRY,
    OF_IMAGES,
    OF_SCALE,
    TOPICS,
    around_people,
    refuse,
)
from mmpose_ours.geometry.rig import CameraRig


def small():
    return ring_rig().in_world(np.eye(3), 1e-3)


def test_topics_are_those_there_are():
    assert set(TOPICS) == {*OF_GEOMETRY, *OF_SCALE} and set(OF_IMAGES) < set(TOPICS)


def test_what_is_not_fatal_is_handed_back():
    others = refuse(small(), 'rig.json', 'mm', OF_IMAGES)
    assert [problem.topic for problem in others] == ['unit']
    assert refuse(ring_rig(), 'rig.json', 'mm', TOPICS) == []


def test_what_is_fatal_names_the_file_and_what_to_do():
    limits = (300.0, 300_000.0)
    with fails(CalibrationError, code='out-of-range', file='rig.json', expected=limits) as caught:
        refuse(small(), 'rig.json', 'mm', TOPICS, more='see there')
    message = str(caught.value)
    assert message.startswith('rig.json: cameras') and message.endswith('; see there')
    assert 'multiply the translations (or camera centres) by 1000, or' in message
    camera = ring_rig().cameras[0]
    one_place = CameraRig(tuple(dataclasses.replace(camera, name=name) for name in 'ab'))
    assert [p.topic for p in refuse(one_place, None, 'mm', OF_IMAGES)] == ['place']
    with fails(CalibrationError, code='no-data', found=0.0) as caught:
        refuse(one_place, None, 'mm', OF_GEOMETRY)
    assert caught.value.file is None and str(caught.value).startswith('all cameras, ')


def test_around_people():
    assert around_people(ring_rig()) and not around_people(small())
