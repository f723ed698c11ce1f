"""MMPose's inferencer and rtmlib, played by stand-ins that return what they return."""

import contextlib
import sys
import types

import numpy as np
import pytest
from errors import fails

from mmpose_ours.detectors import detector
from mmpose_ours.detectors.rtmpose import MODES
from mmpose_ours.errors import InputError
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17, SKELETONS

IMAGE = np.zeros((100, 200, 3), np.uint8)
PERSON = np.linspace(1, 90, 34).reshape(17, 2)
NAMES = SKELETONS['coco17'].joints


def stand_in_for_mmpose(monkeypatch, box, score, names=NAMES):
    """``mmpose.apis`` of 1.3.2: a call yields a dictionary per image."""

    class MMPoseInferencer:
        def __init__(self, pose2d=None, pose2d_weights=None, device=None):
            meta = {'keypoint_id2name': dict(enumerate(names))}
            model = types.SimpleNamespace(dataset_meta=meta)
            self.inferencer = types.SimpleNamespace(model=model)
            self.reported = (pose2d, pose2d_weights, device)

        def __call__(self, inputs, return_vis=False, bbox_thr=0.3):
            assert isinstance(inputs, list)
            for _ in inputs:
                people = [
                    {
                        'keypoints': PERSON.tolist(),
                        'keypoint_scores': [0.5] * 16 + [1.5],
                        'bbox': (list(box),),
                        'bbox_score': np.float32(score),
                    }
                ]
                yield {'visualization': [], 'predictions': [people]}

    module = types.ModuleType('mmpose.apis')
    module.MMPoseInferencer = MMPoseInferencer
    monkeypatch.setitem(sys.modules, 'mmpose', types.ModuleType('mmpose'))
    monkeypatch.setitem(sys.modules, 'mmpose.apis', module)
    # Where MMPose is, torch is, which this environment may lack.
    compat = types.ModuleType('mmpose_ours.compat')
    compat.checkpoints_read_as_data = contextlib.nullcontext
    monkeypatch.setitem(sys.modules, 'mmpose_ours.compat', compat)


def test_mmpose_gives_its_people_and_not_the_whole_image(monkeypatch):
    stand_in_for_mmpose(monkeypatch, (3, 4, 90, 95), 0.8)
    model = detector('mmpose:td-hm_hrnet', weights='w.pth', device='cpu')
    assert model._inferencer.reported == ('td-hm_hrnet', 'w.pth', 'cpu')
    first, second = model.detect([IMAGE, IMAGE[..., 0]])
    np.testing.assert_allclose(first[0, :, :2], PERSON, rtol=1e-6)
    assert first.shape == second.shape == (1, 17, 3) and first.dtype == np.float32
    assert model.detect([]) == []
    stand_in_for_mmpose(monkeypatch, (0, 0, 200, 100), 1.0)
    assert detector('mmpose:td-hm_hrnet').detect([IMAGE])[0].shape == (0, 17, 3)


def test_mmpose_models_of_other_joints(monkeypatch):
    stand_in_for_mmpose(monkeypatch, (3, 4, 90, 95), 0.8, names=('root', *NAMES[1:]))
    other = detector('mmpose:h36m')
    assert other.skeleton.joints == ('mid_hip', *NAMES[1:]), 'which the root is'
    (people,) = other.detect([np.zeros((100, 100, 3), np.uint8)])
    kept = Keypoints2D(other.skeleton, people).to(COCO17)
    assert (kept.scores[:, 0] == 0).all() and (kept.scores[:, 1:] > 0).any()
    with fails(InputError, code='missing-value', found='mmpose'):
        detector('mmpose')


def test_mmpose_models_of_animals_keep_their_joints(monkeypatch):
    """None of them is one of a person's."""
    names = [f'leg{index}' for index in range(17)]
    stand_in_for_mmpose(monkeypatch, (3, 4, 90, 95), 0.8, names=names)
    ants = detector('mmpose:ants')
    assert ants.skeleton.joints == tuple(names)
    (found,) = ants.detect([np.zeros((100, 100, 3), np.uint8)])
    np.testing.assert_allclose(found[0, :, :2], PERSON, rtol=1e-6)
    assert (Keypoints2D(ants.skeleton, found).to(COCO17).scores == 0).all()


