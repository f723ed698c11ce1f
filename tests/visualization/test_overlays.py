"""People over images, in the scene, on sheets and in films; the oracle is cv2.projectPoints."""

import cv2
import numpy as np
import pytest
from errors import fails
from frame_results import result_of
from visual_rigs import SPACE, people, small_rig

from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.recordings.footage import open_footage
from mmpose_ours.visualization.colours import OKABE_ITO, rgb_of, track_colour
from mmpose_ours.visualization.frame_images import FootageImages
from mmpose_ours.visualization.frame_sheet import Board
from mmpose_ours.visualization.overlay import draw_detections, draw_overlay
from mmpose_ours.visualization.scene_drawing import ScenePainter
from mmpose_ours.visualization.video_writer import open_film

DIST = np.array((-0.3, 0.1, 0.001, -0.001, 0.0))


def bent_camera():
    camera = small_rig(1).cameras[0]
    return Camera(camera.name, camera.K, camera.R_w2c, camera.t_w2c, camera.size, DIST)


def share_of(image, colour, tolerance=30):
    return (np.abs(image.astype(int) - rgb_of(colour)).max(-1) < tolerance).mean()


@pytest.mark.parametrize('scale', [1, 2])
def test_joints_are_where_opencv_projects_them(scale):
    camera, poses = bent_camera(), people((1500, 1700), (-800, 900))
    blank = np.full((480 * scale, 640 * scale, 3), 30, np.uint8)
    drawn = draw_overlay(blank, camera, poses, [3, 4])
    rotation = cv2.Rodrigues(camera.R_w2c)[0]
    for pose, track_id in zip(poses, (3, 4)):
        uv = cv2.projectPoints(pose, rotation, camera.t_w2c, camera.K, DIST)[0].reshape(17, 2)
        uv = (uv + 0.5) * scale - 0.5
        inside = ((uv > 4) & (uv < np.array(blank.shape[1::-1]) - 4)).all(1)
        assert inside.sum() > 8
        # Elbows, wrists, knees and ankles, which nothing else of the person covers.
        for u, v in uv[inside][-4:]:
            around = drawn[int(v) - 1 : int(v) + 3, int(u) - 1 : int(u) + 3]
            assert share_of(around, track_colour(track_id), 60) > 0.4
    assert (blank == 30).all(), 'the image given stays as it was'


def test_detections_lie_beneath_and_missing_joints_are_not_drawn():
    camera, poses = bent_camera(), people((0, 0))
    blank = np.full((480, 640, 3), 30, np.uint8)
    keypoints = np.array([[[100.0, 100.0, 0.9], [200.0, 100.0, 0.0]]])
    drawn = draw_overlay(blank, camera, poses * np.nan, [0], keypoints=keypoints)
    assert drawn[100, 100].min() > 120 and (drawn[100, 200] == 30).all()
    behind = poses + 2 * camera.center_w
    assert (draw_overlay(blank, camera, behind, [0]) == 30).all()


def test_an_image_of_another_shape_is_refused():
    camera = bent_camera()
    sizes = dict(found=(480, 480), expected=camera.size)
    with fails(InputError, code='wrong-shape', camera='camera 0', **sizes):
        draw_overlay(np.zeros((480, 480, 3), np.uint8), camera, people((0, 0)), [0])


def test_the_scene_shows_everybody_and_where_they_were():
    painter = ScenePainter(small_rig(4), SPACE, (640, 480))
    still = people((-1000, 0), (1000, 0))
    empty = painter.draw(result_of(0, still[:0], np.zeros(0, int)))
    assert share_of(empty, OKABE_ITO[0]) == 0
    shares = []
    for t in range(6):
        both = still + (0, 150.0 * t, 0)
        image = painter.draw(result_of(t, both, np.array([0, 1])), 'now')
        shares.append(share_of(image, OKABE_ITO[0], 90))
    assert share_of(image, OKABE_ITO[1]) > 0.001 and shares[0] > 0.001
    assert shares[-1] > shares[0], 'a trail'
    gone = painter.draw(result_of(6, still[:0], np.zeros(0, int)))
    assert 0 < share_of(gone, OKABE_ITO[0], 90) < shares[0], 'the trail stays behind'


@pytest.fixture
def recording(tmp_path):
    """Images of two cameras, named as Panoptic's; a video of a third."""
    for camera in ('camera 0', 'camera 1'):
        for frame in (7, 8):
            path = tmp_path / 'images' / camera / f'{camera}_{frame:04d}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((240, 320, 3), (10 * frame, 0, 200), np.uint8))
    (tmp_path / 'video').mkdir()
    with open_film(tmp_path / 'video' / 'camera 2.mp4', 25, (320, 240)) as add:
        for t in range(5):
            add(np.full((240, 320, 3), (50 * t, 0, 0), np.uint8))
    return tmp_path


