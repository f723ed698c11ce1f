"""COLMAP models against pycolmap, hand-made files and a real reconstruction."""

import shutil
import struct

import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from tool_rigs import changed

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration import colmap as colmap_format
from mmpose_ours.calibration.colmap_models import MODELS
from mmpose_ours.calibration.formats import read_calibration
from mmpose_ours.calibration.source import Source
from mmpose_ours.cameras import CameraRig

WORLD = {'unit': 'm', 'up': 'z'}
CAMERAS = '1 PINHOLE 640 480 500 510 320.5 240.5\n2 SIMPLE_RADIAL 640 480 400 320.5 240.5 -0.1\n'
IMAGES = '7 1 0 0 0 0 0 0 1 a.jpg\n\n9 0 0 0 1 1 2 3 2 b.jpg\n100.5 20 -1 30 40 12\n'
RIGS = '1 2 CAMERA 1 CAMERA 2 1 0.8 0 0 0.6 1 2 3\n'
FRAMES = (
    '1 1 0.8 0 0.6 0 1 0 0 2 CAMERA 1 1 CAMERA 2 2\n2 1 0.8 0 0.6 0 5 0 0 2 CAMERA 1 3 CAMERA 2 4\n'
)
RIG_IMAGES = ''.join(
    f'{id} 1 0 0 0 0 0 0 {camera} cam{camera}/{frame:03d}.jpg\n\n'
    for id, camera, frame in ((1, 1, 0), (2, 2, 0), (3, 1, 1), (4, 2, 1))
)
# Coefficients that keep people's rays well inside each lens
LENSES = {
    'none': ('opencv', ()),
    'k1': ('opencv', (-0.1, 0, 0, 0)),
    'k1 k2': ('opencv', (-0.1, 0.02, 0, 0)),
    'opencv': ('opencv', (-0.1, 0.02, 0.001, -0.002)),
    'k3': ('opencv', (-0.1, 0.02, 0.001, -0.002, 0.01)),
    'rational': ('opencv', (-0.1, 0.02, 0.001, -0.002, 0.01, 0.02, 0.01, 0.001)),
    'fisheye0': ('fisheye', (0, 0, 0, 0)),
    'fisheye': ('fisheye', (0.02, -0.01, 0.003, -0.001)),
    'fov': ('fov', (0.7,)),
    'division': ('division', (-0.05,)),
    'eucm': ('eucm', (0.6, 1.1)),
    'thin': ('thin_prism_fisheye', (0.02, -0.01, 1e-3, 2e-3, 0.003, -0.001, 1e-3, -1e-3)),
    'rad_tan': (
        'rad_tan_thin_prism_fisheye',
        (0.02, -0.01, 0.003, 1e-3, 1e-4, 1e-5, 1e-3, 2e-3, 1e-3, -1e-3, 5e-4, -5e-4),
    ),
}


def pycolmap():
    return pytest.importorskip('pycolmap', reason='pycolmap, the oracle here, is not installed')


def model(folder, cameras=CAMERAS, images=IMAGES, **others):
    folder.mkdir(exist_ok=True)
    for name, text in {'cameras': cameras, 'images': images, **others}.items():
        (folder / f'{name}.txt').write_text(text)
    return folder


def read(path):
    return colmap_format.read(Source(path))


def in_metres(rig):
    return rig.in_world(np.eye(3), 1e-3)


def same_pixels(rig, other, names=True):
    assert not names or rig.names == other.names
    before, valid = rig.project(people_points())
    after, still = other.project(people_points())
    assert valid.mean() > 0.9
    np.testing.assert_array_equal(valid, still)
    assert np.abs(after - before)[valid].max() < 1e-6


