"""Entries of JSON calibrations that break their schema, or make no camera."""

import copy

import jsonschema
import numpy as np
import pytest
from calibration_rigs import ring_rig, save, written
from refusals import refused

from mmpose_ours.calibration import read_rig
from mmpose_ours.calibration.parsing.schema import schema_file
from mmpose_ours.io.json_schema import format_place, load_schema

MISSING = object()


@pytest.fixture
def good(tmp_path):
    """Parsed files of both formats."""
    return {name: written(ring_rig(), tmp_path, name) for name in ('panoptic', 'campus')}


def changed(data, place, value):
    data = copy.deepcopy(data)
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    if value is MISSING:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return data


@pytest.mark.parametrize(
    ('place', 'value', 'code', 'found', 'expected'),
    [
        (('cameras', 2, 'K', 0, 1), 'a', 'file-format', 'a', 'a number'),
        (('cameras', 1, 't', 1), [1, 2], 'wrong-shape', 2, '1'),
        (('cameras', 1, 't'), [1, 2], 'wrong-shape', 2, '3 (translation in centimetres'),
        (('cameras', 1, 'R', 1), None, 'file-format', None, 'a list'),
        (('cameras', 0, 'distCoef'), [0] * 8, 'wrong-shape', 8, '5'),
        (('cameras', 3, 'resolution', 0), 0, 'out-of-range', 0, 'at least 1'),
        (('cameras', 3, 'resolution', 1), 7.5, 'file-format', 7.5, 'a whole number'),
        (('cameras', 0, 'name'), '', 'file-format', '', 'a name'),
        (('cameras', 0, 'name'), True, 'file-format', True, 'a text'),
        (('cameras', 1), 5, 'file-format', 5, 'an object'),
        (('cameras', 0, 'R', 0, 0), float('-inf'), 'not-finite', float('-inf'), 'a finite number'),
        (('cameras', 0, 'K', 0, 0), 1e300, 'out-of-range', 1e300, 'a finite number'),
    ],
)
def test_broken_panoptic_entry(good, tmp_path, place, value, code, found, expected):
    path = save(changed(good['panoptic'], place, value), tmp_path)
    with refused(path, code=code, place=format_place(place), found=found) as caught:
        read_rig(path)
    assert caught.value.expected.startswith(expected)
    if len(place) > 2 and 'name' not in place:
        assert caught.value.camera == f'cam{place[1]}'


@pytest.mark.parametrize(
    ('place', 'value', 'fields'),
    [
        (
            ('cameras', 0, 'distCoef'),
            MISSING,
            dict(code='missing-value', camera='cam0', place='cameras[0]'),
        ),
        (
            ('cameras', 0, 'R', 0, 0),
            float('nan'),
            dict(code='not-finite', camera='cam0', place='cameras[0].R[0][0]'),
        ),
        (('cameras', 1, 'name'), 'cam0', dict(code='duplicate', camera='cam0')),
        (('cameras', 1, 'R', 0, 0), 3, dict(code='invalid-input', camera='cam1', place='')),
        (
            ('cameras', 1, 'R'),
            np.diag([1, 1, -1]).tolist(),
            dict(code='invalid-input', found=np.diag([1.0, 1, -1]).tolist()),
        ),
        (('cameras', 1, 'K', 2, 2), 0, dict(code='invalid-input', camera='cam1')),
        (
            ('cameras', 2, 'resolution'),
            [300, 700],
            dict(code='out-of-range', camera='cam2', expected=(300, 700)),
        ),
    ],
)
def test_impossible_panoptic_camera(good, tmp_path, place, value, fields):
    path = save(changed(good['panoptic'], place, value), tmp_path)
    with refused(path, **fields):
        read_rig(path)


@pytest.mark.parametrize(
    ('place', 'value', 'fields', 'expected'),
    [
        (('cam1', 'fx'), 0, dict(code='out-of-range', place='cam1.fx', found=0), 'more than 0'),
        (('cam1', 'fx'), '900', dict(code='file-format', place='cam1.fx', found='900'), 'a number'),
        (('cam1', 'T'), MISSING, dict(code='missing-value', place='cam1'), "'T' (camera centre"),
        (('cam1', 'T', 2), [None], dict(code='file-format', place='cam1.T[2][0]'), 'a number'),
        (('cam1', 'height'), MISSING, dict(code='missing-value', place='cam1'), "'height' (image"),
        (('cam1', 'k'), [0, 0], dict(code='wrong-shape', place='cam1.k', found=2), '3'),
    ],
)
def test_broken_campus_entry(good, tmp_path, place, value, fields, expected):
    path = save(changed(good['campus'], place, value), tmp_path)
    with refused(path, camera='cam1', **fields) as caught:
        read_rig(path)
    assert caught.value.expected.startswith(expected)


def test_impossible_campus_camera(good, tmp_path):
    path = save(changed(good['campus'], ('cam1', 'cx'), 5000), tmp_path)
    with refused(path, code='out-of-range', camera='cam1', expected=(1280, 720)):
        read_rig(path)
    path = save(changed(good['campus'], ('cam2',), []), tmp_path)
    with refused(path, code='file-format', camera='cam2', found=[], expected='an object'):
        read_rig(path)


@pytest.mark.parametrize('format', ['panoptic', 'campus'])
def test_schemas_are_valid_complete_and_documented(good, format):
    schema = load_schema(schema_file(format))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema['$schema'] == 'https://json-schema.org/draft/2020-12/schema'
    assert schema['$id'] == f'urn:mmpose-ours:schema:calibration:{format}'
    jsonschema.validate(good[format], schema)
    fields = dict(schema.get('properties', {}), **schema['$defs']['camera']['properties'])
    for name, field in {**fields, **schema['$defs'], '(file)': schema}.items():
        assert field['title'] and field['description'], name
    camera = good[format]['cam0'] if format == 'campus' else good[format]['cameras'][0]
    assert set(camera) <= set(fields), 'what we write is documented'
