# Your own cameras: the calibration and, for testing, 2D keypoints lie under data/Ours.
_base_ = ['./synthetic_data.py']

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
