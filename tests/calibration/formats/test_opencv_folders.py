"""Folders of OpenCV's files: OpenPose's, and intrinsics and poses in files of their own."""

import cv2
import numpy as np
import pytest
from calibration_rigs import ring_rig
from case_rigs import assert_same_cameras, case_folder, true_rig
from errors import fails
from tool_rigs import DISTS, assert_same_pixels, changed, storage

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats.opencv import file_storage as opencv_format
from mmpose_ours.calibration.formats.opencv.file_pairs import join_files
from mmpose_ours.calibration.parsing.node import Node
from mmpose_ours.calibration.parsing.source import Source

RIG = changed(ring_rig(count=3), dist=DISTS[5], size=None)


def lens(camera):
    return {'camera_matrix': camera.K, 'distortion_coefficients': camera.dist.reshape(1, -1)}


def vectors(camera):
    rvec = cv2.Rodrigues(camera.R_w2c)[0]
    return {'rvec': rvec, 'tvec': camera.t_w2c.reshape(3, 1)}


def openpose(camera, coefficients=8):
    """As OpenPose's cameraParameterReader writes it."""
    dist = np.zeros((coefficients, 1))
    dist[: len(camera.dist), 0] = camera.dist
    pose = np.hstack([camera.R_w2c, camera.t_w2c.reshape(3, 1)])
    return {'CameraMatrix': pose, 'Intrinsics': camera.K, 'Distortion': dist}


def put(folder, layout, rig, values, ending='xml'):
    for camera in rig:
        path = folder / f'{layout.format(camera.name)}.{ending}'
        path.parent.mkdir(parents=True, exist_ok=True)
        storage(path, values(camera))


def read(*paths):
    return opencv_format.read(Source(list(paths) if len(paths) > 1 else paths[0]))


@pytest.mark.parametrize('ending', ['xml', 'yml'])
@pytest.mark.parametrize('coefficients', [5, 8])
def test_openposes_camera_matrix_is_the_pose(tmp_path, ending, coefficients):
    put(tmp_path, '{}', RIG, lambda camera: openpose(camera, coefficients), ending)
    assert recognise_format(tmp_path)[0] == 'opencv'
    assert_same_pixels(RIG, read(tmp_path).rig)


def test_openposes_initial_pose_is_not_used(tmp_path):
    put(tmp_path, '{}', RIG, lambda c: {'CameraMatrixInitial': np.eye(3, 4), **openpose(c)})
    assert_same_pixels(RIG, read(tmp_path).rig)


def test_a_camera_matrix_of_three_columns_is_still_k(tmp_path):
    put(tmp_path, '{}', RIG, lambda c: {
        'CameraMatrix': c.K, 'D': c.dist.reshape(1, -1), 'R': c.R_w2c, 'T': c.t_w2c
    })  # fmt: skip
    assert_same_pixels(RIG, read(tmp_path).rig)


def test_openpose_without_intrinsics_is_not_calibrated(tmp_path):
    put(tmp_path, '{}', RIG, openpose)
    values = openpose(RIG.cameras[1])
    storage(tmp_path / f'{RIG.names[1]}.xml', {'CameraMatrix': values['CameraMatrix']})
    reading = read(tmp_path)
    assert reading.uncalibrated == (RIG.names[1],)
    assert len(reading.rig) == 2


def test_openpose_of_the_reported_case(shared_data):
    case = case_folder(shared_data, '11-openpose-3d-xml')
    rig = read_rig(case / 'input/openpose', unit='m', up='z')
    assert rig.names == ('cam1', 'cam2', 'cam3', 'cam4')
    assert_same_cameras(rig, true_rig(case), sizes=False)


@pytest.mark.parametrize(
    ('lenses', 'poses'),
    [
        ('intr_{}', 'extr_{}'),
        ('intrinsic/intr_{}', 'extrinsic/extr_{}'),
        ('intrinsic/{}', 'extrinsic/{}'),
        ('{}_intrinsics', '{}_extrinsics'),
        ('{}-Intrinsic', '{}-Extrinsic'),
        ('{}/intrinsics', '{}/extrinsics'),
        ('{}/intri', '{}/extri'),
        ('K_{}', 'RT_{}'),
        ('{}_K', '{}_pose'),
    ],
)
def test_files_of_intrinsics_and_poses_are_joined_by_their_names(tmp_path, lenses, poses):
    put(tmp_path, lenses, RIG, lens)
    put(tmp_path, poses, RIG, vectors)
    assert recognise_format(tmp_path)[0] == 'opencv'
    reading = read(tmp_path)
    assert_same_pixels(RIG, reading.rig)
    assert reading.uncalibrated == ()


