"""``predict``, ``view`` and ``export`` with models of other joints than COCO's."""

import csv
import json
import re

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='predicting needs torch')
pytest.importorskip('mmengine', reason='predicting needs MMEngine')
pytest.importorskip('ezc3d', reason='C3D files need ezc3d')

import cv2  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402
from walking import detected, room_rig, walk  # noqa: E402

from mmpose_ours.calibration import write_rig  # noqa: E402
from mmpose_ours.cli.main import main  # noqa: E402
from mmpose_ours.detections import write_detections  # noqa: E402
from mmpose_ours.io.package_files import share  # noqa: E402
from mmpose_ours.predictions.reading import read_predictions  # noqa: E402
from mmpose_ours.scope import MODELS  # noqa: E402
from mmpose_ours.structures.joint_maps import convert_joints  # noqa: E402
from mmpose_ours.structures.skeletons import SKELETONS  # noqa: E402

FRAMES = 6


def _model(folder, joints):
    """Config and weights of a net that nobody trained; geometry alone brings it near people."""
    base = share('configs') / 'ours' / 'faster_voxelpose_ours_tiny.py'
    path = folder / 'model.py'
    path.write_text(f"_base_ = '{base}'\nmodel = dict(joints='{joints}')\n")
    init_default_scope('mmpose_ours')
    torch.manual_seed(0)
    torch.save(MODELS.build(Config.fromfile(path).model).state_dict(), folder / 'model.pth')
    return ['--config', path, '--checkpoint', folder / 'model.pth']


@pytest.mark.parametrize('joints', ['panoptic15', 'panoptic19', 'campus14'])
def test_people_images_and_every_export(tmp_path, joints):
    rig, poses, out = room_rig(), walk(frames=60)[:FRAMES], tmp_path / 'out'
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    write_detections(
        tmp_path / 'k.json', {str(i): views for i, views in enumerate(detected(rig, poses))}
    )

    def run(command, *words):
        assert main([command, *map(str, words)]) == 0

    given = ['--rig', tmp_path / 'rig.json', '--keypoints', tmp_path / 'k.json', '--out', out]
    run('predict', *_model(tmp_path, joints), *given, '--device', 'cpu')
    found = read_predictions(out / 'people.json')
    assert found.skeleton.name == joints
    truth = convert_joints(poses, 'coco17', joints)
    for frame, people in found.frames.items():
        apart = np.linalg.norm(people.xyz_mm[:, None] - truth[frame], axis=-1)
        assert np.nanmean(apart, axis=-1).min(1) == pytest.approx([0, 0], abs=100)
    run('view', out / 'people.json', *given, '--png', '--single-views', '--report', '--every', '5')
    sheet = cv2.imread(str(out / 'frames' / '000005.png'))
    view = cv2.imread(str(out / 'views' / 'cam2' / '000005.png'))
    assert sheet.std() > 5 and 0.001 < (view != 90).any(-1).mean() < 0.2
    page = (out / 'scene.html').read_text(encoding='utf-8')
    reported = json.loads(re.search(r'id="manifest">(.*?)</script>', page, re.S).group(1))
    assert len(reported['people']) == 2
    names = SKELETONS[joints].joints
    for kind in ('npz', 'csv', 'trc', 'c3d', 'bvh'):
        run('export', out / 'people.json', out / f'walk.{kind}')
    with np.load(out / 'walk.npz') as arrays:
        assert arrays['poses'].shape == (FRAMES, 2, len(names), 3)
        by_id = found.frames[3].xyz_mm[np.argsort(found.frames[3].track_ids)]
        np.testing.assert_allclose(arrays['poses'][3], by_id, rtol=0, atol=0.1)
    with open(out / 'walk.csv', encoding='utf-8', newline='') as file:
        assert {row['joint'] for row in csv.DictReader(file)} == set(names)
    import ezc3d

    labels = ezc3d.c3d(str(out / 'walk.c3d'))['parameters']['POINT']['LABELS']['value']
    assert len(labels) == 2 * len(names)
    assert all(name in (out / 'walk.trc').read_text() for name in names)
    assert 'JOINT' in (out / 'walk_0.bvh').read_text() and (out / 'walk_1.bvh').is_file()
