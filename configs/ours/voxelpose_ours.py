# Your own cameras: put the calibration and, for testing, 2D keypoints under data/Ours.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_30e.py',
]

data_root = 'data/Ours'
rig = dict(
    data_root=data_root,
    rig_file='camera_parameters.json',
    cameras=None,  # names, or None for all
    # space=dict(center_mm=(x, y, z), size_mm=(x, y, z)), else it is fitted to the rig
)
train_dataloader = dict(dataset=rig)
val_dataloader = dict(dataset=rig)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='OursDataset',
        keypoint_file='keypoints_2d.json',
        truth_file=None,
        test_mode=True,
        **rig,
    )
)
# Without a truth file the only figure is the number of people; they are in this file.
test_evaluator = dict(out_file='work_dirs/voxelpose_ours/predictions.json')
