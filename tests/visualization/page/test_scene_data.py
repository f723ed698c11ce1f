"""What the page is given: places of people in the scene and in every image, colours, names."""

import base64
import json
import re

import cv2
import numpy as np
import pytest
from call_counts import counted_calls
from errors import fails
from frame_results import predictions_of, result_of
from visual_rigs import SPACE, people, small_rig

from mmpose_ours.detections import with_skeleton
from mmpose_ours.errors import InputError
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.visualization.colours import OKABE_ITO, track_colours
from mmpose_ours.visualization.page.images import CarriedImages, encode_images
from mmpose_ours.visualization.page.scene import write_scene_page
from mmpose_ours.visualization.page.scene_data import MISSING, as_text, page_data
from mmpose_ours.visualization.results import results_of


def bent_rig():
    """A lens that moves points by many pixels."""
    dist = (-0.25, 0.08, 0.002, -0.001, 0.01)
    return CameraRig(
        tuple(Camera(c.name, c.K, c.R_w2c, c.t_w2c, c.size, np.array(dist)) for c in small_rig(4))
    )


def shown(count=3, frames=4):
    walk = people(*[(1300 * i - 1300, 1100) for i in range(count)])
    return [result_of(t, walk + (100 * t, 0, 0), np.arange(count)) for t in range(frames)]


def test_pixels_are_those_of_opencv():
    rig = bent_rig()
    frames = shown()
    data = page_data(rig, frames, 'coco17', SPACE, None, '')
    poses = np.concatenate([i.poses.xyz_mm for i in frames])
    pixels = data.arrays['pixels'].reshape(len(rig), len(poses), 17, 2)
    for camera, quantised, entry in zip(rig, pixels, data.manifest['cameras']):
        rotation = cv2.Rodrigues(camera.R_w2c)[0]
        expected = cv2.projectPoints(
            poses.reshape(-1, 3), rotation, camera.t_w2c, camera.K, camera.dist
        )[0].reshape(len(poses), 17, 2)
        uv = np.array(entry['size']) / 2 + quantised * entry['pixelStep']
        np.testing.assert_allclose(uv, expected, atol=entry['pixelStep'])
        straight = Camera(camera.name, camera.K, camera.R_w2c, camera.t_w2c, camera.size)
        assert np.abs(straight.project(poses)[0] - expected).max() > 2, 'the lens does matter'


def test_places_in_the_scene_come_back():
    frames = shown()
    data = page_data(bent_rig(), frames, 'coco17', SPACE, None, '')
    world = data.manifest['world']
    xyz = np.array(world['origin']) + world['step'] * data.arrays['poses']
    np.testing.assert_allclose(
        xyz, np.concatenate([i.poses.xyz_mm for i in frames]), atol=world['step']
    )


def test_what_is_missing_or_behind_a_camera_is_missing():
    rig = small_rig(3)
    behind = people((0, 0)) + 2.0 * rig.centers_w[0] * (1, 1, 0)
    behind[0, 3] = np.nan
    data = page_data(rig, [result_of(0, behind, np.array([0]))], 'coco17', None, None, '')
    pixels = data.arrays['pixels'].reshape(3, 17, 2)
    assert (pixels[0] == MISSING).all()
    assert (pixels[:, 3] == MISSING).all() and (data.arrays['poses'][0, 3] == MISSING).all()
    assert (pixels[1:, 5] != MISSING).any()


def test_those_who_meet_have_colours_of_their_own():
    colours = track_colours([[0, 1, 2], [7, 8], [0, 7, 9]])
    assert len({colours[i] for i in (0, 1, 2)}) == 3 and len({colours[i] for i in (0, 7, 9)}) == 3
    assert set(colours.values()) <= set(OKABE_ITO)
    assert len(track_colours([range(12)])) == 12, 'more people than colours'


def test_people_without_track_ids_are_linked_and_frames_ordered():
    a, b = people((0, 0), (2000, 0))
    frames = {10: np.stack([b, a]), 9: np.stack([a, b])}
    detections = {'0009': with_skeleton({'camera 0': np.ones((1, 17, 3))})}
    first, second = results_of(predictions_of(frames), detections)
    assert (first.frame, second.frame) == (9, 10)
    assert first.track_ids.tolist() == second.track_ids.tolist()[::-1]
    assert len(first.keypoints['camera 0']) == 1 and second.keypoints == {}
    with fails(InputError, code='duplicate', found=[4, 4]):
        result_of(3, frames[9], np.array([4, 4]))


class Grey:
    """Noise, which JPEG cannot make small, of the first two cameras."""

    def __init__(self, every=1):
        self.every, self.asked = every, set()

    def may_have(self, frame):
        return frame % self.every == 0

    def of(self, camera, frame):
        self.asked.add(frame)
        if camera == 'camera 2' or not self.may_have(frame):
            return None
        return np.random.default_rng(frame).integers(0, 255, (480, 640, 3), dtype=np.uint8)


def decoded(images, row, camera):
    begin, end = images.spans[row][camera]
    jpeg = np.frombuffer(base64.b64decode(images.text[begin:end]), np.uint8)
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


def size_of(images):
    """Bytes of JPEG, with up to two of padding each."""
    return sum(end - begin for row in images.spans for begin, end in row) * 3 / 4


