"""bodypose3d's text files against those that come with it and its projection matrix."""

import numpy as np
import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format
from mmpose_ours.calibration.formats import bodypose3d
from mmpose_ours.calibration.parsing.source import Source

# camera_parameters of https://github.com/TemugeB/bodypose3d.
C0 = """intrinsic:
900.4857632254283 0.0 366.8661146698476
0.0 902.6176551471326 363.7146796254499
0.0 0.0 1.0
distortion:
-0.04074323275039075 1.3719603634486155 -0.002781901850148 0.0011755031235694 -5.637775169623254
"""
ROT_TRANS_C0 = """R:
0.03522596169240533 0.9989186047045775 -0.030343908744683592
-0.9954114357284269 0.0323669499742608 -0.09004695536460891
-0.08896743923434776 0.03337666436934931 0.9954751594247135
T:
-3.7714497419971353
0.5952700116552851
14.753837487029038
"""
ROT_TRANS_C1 = """R:
0.01862128  0.72598112  0.68746248
-0.99830361 -0.02443645  0.05284666
0.05516482 -0.68728034  0.72429454
T:
-8.97548292
1.56690522
22.88471505
"""
NAMES = ('c0.dat', 'rot_trans_c0.dat', 'c1.dat', 'rot_trans_c1.dat')
STEREO = ('camera0_intrinsics.dat', 'camera0_rot_trans.dat', 'camera1_intrinsics.dat',
          'camera1_rot_trans.dat')  # fmt: skip


def folder(tmp_path, names=NAMES, lens=C0, pose=ROT_TRANS_C0):
    for name, text in zip(names, (lens, pose, C0, ROT_TRANS_C1)):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(('names', 'cameras'), [(NAMES, ('c0', 'c1')),
                                               (STEREO, ('camera0', 'camera1'))])  # fmt: skip
def test_its_own_files(tmp_path, names, cameras):
    path = folder(tmp_path, names)
    assert recognise_format(path)[0] == 'bodypose3d'
    rig = bodypose3d.read(Source(path)).rig
    assert rig.names == cameras
    camera = rig.cameras[0]
    assert camera.size is None
    np.testing.assert_array_equal(camera.dist[-1:], [-5.637775169623254])
    # get_projection_matrix of its utils.py: cmtx [R | T], which leaves the distortion out
    R = np.array(ROT_TRANS_C0.split()[1:10], dtype=float).reshape(3, 3)
    T = np.array(ROT_TRANS_C0.split()[11:], dtype=float)
    x = R @ [1, 2, 3] + T
    np.testing.assert_allclose(camera.to_camera([1, 2, 3]), x)
    assert read_rig(path, unit='m', up='-y', image_size=(720, 720)).names == cameras


def test_spellings(tmp_path):
    # The tool leaves a space at the end of each line
    lens = C0.replace('\n', ' \r\n').replace('distortion:', 'distortion: ')
    pose = ROT_TRANS_C0.replace('T:\n-3.7714497419971353\n0.5952700116552851\n', 'T: -3 0.5 ')
    camera = bodypose3d.read(Source(folder(tmp_path, lens=lens, pose=pose))).rig['c0']
    np.testing.assert_array_equal(camera.t_w2c, (-3, 0.5, 14.753837487029038))


def test_files_that_lack_the_other_and_other_files(tmp_path):
    path = folder(tmp_path)
    (path / 'c2.dat').write_text(C0)
    (path / 'readme.txt').write_text('T: is the translation\n')
    (path / 'kpts_3d.dat').write_text('1 2 3\n4 5 6\n')
    (path / 'settings.yaml').write_text('camera0: 4\nframe_width: 1280\n')
    reading = bodypose3d.read(Source(path))
    assert reading.rig.names == ('c0', 'c1')
    assert reading.uncalibrated == ('c2',)
    for name in ('rot_trans_c0.dat', 'rot_trans_c1.dat'):
        (path / name).unlink()
    assert bodypose3d.recognise(Source(path)) == ''
    with fails(CalibrationError, code='no-data', found=['c0', 'c1', 'c2']):
        bodypose3d.read(Source(path))


def test_two_worlds_are_ambiguous(tmp_path):
    path = folder(tmp_path, STEREO)
    (path / 'world_to_camera0_rot_trans.dat').write_text(ROT_TRANS_C1)
    with fails(CalibrationError, code='ambiguous', camera='camera0') as caught:
        bodypose3d.read(Source(path))
    assert [p.rpartition('/')[2] for p in caught.value.found] == [
        'camera0_rot_trans.dat',
        'world_to_camera0_rot_trans.dat',
    ]


@pytest.mark.parametrize(
    ('old', 'new', 'fields'),
    [
        ('900.4857632254283', 'x', dict(code='file-format', camera='c0', place='intrinsic[0]')),
        ('900.4857632254283', 'nan', dict(code='not-finite', place='intrinsic[0]')),
        ('900.4857632254283', '', dict(code='wrong-shape', place='intrinsic', found=8)),
        ('-5.637775169623254', '1 2', dict(code='wrong-shape', place='distortion', found=6)),
        ('14.753837487029038', '', dict(code='wrong-shape', place='T', found=2)),
        ('0.9989186047045775', '0.5', dict(code='invalid-input', camera='c0')),
    ],
)
def test_broken_values(tmp_path, old, new, fields):
    path = folder(tmp_path, lens=C0.replace(old, new), pose=ROT_TRANS_C0.replace(old, new))
    with fails(CalibrationError, **fields):
        bodypose3d.read(Source(path))
