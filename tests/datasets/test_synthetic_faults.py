"""Where SyntheticDataset's detector comes from."""

import numpy as np
import pytest
from dataset_files import SPACE, small_rig

from mmpose_ours.calibration import write_rig
from mmpose_ours.scope import DATASETS
from mmpose_ours.synthetic import DetectorNoise


@pytest.fixture
def build(tmp_path):
    write_rig(small_rig(), tmp_path / 'rig.json', 'panoptic')

    def build(faults):
        return DATASETS.build(
            dict(
                type='SyntheticDataset',
                rig_file=str(tmp_path / 'rig.json'),
                num_samples=4,
                space=SPACE,
                faults=faults,
            )
        )

    return build


def test_faults_may_be_a_dictionary_a_name_a_path_or_none(build, tmp_path):
    path = tmp_path / 'noise.json'
    path.write_text('{"source": "by hand", "faults": {"jitter": 0.9}}')
    assert build(None).noise == DetectorNoise.none()
    assert build(dict(jitter=0.9)).noise == DetectorNoise(jitter=0.9)
    assert build(str(path)).noise == build(path).noise == DetectorNoise(jitter=0.9)
    assert build('openpose').noise == DetectorNoise.read('openpose')
    assert np.isfinite(build('mediapipe')[0]['inputs']['keypoints'].numpy()).all()


def test_a_name_that_nobody_knows(build):
    # An OSError, without our fields.
    with pytest.raises(FileNotFoundError, match='alphapose.*hrnet, mediapipe, openpose'):
        build('alphapose')