def test_by_hand(tmp_path):
    path = model(tmp_path / 'm')
    assert recognise_format(path) == ('colmap', 'a text list of cameras')
    reading = read(path)
    a, b = reading.rig
    assert (a.name, b.name, a.size) == ('a.jpg', 'b.jpg', (640, 480))
    # The middle of 640 pixels is 320 from the corner, 319.5 from the first centre.
    np.testing.assert_array_equal(a.K, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(b.K, [[400, 0, 320], [0, 400, 240], [0, 0, 1]])
    np.testing.assert_array_equal(b.dist, (-0.1, 0, 0, 0))
    # Half a turn about z, w first: x and y change sign.
    np.testing.assert_allclose(b.to_camera([10, 20, 30]), (-9, -18, 33), atol=1e-12)
    assert reading.uncalibrated == () and reading.notes == ()


def test_unit_and_axis_must_be_told(tmp_path):
    path = model(tmp_path / 'm')
    with pytest.raises(CalibrationError, match='colmap files do not say the unit.*--unit'):
        read_rig(path)
    with pytest.raises(CalibrationError, match='colmap files do not say the up axis.*--up'):
        read_rig(path, unit='m')


@pytest.mark.parametrize('name', MODELS)
def test_every_camera_model_projects_as_in_pycolmap(tmp_path, name):
    oracle, camera_model = pycolmap(), MODELS[name]
    rng = np.random.default_rng(3)
    params = [500.0, 510.0][: camera_model.focals] + [320.5, 240.5]
    params += list(rng.uniform(-0.02, 0.02, camera_model.coefficients))
    params = {'FOV': [*params[:4], 0.7], 'EUCM': [*params[:4], 0.6, 1.1]}.get(name, params)
    theirs = oracle.Camera(model=name, width=640, height=480, params=params[: camera_model.length])
    line = f'1 {name} 640 480 {" ".join(map(repr, params))}\n'
    path = model(tmp_path / 'm', line, '1 1 0 0 0 0 0 0 1 a\n\n')
    if name == 'EQUIRECTANGULAR':
        path = model(tmp_path / 'm', '1 EQUIRECTANGULAR 640 320 640 320\n', '1 1 0 0 0 0 0 0 1 a')
        with pytest.raises(CalibrationError, match="camera 'a'.*EQUIRECTANGULAR is no lens"):
            read(path)
        return
    (camera,) = read(path).rig
    points = np.column_stack([rng.uniform(-0.6, 0.6, (500, 2)), np.ones(500)])
    uv, valid = camera.project(points)
    assert valid.all()
    np.testing.assert_allclose(uv + 0.5, theirs.img_from_cam(points), rtol=0, atol=1e-9)


@pytest.mark.parametrize('lens', LENSES)
@pytest.mark.parametrize('binary', [False, True])
def test_round_trip_and_pycolmap_agree(tmp_path, lens, binary):
    lens, dist = LENSES[lens]
    rig = changed(ring_rig(dist=()), lens=lens, dist=np.array(dist))
    write = colmap_format.write_binary if binary else colmap_format.write
    write(in_metres(rig), tmp_path / 'm')
    assert recognise_format(tmp_path / 'm')[0] == 'colmap'
    back = read_calibration(tmp_path / 'm', **WORLD).rig
    same_pixels(rig, back)
    for a, b in zip(rig, back):
        assert (a.size, a.lens) == (b.size, b.lens)
        np.testing.assert_array_equal(a.dist_full, b.dist_full)

    theirs = pycolmap().Reconstruction(tmp_path / 'm')
    points = people_points(200)
    for camera in rig:
        (image,) = (i for i in theirs.images.values() if i.name == camera.name)
        in_camera = points / 1000 @ image.cam_from_world().matrix()[:, :3].T
        in_camera += image.cam_from_world().matrix()[:, 3]
        uv, valid = camera.project(points)
        expected = theirs.cameras[image.camera_id].img_from_cam(in_camera)
        np.testing.assert_allclose((uv + 0.5)[valid], expected[valid], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ('lens', 'square', 'name'),
    [
        ('none', True, 'SIMPLE_PINHOLE'),
        ('none', False, 'PINHOLE'),
        ('k1', True, 'SIMPLE_RADIAL'),
        ('k1 k2', True, 'RADIAL'),
        ('k1', False, 'OPENCV'),
        ('k3', False, 'FULL_OPENCV'),
        ('fisheye', True, 'OPENCV_FISHEYE'),
        ('fisheye0', True, 'SIMPLE_RADIAL_FISHEYE'),  # SIMPLE_FISHEYE is too new for most
        ('division', True, 'SIMPLE_DIVISION'),
        ('eucm', False, 'EUCM'),
    ],
)
def test_the_smallest_model_is_written(tmp_path, lens, square, name):
    lens, dist = LENSES[lens]
    rig = changed(ring_rig(dist=()), lens=lens, dist=np.array(dist))
    if square:
        rig = changed(rig, K=np.array([[700, 0, 640], [0, 700, 360], [0, 0, 1]]))
    write_rig(rig, tmp_path / 'm', 'colmap')
    lines = (tmp_path / 'm' / 'cameras.txt').read_text().splitlines()
    assert lines[1].split()[1] == name


def test_pycolmaps_own_files_read_alike(tmp_path):
    oracle = pycolmap()
    write_rig(ring_rig(dist=(-0.1, 0.02, 0.001, -0.002)), tmp_path / 'm', 'colmap')
    theirs = oracle.Reconstruction(tmp_path / 'm')
    for kind in ('text', 'binary'):
        (tmp_path / kind).mkdir()
        getattr(theirs, f'write_{kind}')(tmp_path / kind)
    text, binary = (read_calibration(tmp_path / kind, **WORLD).rig for kind in ('text', 'binary'))
    assert set(text.names) == {'cam0', 'cam1', 'cam2', 'cam3'}
    same_pixels(text, binary)
    same_pixels(ring_rig(dist=(-0.1, 0.02, 0.001, -0.002)), text.select(ring_rig().names))


def test_roles_are_told_by_content(tmp_path):
    write_rig(ring_rig(dist=()), tmp_path / 'm', 'colmap')
    colmap_format.write_binary(in_metres(ring_rig(dist=())), tmp_path / 'b')
    for folder, ending in (('m', '.txt'), ('b', '.bin')):
        files = []
        for i, role in enumerate(('points3D', 'frames', 'rigs', 'images', 'cameras')):
            files.append(tmp_path / f'{folder}{i}.dat')
            shutil.copy(tmp_path / folder / f'{role}{ending}', files[-1])
        assert recognise_format(files)[0] == 'colmap'
        same_pixels(ring_rig(dist=()), read_calibration(files, **WORLD).rig)
        same_pixels(ring_rig(dist=()), read_calibration(files[3:], **WORLD).rig)
        with pytest.raises(CalibrationError, match='frame 1 is of rig 1.*name all files'):
            read([files[1], *files[3:]])


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    path = model(tmp_path / 'm')
    (path / 'project.ini').write_text('log_to_stderr=false\n')
    (path / 'cloud.ply').write_bytes(b'ply\nformat binary_little_endian 1.0\n' + bytes(500))
    (path / 'points3D.txt').write_text('1 0.5 0.5 0.5 10 20 30 0.5 7 0\n')
    assert read(path).rig.names == ('a.jpg', 'b.jpg')


def test_a_rigs_cameras_stand_as_in_its_first_frame(tmp_path):
    path = model(tmp_path / 'm', images=RIG_IMAGES, rigs=RIGS, frames=FRAMES, points3D='')
    reading = read(path)
    assert reading.rig.names == ('cam1', 'cam2')
    assert reading.notes == (
        'the cameras of rig 1 stand as in the first of its 2 frames (frame 1)',
    )
    theirs = pycolmap().Reconstruction(path)
    for camera, image_id in zip(reading.rig, (1, 2)):
        pose = theirs.images[image_id].cam_from_world().matrix()
        np.testing.assert_allclose(camera.R_w2c, pose[:, :3], atol=1e-12)
        np.testing.assert_allclose(camera.t_w2c, pose[:, 3], atol=1e-12)
    (tmp_path / 'b').mkdir()
    theirs.write_binary(tmp_path / 'b')
    binary = read(tmp_path / 'b')
    assert binary.notes == reading.notes and binary.rig.names == ('cam1', 'cam2')
    np.testing.assert_allclose(binary.rig.centers_w, reading.rig.centers_w, atol=1e-12)


def test_sensors_without_a_pose_and_cameras_without_images_are_uncalibrated(tmp_path):
    cameras = CAMERAS + '3 PINHOLE 640 480 500 510 320.5 240.5\n'
    assert read(model(tmp_path / 'm', cameras)).uncalibrated == ('3',)
    rigs = '1 3 CAMERA 1 IMU 8 0 CAMERA 2 0\n'
    path = model(tmp_path / 'r', cameras, RIG_IMAGES, rigs=rigs, frames=FRAMES)
    reading = read(path)
    assert reading.rig.names == ('cam1',)
    assert reading.uncalibrated == ('2', '3')


@pytest.mark.parametrize(
    ('images', 'names'),
    [
        (('cam1/000.jpg', 'cam2/000.jpg'), ('cam1', 'cam2')),
        (('site/cam1/000.jpg', 'site/cam2/000.jpg'), ('cam1', 'cam2')),
        (('all/a.jpg', 'all/b.jpg'), ('a.jpg', 'b.jpg')),
        (('x/a.jpg', 'b.jpg'), ('a.jpg', 'b.jpg')),
        (('c\\000.jpg', 'd\\000.jpg'), ('c', 'd')),
        (('my cam', 'other cam'), ('my cam', 'other cam')),
    ],
)
def test_names(tmp_path, images, names):
    text = IMAGES.replace('a.jpg', images[0]).replace('b.jpg', images[1])
    assert read(model(tmp_path / 'm', images=text)).rig.names == names


def test_names_that_do_not_tell_cameras_apart(tmp_path):
    path = model(tmp_path / 'm', images=RIG_IMAGES)
    with pytest.raises(
        CalibrationError, match=r"tell the cameras apart \('cam1/000.jpg'.*keep one"
    ):
        read(path)


def test_several_images_of_one_lens_are_noted(tmp_path):
    reading = read(model(tmp_path / 'm', images=IMAGES.replace(' 2 b', ' 1 b')))
    assert reading.notes == ('2 images are each a camera, though they share lenses',)
    assert reading.uncalibrated == ('2',)


def test_a_header_that_counts_other_images_is_noted(tmp_path):
    (note,) = read(model(tmp_path / 'm', images='# Number of images: 13, mean\n' + IMAGES)).notes
    assert 'its header counts 13 images, 2 are there' in note


def test_keypoints_are_passed_over(tmp_path):
    long = ' '.join(['100.25 200.5 -1'] * 20000)  # longer than any buffer
    images = IMAGES.replace('100.5 20 -1 30 40 12', long) + '8 1 0 0 0 0 0 0 1 c.jpg'
    assert read(model(tmp_path / 'm', images=images)).rig.names == ('a.jpg', 'b.jpg', 'c.jpg')


def test_real_reconstruction(shared_data, tmp_path):
    import json

    sample = json.loads((shared_data / 'calib/EXPECTED.json').read_text())['samples']['colmap']
    reading = read(shared_data / 'calib/colmap')
    assert list(reading.rig.names) == list(sample['cameras'])
    for name, expected in sample['cameras'].items():
        camera = reading.rig[name]
        centred = np.array(expected['K']) - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
        np.testing.assert_allclose(camera.K, centred, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(camera.dist, expected['dist'])
        np.testing.assert_allclose(camera.R_w2c, expected['R_w2c'], rtol=0, atol=1e-12)
        np.testing.assert_allclose(camera.center_w, expected['center'], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(camera.t_w2c, expected['t_w2c'])
        assert camera.size == tuple(expected['size'])
    rig = read_calibration(shared_data / 'calib/colmap', **WORLD).rig
    write_rig(rig, tmp_path / 'm', 'colmap')
    back = read_calibration(tmp_path / 'm', **WORLD).rig
    assert back.names == rig.names
    np.testing.assert_allclose(back.centers_w, rig.centers_w, rtol=0, atol=1e-9)
    theirs = pycolmap().Reconstruction(shared_data / 'calib/colmap')
    (tmp_path / 'b').mkdir()
    theirs.write_binary(tmp_path / 'b')
    binary = read(tmp_path / 'b').rig
    assert binary.names == rig.names
    np.testing.assert_array_equal(binary.cameras[3].K, reading.rig.cameras[3].K)


def test_real_points_land_on_their_keypoints(shared_data):
    """The tool's own 3D points and keypoints, which count from the corner."""
    theirs = pycolmap().Reconstruction(shared_data / 'calib/colmap')
    theirs.update_point_3d_errors()
    rig, errors = read(shared_data / 'calib/colmap').rig, {}
    for image in theirs.images.values():
        seen = [p for p in image.points2D if p.has_point3D()]
        points = np.array([theirs.points3D[p.point3D_id].xyz for p in seen])
        off = rig[image.name].project(points)[0] + 0.5 - np.array([p.xy for p in seen])
        for point, error in zip(seen, np.linalg.norm(off, axis=-1)):
            errors.setdefault(point.point3D_id, []).append(error)
    # The error that COLMAP keeps of the same model: the mean of the points' means.
    mean = np.mean([np.mean(of_point) for of_point in errors.values()])
    assert mean == pytest.approx(theirs.compute_mean_reprojection_error(), rel=1e-6)


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'message'),
    [
        ('cameras', 'SIMPLE_RADIAL', 'SIMPEL_RADIAL', "line 2 has the camera model 'SIMPEL_"),
        ('cameras', ' -0.1', '', 'line 2 has 3 parameters, expected the 4 of'),
        ('cameras', '500 510', '500 nan', 'line 1, parameter 2 is NaN, expected'),
        ('cameras', '500 510', '-500 510', "camera 'a.jpg': focal lengths must be positive"),
        ('cameras', '640 480 500', '640 0 500', 'line 1, size is 640, 0'),
        ('cameras', '640 480 500', '6e99 480 500', 'line 1, size'),
        ('cameras', '\n2 ', '\n1 ', 'camera 1 is listed twice'),
        ('cameras', '2 SIMPLE', 'x SIMPLE', 'line 2, CAMERA_ID is "x"'),
        ('cameras', CAMERAS, '', 'holds no cameras of COLMAP'),
        ('images', IMAGES, '', 'holds no images of COLMAP'),
        ('images', ' 2 b', ' 3 b', "image 'b.jpg' is of camera 3, expected one that is listed"),
        ('images', '9 0 0 0 1', '7 0 0 0 1', 'image 7 is listed twice'),
        ('images', '9 0 0 0 1', '9 0 0 0 0', "image 'b.jpg' has a quaternion of length 0"),
        ('images', '9 0 0 0 1', '9 0 0 0 2', "image 'b.jpg' has a quaternion of length 2"),
        ('images', '9 0 0 0 1', '9 0 0 0 1e999', 'line 3, QZ is Infinity'),
        ('images', '9 0 0 0 1', '-9 0 0 0 1', 'line 3 has IMAGE_ID -9, expected 0 to'),
        ('images', ' 1 2 3 2 b.jpg', '', 'line 3 has 5 values, expected IMAGE_ID QW'),
        ('images', 'a.jpg\n\n', 'a.jpg\n', "line 2 is no line of keypoints of the image 'a.jpg'"),
        ('images', ' 30 40 12', ' 30 40', 'line 4 is no line of keypoints'),
        ('images', 'b.jpg', 'a.jpg', 'tell the cameras apart'),
        ('images', 'b.jpg', 'b' * 70000, 'line 3 has no end'),
    ],
)  # fmt: skip
def test_broken_text(tmp_path, what, old, new, message):
    text = {'cameras': CAMERAS, 'images': IMAGES}
    assert old in text[what]
    path = model(tmp_path / 'm', **{**text, what: text[what].replace(old, new)})
    with pytest.raises(CalibrationError, match=message):
        read(path)


@pytest.mark.parametrize(
    ('what', 'old', 'new', 'message'),
    [
        ('rigs', '1 2 CAMERA', '1 3 CAMERA', 'line 1 has 2 sensors, expected the 3 of NUM_SENSORS'),
        ('rigs', 'CAMERA 2', 'LIDAR 2', "line 1 has 'LIDAR 2', expected SENSOR_TYPE"),
        ('rigs', '0.8 0 0 0.6', '0.8 0 0 6', 'camera 2 of rig 1 has a quaternion of length 6'),
        ('rigs', 'CAMERA 2', 'CAMERA 5', 'rig 1 is of camera 5'),
        ('rigs', ' 3\n', '\n', 'line 1 has 6 numbers, expected QW QX'),
        ('frames', '0.8 0 0.6 0 1', '0.8 0 0.6 0 inf', 'line 1, TX is Infinity'),
        ('frames', '0.8 0 0.6 0 1', '9 0 0.6 0 1', 'frame 1 has a quaternion of length 9'),
        ('frames', '0 0 2 CAMERA 1 1', '0 0 9 CAMERA 1 1', 'line 1 has 2 DATA_IDS, expected the 9'),
        ('frames', ' 2 2\n', '\n', 'line 1 has 14 values'),
        ('frames', FRAMES, '', 'rig 1 mounts 2 cameras together, expected a frame'),
        ('frames', '\n2 1 ', '\n2 3 ', r'frame 2 is of rig 3, expected one that is listed .1.'),
        ('rigs', RIGS, '', r'frame 1 is of rig 1, expected one that is listed .none.'),
    ],
)
def test_broken_rigs(tmp_path, what, old, new, message):
    text = {'rigs': RIGS, 'frames': FRAMES}
    assert old in text[what]
    files = {**text, what: text[what].replace(old, new)}
    with pytest.raises(CalibrationError, match=message):
        read(model(tmp_path / 'm', images=RIG_IMAGES, **files))


@pytest.mark.parametrize(
    ('file', 'change', 'message'),
    [
        ('cameras', lambda d: d[:-1], 'camera 4 breaks off: 31 bytes are left'),
        ('cameras', lambda d: d + b'x', 'camera 4 is followed by 1 bytes'),
        ('cameras', lambda d: b'\xff' * 8 + d[8:], 'says 18446744073709551615 cameras'),
        ('cameras', lambda d: d[:12] + b'\x63' + d[13:], 'camera 1 has the camera model 99'),
        ('images', lambda d: d[:20], 'says 4 images, expected at most 0 in 12 bytes'),
        ('images', lambda d: d[:-8] + b'\xff' * 8, 'image 4 breaks off'),
        ('images', lambda d: d[:12] + struct.pack('<d', np.nan) + d[20:], 'image 1, QW is NaN'),
        ('images', lambda d: d.replace(b'cam0', b'c\xffm0'), 'image 1 has a name that is no UTF-8'),
        ('images', lambda d: d.replace(b'cam0', b'x' * 5000), 'image 1 has a name without an end'),
        ('rigs', lambda d: b'', 'rigs.bin: the beginning breaks off: 0 bytes are left'),
        ('rigs', lambda d: d[:16] + b'\x07' + d[17:], 'rig 1 has the sensor type 7'),
        ('frames', lambda d: d[:-3], 'frame 4 breaks off'),
    ],
)
def test_broken_binary(tmp_path, file, change, message):
    colmap_format.write_binary(in_metres(ring_rig(dist=())), tmp_path / 'm')
    path = tmp_path / 'm' / f'{file}.bin'
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(CalibrationError, match=message):
        read(tmp_path / 'm')


def test_two_models_in_one_folder(tmp_path):
    path = model(tmp_path / 'm')
    shutil.copy(path / 'cameras.txt', path / 'more.txt')
    with pytest.raises(CalibrationError, match='cameras.txt and .*more.txt: both hold cameras'):
        read(path)
    with pytest.raises(CalibrationError, match='cameras.txt: is of another model'):
        colmap_format.write_binary(in_metres(ring_rig(dist=())), path)


def test_too_many_images(tmp_path):
    images = ''.join(f'{i} 1 0 0 0 0 0 0 1 {i}\n\n' for i in range(1001))
    with pytest.raises(CalibrationError, match='lists 1001 images.*at most 1000; keep one image'):
        read(model(tmp_path / 'm', images=images))


@pytest.mark.parametrize(
    ('rig', 'message'),
    [
        (ring_rig(names=['a b', 'c', 'd', 'e']), "camera 'a b' has a space.*rename"),
        (ring_rig(size=None), 'has no image size, which COLMAP needs'),
        (ring_rig(dist=(0,) * 8 + (0.1, 0, 0, 0)), r'distortion \(s1 = 0.1\), which COLMAP cannot'),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, rig, message):
    with pytest.raises(CalibrationError, match=message):
        write_rig(rig, tmp_path / 'm', 'colmap')
    assert list(tmp_path.iterdir()) == []


def test_names_with_spaces_fit_binary_files(tmp_path):
    rig = ring_rig(dist=(), names=['a b', 'c', 'd', 'e'])
    colmap_format.write_binary(in_metres(rig), tmp_path / 'cameras.bin')
    assert read(tmp_path).rig.names == rig.names


def test_numeric_names_survive(tmp_path):
    rig = CameraRig(ring_rig(dist=(), names=list('0123')).cameras)
    write_rig(rig, tmp_path / 'm', 'colmap')
    text = (tmp_path / 'm/images.txt').read_text()
    (tmp_path / 'm/images.txt').write_text(text.split('\n', 1)[1])  # without the header
    same_pixels(rig, read_calibration(tmp_path / 'm', **WORLD).rig)
