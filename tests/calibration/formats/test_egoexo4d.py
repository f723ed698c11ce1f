"""Ego-Exo4D's gopro_calibs.csv against Project Aria's own reader and projection."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.datasets import egoexo4d
from mmpose_ours.calibration.parsing.source import Source

# core/mps/test/TestStaticCameraCalibration.cpp of projectaria_tools, leading space and all.
HEAD = (
    'cam_uid,graph_uid,tx_world_cam,ty_world_cam,tz_world_cam,qx_world_cam,qy_world_cam,'
    'qz_world_cam,qw_world_cam,image_width,image_height,intrinsics_type,intrinsics_0,intrinsics_1,'
    'intrinsics_2,intrinsics_3,intrinsics_4,intrinsics_5,intrinsics_6,intrinsics_7,'
    'start_frame_idx,end_frame_idx,quality'
)
ROW = (
    ' cam01,40084458-f219-16ca-0c3c-8bd94ee06e6c,1.691723,0.545741,-0.116511,-0.437056,-0.661141,'
    '0.501553,0.346871,3840,2160,KANNALABRANDTK3,1761.275757,1761.275757,1920.000000,1080.000000,'
    '0.036902,0.057131,-0.057154,0.018458,-1,-1,1'
)
# What projectaria_tools 1.x gives for it: mps.read_static_camera_calibrations, and where its
# CameraCalibration of KANNALA_BRANDT_K3 projects the point (0.3, -0.4, 2) m of the camera.
T_WORLD_CAM = [
    [-0.37732529, 0.22996284, -0.89707453, 1.691723],
    [0.92585941, 0.11485352, -0.3599903, 0.545741],
    [0.02024778, -0.96639835, -0.2562504, -0.116511],
]
POINT_W, PIXEL = (-0.30760879, 0.05757681, -0.23637812), (2179.50844634, 733.98873821)


def table(folder, *rows, head=HEAD):
    path = folder / 'gopro_calibs.csv'
    path.write_text('\n'.join([head, *rows]) + '\n')
    return path


def test_project_arias_numbers(tmp_path):
    path = table(tmp_path, ROW)
    assert recognise_format(path)[0] == 'egoexo4d'
    camera = egoexo4d.read(Source(path)).rig['cam01']
    assert (camera.size, camera.lens) == ((3840, 2160), 'fisheye')
    np.testing.assert_allclose(camera.R_w2c.T, np.array(T_WORLD_CAM)[:, :3], atol=1e-7)
    np.testing.assert_allclose(camera.center_w, np.array(T_WORLD_CAM)[:, 3])
    uv, valid = camera.project(POINT_W)
    assert valid
    np.testing.assert_allclose(uv, PIXEL, atol=1e-3)
    read = read_calibration(path)
    assert (read.unit, read.up) == ('m', 'z')
    np.testing.assert_allclose(read.rig['cam01'].project(np.multiply(POINT_W, 1000))[0], PIXEL,
                               atol=1e-3)  # fmt: skip


def second(name='cam02', tail='-1,-1,1', world='40084458-f219-16ca-0c3c-8bd94ee06e6c'):
    return ROW.replace('cam01', name).replace('1.691723', '4.2').replace('-1,-1,1', tail).replace(
        '40084458-f219-16ca-0c3c-8bd94ee06e6c', world
    )  # fmt: skip


def test_bad_cameras_and_those_that_move(tmp_path):
    rows = [ROW, second(), second('cam03', '-1,-1,0'), second('cam04', '10,500,-1')]
    reading = egoexo4d.read(Source(table(tmp_path, *rows, '')))
    assert reading.rig.names == ('cam01', 'cam02', 'cam04')
    assert reading.uncalibrated == ('cam03',)
    (note,) = reading.notes
    assert "'cam04'" in note and '10 to 500' in note
    with fails(CalibrationError, code='no-data', found=['cam03']):
        egoexo4d.read(Source(table(tmp_path, rows[2])))


def test_variants(tmp_path):
    # Without the later columns, in another order, with more, quoted, and a path for a name
    columns, values = HEAD.split(',')[:20], ROW.split(',')[:20]
    order = np.random.default_rng(0).permutation(20)
    head = ','.join(['extra', *(f'"{columns[i]}"' for i in order)])
    row = ','.join(['x', *(values[i] for i in order)]).replace('cam01', 'videos/gp01.mp4')
    path = table(tmp_path, row, head=head)
    assert recognise_format(path)[0] == 'egoexo4d'
    assert egoexo4d.read(Source(path)).rig.names == ('gp01',)
    dotted = table(tmp_path, ROW.replace('cam01', 'cam.01'))
    assert egoexo4d.read(Source(dotted)).rig.names == ('cam.01',)
    assert len(read_rig(table(tmp_path, ROW, second()))) == 2


@pytest.mark.parametrize(
    ('rows', 'fields'),
    [
        ([ROW, second(world='other')], dict(code='ambiguous')),
        ([ROW, ROW], dict(code='duplicate', camera='cam01')),
        ([], dict(code='no-data')),
        (
            [ROW.replace('KANNALABRANDTK3', 'FISHEYE624')],
            dict(code='cannot-express', camera='cam01', found='FISHEYE624'),
        ),
        (
            [ROW.replace('1.691723', 'x')],
            dict(code='file-format', camera='cam01', place='[2].tx_world_cam', found='x'),
        ),
        ([ROW.replace('1.691723', '')], dict(code='missing-value', expected='tx_world_cam')),
        ([ROW.replace('3840', '12.5')], dict(code='out-of-range', camera='cam01')),
        ([ROW.replace('0.346871', '3')], dict(code='out-of-range', place='[2].qw_world_cam')),
        ([ROW[:60]], dict(code='missing-value', camera='cam01')),
    ],
)
def test_broken_values(tmp_path, rows, fields):
    with fails(CalibrationError, **fields):
        egoexo4d.read(Source(table(tmp_path, *rows)))
