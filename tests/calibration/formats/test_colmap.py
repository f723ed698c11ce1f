"""COLMAP models against pycolmap, hand-made files and a real reconstruction."""

import shutil

import numpy as np
import pytest
from calibration_rigs import people_points, ring_rig
from case_rigs import case_folder
from colmap_files import (
    CAMERAS,
    FRAMES,
    IMAGES,
    RIG_IMAGES,
    RIGS,
    WORLD,
    model,
    pack,
    read,
)
from errors import fails
from tool_rigs import assert_same_pixels, changed, read_sample

from mmpose_ours.calibration import CalibrationError, read_rig, recognise_format, write_rig
from mmpose_ours.calibration.api import read_calibration
from mmpose_ours.calibration.formats.colmap import model as colmap
from mmpose_ours.calibration.formats.colmap.entities import MODELS

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


def test_by_hand(tmp_path):
    path = model(tmp_path / 'm')
    assert recognise_format(path) == ('colmap', 'a text list of cameras')
    reading = read(path)
    a, b = reading.rig
    assert (a.name, b.name, a.size) == ('a', 'b', (640, 480))
    # The middle of 640 pixels is 320 from the corner, 319.5 from the first centre.
    np.testing.assert_array_equal(a.K, [[500, 0, 320], [0, 510, 240], [0, 0, 1]])
    np.testing.assert_array_equal(b.K, [[400, 0, 320], [0, 400, 240], [0, 0, 1]])
    np.testing.assert_array_equal(b.dist, (-0.1, 0, 0, 0))
    # Half a turn about z, w first: x and y change sign.
    np.testing.assert_allclose(b.to_camera([10, 20, 30]), (-9, -18, 33), atol=1e-12)
    assert reading.uncalibrated == () and reading.notes == ()


def test_unit_and_axis_must_be_given(tmp_path):
    path = model(tmp_path / 'm')
    with fails(CalibrationError, code='missing-value', expected=['mm', 'cm', 'm']):
        read_rig(path)
    with fails(CalibrationError, code='missing-value', expected=['z', '-z', 'y', '-y', 'x', '-x']):
        read_rig(path, unit='m')


@pytest.mark.parametrize('name', MODELS)
def test_every_camera_model_projects_as_in_pycolmap(tmp_path, name):
    oracle, camera_model = pycolmap(), MODELS[name]
    rng = np.random.default_rng(3)
    params = [500.0, 510.0][: camera_model.focals] + [320.5, 240.5]
    params += list(rng.uniform(-0.02, 0.02, camera_model.coefficients))
    params = {'FOV': [*params[:4], 0.7], 'EUCM': [*params[:4], 0.6, 1.1]}.get(name, params)
    theirs = oracle.Camera(model=name, width=640, height=480, params=params[: camera_model.length])
    line = f'1 {name} 640 480 {" ".join(str(float(p)) for p in params)}\n'
    path = model(tmp_path / 'm', line, '1 1 0 0 0 0 0 0 1 a\n\n')
    if name == 'EQUIRECTANGULAR':
        path = model(tmp_path / 'm', '1 EQUIRECTANGULAR 640 320 640 320\n', '1 1 0 0 0 0 0 0 1 a')
        with fails(CalibrationError, code='cannot-express', camera='a', found='EQUIRECTANGULAR'):
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
    if binary:
        pack(rig, tmp_path / 'm')
    else:
        write_rig(rig, tmp_path / 'm', 'colmap')
    assert recognise_format(tmp_path / 'm')[0] == 'colmap'
    back = read_calibration(tmp_path / 'm', **WORLD).rig
    assert_same_pixels(rig, back)
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
    assert_same_pixels(text.select(ring_rig().names), binary.select(ring_rig().names))
    assert_same_pixels(ring_rig(dist=(-0.1, 0.02, 0.001, -0.002)), text.select(ring_rig().names))


def test_roles_are_recognised_by_content(tmp_path):
    write_rig(ring_rig(dist=()), tmp_path / 'm', 'colmap')
    pack(ring_rig(dist=()), tmp_path / 'b')
    for folder, ending in (('m', '.txt'), ('b', '.bin')):
        files = []
        for i, role in enumerate(('points3D', 'frames', 'rigs', 'images', 'cameras')):
            files.append(tmp_path / f'{folder}{i}.dat')
            shutil.copy(tmp_path / folder / f'{role}{ending}', files[-1])
        assert recognise_format(files)[0] == 'colmap'
        assert_same_pixels(ring_rig(dist=()), read_calibration(files, **WORLD).rig)
        assert_same_pixels(ring_rig(dist=()), read_calibration(files[3:], **WORLD).rig)
        with fails(CalibrationError, code='no-match', place='frame 1', found=1):
            read([files[1], *files[3:]])


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    path = model(tmp_path / 'm')
    (path / 'project.ini').write_text('log_to_stderr=false\n')
    (path / 'cloud.ply').write_bytes(b'ply\nformat binary_little_endian 1.0\n' + bytes(500))
    (path / 'points3D.txt').write_text('1 0.5 0.5 0.5 10 20 30 0.5 7 0\n')
    assert read(path).rig.names == ('a', 'b')


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
    assert reading.rig.names == ('000',)  # the folder of one image tells nothing apart
    assert reading.uncalibrated == ('2', '3')


