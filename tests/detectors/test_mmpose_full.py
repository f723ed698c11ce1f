"""2D models of MMPose itself, of random weights, in an environment that has all they need."""

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch')

try:
    import mmdet
    import mmpose.apis  # noqa: F401
except (ImportError, AssertionError, AttributeError):
    pytest.skip('needs compiled mmcv and mmdet: make test-full', allow_module_level=True)

from mmpose_ours.cli import main as cli  # noqa: E402
from mmpose_ours.detectors import detector  # noqa: E402
from mmpose_ours.detectors.base import within  # noqa: E402

POSE = Path(mmpose.__file__).parent / '.mim' / 'configs' / 'body_2d_keypoint'
ONE_STAGE = POSE / 'rtmo' / 'coco' / 'rtmo-s_8xb32-600e_coco-640x640.py'
TOP_DOWN = POSE / 'rtmpose' / 'coco' / 'rtmpose-t_8xb256-420e_coco-256x192.py'
BOXES = (
    Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet' / 'rtmdet_tiny_8xb32-300e_coco.py'
)


IMAGE = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def eager(tmp_path_factory):
    """Weights of a person detector, random, but calling everything a person."""
    from mmdet.apis import init_detector

    torch.manual_seed(0)
    model = init_detector(str(BOXES), device='cpu')
    for name, weights in model.named_parameters():
        if 'rtm_cls' in name and name.endswith('bias'):
            weights.data[0] = 9.0
    path = tmp_path_factory.mktemp('weights') / 'eager.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return str(path)


def test_a_top_down_model_gives_what_mmpose_gives_for_the_boxes(eager):
    torch.manual_seed(0)
    model = detector(
        'mmpose',
        model=str(TOP_DOWN),
        device='cpu',
        person_detector=str(BOXES),
        person_detector_weights=eager,
    )
    (found,) = model.detect([IMAGE])
    (raw,) = model._inferencer([IMAGE], return_vis=False, bbox_thr=0.3)
    boxes = np.array([each['bbox'][0] for each in raw['predictions'][0]])
    own = mmpose.apis.inference_topdown(model._inferencer.inferencer.model, IMAGE, boxes)
    people = [
        np.c_[each.pred_instances.keypoints[0], each.pred_instances.keypoint_scores[0]]
        for each in own
    ]
    assert len(found) > 5 and found.dtype == np.float32
    np.testing.assert_allclose(found, within(people, IMAGE.shape[1::-1]), atol=1e-2)


def test_predict_runs_on_a_one_stage_model(tmp_path, capsys):
    torch.manual_seed(0)
    for camera in ('north_west', 'north_east', 'south'):
        (tmp_path / 'images' / camera).mkdir(parents=True)
        for number in range(2):
            image = cv2.resize(IMAGE, (1280, 720))
            cv2.imwrite(str(tmp_path / 'images' / camera / f'{number:04d}.png'), image)
    rig = Path(__file__).resolve().parents[2] / 'configs/ours/rigs/five_cameras.json'
    words = ['predict', '--rig', str(rig), '--img-root', str(tmp_path / 'images')]
    words += ['--detector', f'mmpose:{ONE_STAGE}', '--out', str(tmp_path / 'out')]
    assert cli.main(words) in (0, 1)  # what random weights find is anybody's guess
    assert '2D keypoints' in capsys.readouterr().out
    (kept,) = tmp_path.rglob('keypoints_2d.json')
    assert str(ONE_STAGE) in kept.read_text()
    assert (tmp_path / 'out' / 'people.json').exists()