def test_images_are_found_by_camera_and_frame(recording):
    names = ('camera 0', 'camera 1')
    images = FootageImages(open_footage(recording / 'images', names))
    assert images.of('camera 1', '0008')[0, 0].tolist() == [200, 0, 80], 'RGB'
    assert images.of('camera 1', 9) is None and images.of('camera 2', 8) is None
    assert [images.may_have(frame) for frame in (7, 9)] == [True, False]
    video = FootageImages(open_footage(recording / 'video', ('camera 2',)))
    reds = [int(video.of('camera 2', t)[0, 0, 0]) for t in (1, 1, 3, 0, 4)]
    np.testing.assert_allclose(reds, [50, 50, 150, 0, 200], atol=6)
    assert video.of('camera 2', 5) is None


def test_a_sheet_has_the_scene_and_every_view(recording):
    rig = CameraRig(small_rig(3).cameras)
    images = FootageImages(open_footage(recording / 'images', ('camera 0', 'camera 1')))
    board = Board(rig, SPACE)
    assert board.size[0] % 2 == board.size[1] % 2 == 0
    sheet = board.draw(result_of(7, people((0, 0)), np.array([2])), images)
    assert sheet.shape == (board.size[1], board.size[0], 3)
    shown = share_of(sheet, '#c80046', 3) * sheet[..., 0].size
    assert 1.7 < shown / (480 * 360) < 2, 'two images, of which the person hides little'
    assert share_of(sheet, track_colour(2)) > 0.002


def test_a_film_is_read_back(tmp_path):
    path = tmp_path / 'people.mp4'
    with open_film(path, 25, (64, 48)) as add:
        for t in range(30):
            add(np.full((48, 64, 3), (8 * t, 0, 0), np.uint8))
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 30
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    np.testing.assert_allclose(capture.read()[1][24, 32], (0, 0, 0), atol=8)
    assert [p.name for p in tmp_path.iterdir()] == ['people.mp4']


def test_a_film_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    path, other = tmp_path / 'a.mp4', tmp_path / 'a.avi'
    with fails(InputError, code='unknown-name', file=other, found='.avi', expected='.mp4'):
        open_film(other, 25, (64, 48)).__enter__()
    with fails(InputError, code='wrong-shape', file=path, found=(32, 48), expected=(64, 48)):
        with open_film(path, 25, (64, 48)) as add:
            add(np.zeros((48, 32, 3), np.uint8))
    # A disk that is full swallows what is written to it.
    with pytest.raises(OSError), open_film(path, 25, (64, 48)) as add:
        add(np.zeros((48, 64, 3), np.uint8))
        for temporary in tmp_path.iterdir():
            temporary.unlink()
            temporary.touch()
    monkeypatch.setattr('mmpose_ours.visualization.video_writer.CODEC', 'none')
    with fails(InputError, code='cannot-express', file=path, found='none'):
        open_film(path, 25, (64, 48)).__enter__()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('far', [1e9, 1e38, -1e30])
def test_detections_far_outside_are_not_drawn(far):
    image = np.full((120, 160, 3), 90, np.uint8)
    near = image.copy()
    draw_detections(near, np.array([[[80, 60, 1.0]]]), (160, 120), (160, 120))
    both = image.copy()
    draw_detections(both, np.array([[[80, 60, 1.0], [far, 30, 1]]]), (160, 120), (160, 120))
    assert (near != image).any()
    np.testing.assert_array_equal(both, near)


@pytest.mark.parametrize('value', [1e5, 1e9, 1e12, 1e30, 3e38, -1e30, np.inf, np.nan])
def test_places_far_outside_are_not_drawn(value):
    """OpenCV refuses them, or draws lines where nothing is."""
    rig = small_rig()
    camera = rig.cameras[0]
    image = np.zeros((240, 320, 3), np.uint8)
    far = np.full((2, 17, 3), value)
    far[..., 2] = 1
    assert not draw_overlay(image, camera, np.zeros((0, 17, 3)), keypoints=far).any()
    poses = np.full((1, 17, 3), value)
    draw_overlay(image, camera, poses, [0])
    board = Board(rig)
    for frame, mm in enumerate((poses, np.full((1, 17, 3), 100.0), poses)):
        people = result_of(frame, mm, np.array([0]), detections={camera.name: far})
        assert board.draw(people).shape[2] == 3
