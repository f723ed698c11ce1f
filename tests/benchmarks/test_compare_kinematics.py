"""Markers and angles of two files against each other."""

import numpy as np
import pytest
from frame_results import predictions_of
from walks import straight

from benchmarks.compare_kinematics import differences
from mmpose_ours.export.trc import write_trc
from mmpose_ours.tracking.trajectories import timeline_of

MOTION = """Coordinates
inDegrees=yes
endheader
time\tknee_angle_r\tpelvis_tx\tpro_sup_r
0.0\t{}\t0.1\t0.0
0.5\t{}\t0.9\t0.0
"""


def test_markers_in_metres_and_millimetres(tmp_path):
    walk = straight((0, 0), (900, 300), 4)
    for name, off, program in (('a', 0, None), ('b', 30, None), ('c', 0, 'opensim')):
        one = timeline_of(predictions_of(dict(enumerate((walk + [0, 0, off])[:, None])), fps=10))
        write_trc(one, tmp_path / f'{name}.trc', program=program)
    found = differences(tmp_path / 'a.trc', tmp_path / 'b.trc')
    assert len(found) == 17
    assert np.concatenate(list(found.values())) == pytest.approx(30, abs=0.01)
    assert differences(tmp_path / 'a.trc', tmp_path / 'c.trc') == {}, 'no name is the same'


def test_angles_that_move(tmp_path):
    (tmp_path / 'a.mot').write_text(MOTION.format(10, 170))
    (tmp_path / 'b.mot').write_text(MOTION.format(13, -170))
    found = differences(tmp_path / 'a.mot', tmp_path / 'b.mot')
    assert list(found) == ['knee_angle_r']
    assert found['knee_angle_r'].tolist() == [3, 20]
    (tmp_path / 'c.mot').write_text(MOTION.replace('=yes', '=no').format(1, 2))
    with pytest.raises(SystemExit):
        differences(tmp_path / 'c.mot', tmp_path / 'b.mot')