@pytest.mark.parametrize(
    ('images', 'names'),
    [
        (('cam1/000.jpg', 'cam2/000.jpg'), ('cam1', 'cam2')),
        (('site/cam1/000.jpg', 'site/cam2/000.jpg'), ('cam1', 'cam2')),
        (('cam1/rgb/000.jpg', 'cam2/rgb/000.jpg'), ('cam1', 'cam2')),
        (('all/a.jpg', 'all/b.jpg'), ('a', 'b')),
        (('x/a.jpg', 'b.jpg'), ('a', 'b')),
        (('a.JPG', 'b.tiff'), ('a', 'b')),
        (('front.jpg', 'front.png'), ('front.jpg', 'front.png')),
        (('front.v1.jpg', 'front.v2.jpg'), ('front.v1', 'front.v2')),
        (('front.left', '.jpg'), ('front.left', '.jpg')),
        (('c\\000.jpg', 'd\\000.jpg'), ('c', 'd')),
        (('my cam', 'other cam'), ('my cam', 'other cam')),
    ],
)
def test_names(tmp_path, images, names):
    text = IMAGES.replace('a.jpg', images[0]).replace('b.jpg', images[1])
    assert read(model(tmp_path / 'm', images=text)).rig.names == names


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
    assert read(model(tmp_path / 'm', images=images)).rig.names == ('a', 'b', 'c')


def test_real_reconstruction(shared_data, tmp_path):
    reading = read_sample(colmap, shared_data, 'colmap', from_corner=True)
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
        camera = rig[image.name.replace('.jpg', '')]
        off = camera.project(points)[0] + 0.5 - np.array([p.xy for p in seen])
        for point, error in zip(seen, np.linalg.norm(off, axis=-1)):
            errors.setdefault(point.point3D_id, []).append(error)
    # The error that COLMAP keeps of the same model: the mean of the points' means.
    mean = np.mean([np.mean(of_point) for of_point in errors.values()])
    assert mean == pytest.approx(theirs.compute_mean_reprojection_error(), rel=1e-6)


def test_names_with_spaces_fit_binary_files(tmp_path):
    rig = ring_rig(dist=(), names=['a b', 'c', 'd', 'e'])
    assert read(pack(rig, tmp_path / 'm')).rig.names == rig.names


@pytest.mark.parametrize(
    'names', [('front', 'front.jpg'), ('a.png', 'a.jpg'), ('a.jpg', 'a.jpg.png'), ('x.JPG', 'y')]
)
def test_names_that_end_like_images_survive(tmp_path, names):
    rig = ring_rig(count=2, dist=(), names=list(names))
    write_rig(rig, tmp_path / 'm', 'colmap')
    assert read(tmp_path / 'm').rig.names == names


def test_the_reported_case(shared_data):
    case = case_folder(shared_data, '32-colmap-camera-names-keep-jpg')
    names = ('down', 'front', 'left_30', 'left_60', 'right_30', 'right_60', 'top')
    found = read(case / 'input/colmap').rig.names
    assert tuple(sorted(found)) == names


def test_a_camera_without_an_image_is_not_taken_for_one_of_its_number(tmp_path):
    cameras = CAMERAS + '3 PINHOLE 640 480 500 510 320.5 240.5\n'
    reading = read(model(tmp_path / 'm', cameras, IMAGES.replace('a.jpg', '3.jpg')))
    assert reading.rig.names == ('3', 'b')
    assert reading.uncalibrated == ('camera 3',)


def test_numeric_names_survive(tmp_path):
    rig = ring_rig(dist=(), names=list('0123'))
    write_rig(rig, tmp_path / 'm', 'colmap')
    text = (tmp_path / 'm/images.txt').read_text()
    (tmp_path / 'm/images.txt').write_text(text.split('\n', 1)[1])  # without the header
    assert_same_pixels(rig, read_calibration(tmp_path / 'm', **WORLD).rig)