def test_folders_of_each_kind_may_be_named(tmp_path):
    put(tmp_path, 'intrinsic_zero/intr_{}', RIG, lens)
    put(tmp_path, 'intrinsic_original/intr_{}', RIG, lens)
    put(tmp_path, 'extrinsic/extr_{}', RIG, vectors)
    assert_same_pixels(RIG, read(tmp_path / 'intrinsic_zero', tmp_path / 'extrinsic').rig)
    name = RIG.names[0]
    found = [str(tmp_path / f'intrinsic_{kind}/intr_{name}.xml') for kind in ('original', 'zero')]
    with fails(CalibrationError, code='ambiguous', camera=name, file=tmp_path, found=found):
        read(tmp_path)


def test_poses_as_plain_numbers(tmp_path):
    """As WILDTRACK has them, without OpenCV's matrix around."""
    put(tmp_path, 'intr_{}', RIG, lens)
    for camera in RIG:
        rvec, tvec = (' '.join(map(repr, v.ravel().tolist())) for v in vectors(camera).values())
        (tmp_path / f'extr_{camera.name}.xml').write_text(
            '<?xml version="1.0"?>\n<opencv_storage>\n'
            f'<rvec>\n  {rvec}</rvec>\n<tvec>\n  {tvec}</tvec>\n</opencv_storage>\n'
        )
    assert recognise_format(tmp_path)[0] == 'opencv'
    assert_same_pixels(RIG, read(tmp_path).rig)


def test_a_camera_with_one_of_its_files_is_not_calibrated(tmp_path):
    put(tmp_path, 'intr_{}', RIG.select(RIG.names[:2]), lens)
    put(tmp_path, 'extr_{}', RIG.select(RIG.names[1:]), vectors)
    reading = read(tmp_path)
    assert reading.rig.names == RIG.names[1:2]
    assert reading.uncalibrated == (RIG.names[0], RIG.names[2])


def test_whole_cameras_may_stand_beside_pairs(tmp_path):
    first, *others = RIG
    put(tmp_path, '{}', [first], lambda camera: {**lens(camera), **vectors(camera)})
    put(tmp_path, 'intr_{}', others, lens)
    put(tmp_path, 'extr_{}', others, vectors)
    assert_same_pixels(RIG, read(tmp_path).rig)


def test_poses_alone_are_no_calibration(tmp_path):
    put(tmp_path, 'extr_{}', RIG, vectors)
    with fails(CalibrationError, code='file-format', file=tmp_path):
        recognise_format(tmp_path)


@pytest.mark.parametrize(
    ('lenses', 'poses', 'names'),
    [
        (['intr_CVLab1', 'intr_IDIAP2'], ['extr_CVLab1', 'extr_IDIAP2'], ['CVLab1', 'IDIAP2']),
        (['cam1Intrinsics'], ['cam1Extrinsics'], ['cam1']),
        (['intrinsics_01', 'intrinsics_02'], ['extrinsics_01', 'extrinsics_02'], ['01', '02']),
        (['introspective'], ['introspective'], ['introspective']),
    ],
)
def test_names_are_without_the_word_for_the_kind(lenses, poses, names):
    nodes = [[Node({}, f'{stem}.xml') for stem in stems] for stems in (lenses, poses)]
    joined = join_files(*nodes, 'x')
    assert joined == [(name, *pair) for name, *pair in zip(names, *nodes)]


@pytest.mark.parametrize('folder', ['multiviewx', 'multiviewx_tree'])
def test_multiviewx(shared_data, folder):
    """Against cv2.FileStorage."""
    path = case_folder(shared_data, '21-wildtrack-multiviewx-xml') / 'input' / folder
    rig = read_rig(path, unit='m', up='z')
    assert rig.names == tuple(f'Camera{number}' for number in range(1, 7))
    for camera in rig:
        files = {
            kind: cv2.FileStorage(str(next(path.rglob(f'{kind}_{camera.name}.xml'))), 0)
            for kind in ('intr', 'extr')
        }
        np.testing.assert_array_equal(camera.K, files['intr'].getNode('camera_matrix').mat())
        dist = files['intr'].getNode('distortion_coefficients').mat()
        np.testing.assert_array_equal(camera.dist, dist.ravel())
        rvec, tvec = (files['extr'].getNode(key).mat() for key in ('rvec', 'tvec'))
        np.testing.assert_allclose(camera.R_w2c, cv2.Rodrigues(rvec)[0], atol=1e-12)
        np.testing.assert_allclose(camera.t_w2c, tvec.ravel() * 1000, rtol=1e-12)
