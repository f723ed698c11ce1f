"""All detected joints are drawn, whatever the skeleton: in images and on the page."""

import base64
import json
import re

import cv2
import numpy as np
import pytest
from walking import SIZE, room_rig, walk

from mmpose_ours.calibration import write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import write_detections
from mmpose_ours.predictions.writing import write_predictions
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.visualization.view_files import BLANK

MOUSE = Skeleton('mouse', ('snout', 'earL', 'earR', 'tail'), (('snout', 'tail'),))


def on_a_grid(skeleton):
    """(1, J, 3) a person whose joints lie apart, in the rows of the image's lower part."""
    index = np.arange(len(skeleton))
    uv = np.stack([40 + 60 * (index % 20), 600 - 20 * (index // 20)], -1)
    return np.concatenate([uv, np.ones((len(skeleton), 1))], -1)[None].astype(np.float32)


@pytest.mark.parametrize(
    'skeleton',
    [SKELETONS['coco_wholebody'], SKELETONS['body25_face_hands'], SKELETONS['halpe136'], MOUSE],
    ids=lambda skeleton: skeleton.name,
)
def test_in_images_and_on_the_page(tmp_path, skeleton):
    rig = room_rig(2)
    camera = rig.names[0]
    found = on_a_grid(skeleton)
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    # Far above what the cameras see, so that nothing but detections is drawn.
    write_predictions(tmp_path / 'people.json', {0: walk()[0, :1] + [0, 0, 50_000]})
    keypoints = tmp_path / 'keypoints_2d.json'
    write_detections(keypoints, {'000000': {camera: Keypoints2D(skeleton, found)}})
    words = ['view', 'people.json', '--rig', 'rig.json', '--keypoints', 'keypoints_2d.json']
    words = [str(tmp_path / word) if word.endswith('.json') else word for word in words]
    assert main([*words, '--out', str(tmp_path / 'out'), '--single-views']) == 0

    (file,) = (tmp_path / 'out' / 'views' / camera).iterdir()
    image = cv2.imread(str(file))
    assert image.shape[1::-1] == SIZE
    columns, rows = found[0, :, :2].astype(int).T
    assert (image[rows, columns] != BLANK).any(-1).all()
    assert (image[rows - 10, columns] == BLANK).all()

    page = (tmp_path / 'out' / 'scene.html').read_text()
    manifest = json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))
    assert len(manifest['cameras']) == 1  # the other has no keypoints
    found_counts = re.search(r'id="data-foundCounts">(.*?)</script>', page).group(1)
    assert np.frombuffer(base64.b64decode(found_counts), '<u2').tolist() == [len(skeleton)]