@pytest.mark.parametrize(
    ('budget', 'frames', 'side'),
    [(12_000_000, 20, 640), (5_000_000, 20, 480), (2_500_000, 20, 320), (1_000_000, 20, 240),
     (500_000, 10, 240), (100_000, 2, 240), (1000, 0, 0), (0, 0, 0)],
)  # fmt: skip
def test_every_frame_has_an_image_as_large_as_the_budget_allows(budget, frames, side):
    images = encode_images(Grey(), small_rig(3), range(20), budget)
    carried = images.carried
    assert size_of(images) <= budget * 1.001
    assert (carried.frames, len(images.frames)) == (len(images.spans), len(images.spans))
    assert frames * 0.5 <= carried.frames <= frames * 1.5 and (frames < 20 or carried.frames == 20)
    assert carried.left_out == (20 - carried.frames if budget else 0)
    assert images.frames[:1] == [0][:frames]
    for row in range(len(images.spans)):
        assert images.spans[row][2] == (0, 0)
        assert max(decoded(images, row, 1).shape) == carried.side == side


def test_a_budget_that_is_proposed_is_enough():
    few = encode_images(Grey(), small_rig(3), range(20), 100_000).carried
    assert few.left_out > 0
    all_of_them = encode_images(Grey(), small_rig(3), range(20), few.enough_bytes).carried
    assert (all_of_them.frames, all_of_them.left_out) == (20, 0)


class Worse(Grey):
    """The first images are plain, the later ones are not."""

    def of(self, camera, frame):
        image = super().of(camera, frame)
        return image if frame > 2 or image is None else np.zeros_like(image)


def test_all_shrink_where_later_images_are_larger():
    images = encode_images(Worse(), small_rig(3), range(20), 3_000_000)
    assert images.carried.frames == 20 and images.carried.left_out == 0
    assert size_of(images) <= 3_000_000 * 1.001
    sides = {max(decoded(images, row, 0).shape) for row in range(20)}
    assert sides == {images.carried.side} and images.carried.side < 640


def test_upright_images_are_as_large_as_lying_ones():
    class Upright(Grey):
        def of(self, camera, frame):
            return np.zeros((1920, 1080, 3), np.uint8)

    images = encode_images(Upright(), small_rig(2, (1080, 1920)), range(2), 10_000_000)
    assert decoded(images, 0, 0).shape == (960, 540, 3)


def test_only_frames_with_images_count():
    images = encode_images(Grey(every=9), small_rig(3), range(20), 2_000_000)
    assert images.frames == [0, 9, 18]


def test_the_page_needs_nothing_else(tmp_path):
    path = tmp_path / 'scene.html'
    rig = small_rig(3)
    wild = CameraRig(
        (
            Camera('</script><b>&', rig.cameras[0].K, *_pose(rig.cameras[0])),
            Camera('/*SCRIPT*/', rig.cameras[1].K, *_pose(rig.cameras[1])),
        )
    )
    write_scene_page(path, wild, shown(), space=SPACE, title='<i>', fps=30.0)
    page = path.read_text()
    assert not re.findall(r'(?:src|href)\s*=\s*"(?!data:)', page)
    assert 'http' not in re.sub(r'http-equiv', '', page)
    assert page.count('</script>') == page.count('<script') == 12
    manifest = json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))
    assert [c['name'] for c in manifest['cameras']] == list(wild.names)
    assert as_text(np.array([1], '<i2')) == 'AQA='


def _pose(camera):
    return camera.R_w2c, camera.t_w2c, camera.size


def test_what_cannot_be_shown_is_refused(tmp_path):
    path, rig = tmp_path / 'scene.html', small_rig(2)
    with fails(InputError, code='no-data', file=path):
        write_scene_page(path, rig, [])
    joints = dict(found='coco17', expected='campus14')
    with fails(InputError, code='conflict', frame=0, **joints):
        write_scene_page(path, rig, shown(), joints='campus14')

    class Tall(Grey):
        def of(self, camera, frame):
            return np.zeros((640, 480, 3), np.uint8)

    sizes = dict(found=(480, 640), expected=rig['camera 0'].size)
    with fails(InputError, code='wrong-shape', camera='camera 0', **sizes):
        write_scene_page(path, rig, shown(), images=Tall())
    assert not path.exists()


def test_nobody_anywhere_is_a_page_too(tmp_path):
    nobody = [result_of(t, np.zeros((0, 17, 3)), np.zeros(0, int)) for t in range(2)]
    assert write_scene_page(tmp_path / 'scene.html', small_rig(2), nobody) == CarriedImages()


@pytest.mark.parametrize('largest', [2**31, 2**53 - 1])
def test_large_numbers_of_people_reach_the_page(tmp_path, largest):
    poses = people((0, 0), (1300, 0))
    frames = [result_of(t, poses, np.array([largest, 3])) for t in range(2)]
    data = page_data(small_rig(3), frames, 'coco17', SPACE, None, '')
    assert data.arrays['ids'].tolist() == [largest, 3, largest, 3]
    assert [entry['id'] for entry in data.manifest['people']] == [3, largest]
    assert write_scene_page(tmp_path / 'a.html', small_rig(3), frames) == CarriedImages()


def test_the_work_of_colours_grows_with_the_people_and_no_faster():
    per_person = []
    for many in (500, 5_000):
        with counted_calls() as calls:
            assert len(track_colours([n, n + 1] for n in range(many))) == many + 1
        per_person.append(calls.count / many)
    assert per_person[1] < 1.2 * per_person[0]
