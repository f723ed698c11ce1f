# Shelf with the learned prior: as it comes
#   python tools/test.py configs/shelf/keypoint_prior_shelf.py mmpose-ours://keypoint_prior
# or trained for these cameras from there.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/keypoint_prior.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_prior.py',
]

load_from = 'mmpose-ours://keypoint_prior'
rig = dict(data_root='data/Shelf', cameras=None)
synthetic = dict(rig_file='calibration_shelf.json', image_size=(1032, 776), **rig)
train_dataloader = dict(
    batch_size=64, dataset=dict(num_samples=9600, scene=dict(min_views=1), **synthetic)
)
val_dataloader = dict(dataset=synthetic)
test_dataloader = dict(dataset=dict(_delete_=True, type='ShelfDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_shelf')