def test_without_the_full_stack_it_names_what_builds_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mmpose.apis', None)
    with pytest.raises(ImportError, match='full stack.*make setup-full'):
        detector('mmpose:human')


# rtmlib 0.0.16: its class, its joints, and the modes whose scores are logits.
SOLUTIONS = {
    'rtmlib': ('Body', 'coco17', ('performance',)),
    'rtmlib:body_with_feet': ('BodyWithFeet', 'halpe26', ('performance',)),
    'rtmlib:wholebody': ('Wholebody', 'coco_wholebody', MODES),
}


def stand_in_for_rtmlib(monkeypatch, boxes, solutions=SOLUTIONS):
    def solution(count):
        person = np.linspace(1, 90, 2 * count).reshape(count, 2)

        class Solution:
            def __init__(self, mode='balanced', backend='onnxruntime', device='cpu'):
                self.reported = (mode, backend, device)
                self.det_model = lambda image: boxes

            def pose_model(self, image, bboxes=()):
                assert len(bboxes), 'without boxes rtmlib takes the whole image'
                found.append(self.reported)
                return np.stack([person] * len(bboxes)), np.full((len(bboxes), count), 1.25)

        return Solution

    found = []
    module = types.ModuleType('rtmlib')
    for class_name, joints, _ in solutions.values():
        setattr(module, class_name, solution(len(SKELETONS[joints])))
    monkeypatch.setitem(sys.modules, 'rtmlib', module)
    return found


@pytest.mark.parametrize('name', SOLUTIONS)
@pytest.mark.parametrize('mode', MODES)
def test_rtmlib_gives_its_people_with_scores_up_to_one(monkeypatch, name, mode):
    reported = stand_in_for_rtmlib(monkeypatch, np.array([[3, 4, 90, 95], [5, 5, 60, 60]]))
    _, joints, logits = SOLUTIONS[name]
    model = detector(f'{name}:{mode}', device='cuda')
    assert (model.name, model.skeleton) == (name, SKELETONS[joints])
    (people,) = model.detect([IMAGE])
    assert reported == [(mode, 'onnxruntime', 'cuda')]
    count = len(SKELETONS[joints])
    assert people.shape == (2, count, 3) and people.dtype == np.float32
    np.testing.assert_allclose(people[1, :, 0], np.linspace(1, 90, 2 * count)[::2], rtol=1e-6)
    # Of models whose scores go far beyond 1 the order is kept.
    expected = 1 - np.exp(-1.25) if mode in logits else 1.0
    np.testing.assert_allclose(people[..., 2], expected, rtol=1e-6)


def test_rtmlib_finds_nobody_where_there_are_no_boxes(monkeypatch):
    stand_in_for_rtmlib(monkeypatch, np.zeros((0, 4)))
    assert detector('rtmlib').detect([IMAGE])[0].shape == (0, 17, 3)
    assert detector('rtmlib:wholebody').detect([IMAGE])[0].shape == (0, 133, 3)


def test_settings_of_rtmlib_are_told_apart(monkeypatch):
    stand_in_for_rtmlib(monkeypatch, np.zeros((0, 4)))
    known = {
        (model.name, model.version)
        for model in (detector(f'{name}:{mode}') for name in SOLUTIONS for mode in MODES)
    }
    assert len(known) == 9
    default = detector('rtmlib:body_with_feet')
    assert (default.name, default.version) in known and default.version.endswith(' balanced')


def test_rtmlib_says_what_it_needs(monkeypatch):
    for name in SOLUTIONS:
        with fails(InputError, code='unknown-name', found='tiny', expected=list(MODES)):
            detector(f'{name}:tiny')
    stand_in_for_rtmlib(monkeypatch, np.zeros((0, 4)), {'rtmlib': SOLUTIONS['rtmlib']})
    with pytest.raises(ImportError, match='Wholebody'):
        detector('rtmlib:wholebody')
    monkeypatch.setitem(sys.modules, 'rtmlib', None)
    with pytest.raises(ImportError, match=r'pip install "mmpose-ours\[rtmlib\]"'):
        detector('rtmlib')
