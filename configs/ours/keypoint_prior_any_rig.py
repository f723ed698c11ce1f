# What made the weights in the package: synthetic people, rigs and detectors.
#   bash tools/dist_train.sh configs/ours/keypoint_prior_any_rig.py 2
#   mmpose-ours export-weights work_dirs/keypoint_prior_any_rig/epoch_12.pth \
#       mmpose_ours/shipped_weights/keypoint_prior.safetensors
_base_ = ['./keypoint_prior_ours.py']

load_from = None
sites = dict(type='RandomRigsDataset', _delete_=True)
train_dataloader = dict(batch_size=32, dataset=dict(num_samples=19200, seed=0, **sites))
val_dataloader = dict(batch_size=32, dataset=dict(num_samples=640, seed=1, test_mode=True, **sites))
test_dataloader = dict(
    batch_size=32, dataset=dict(num_samples=640, seed=2, test_mode=True, **sites)
)
test_evaluator = dict(out_file=None)
train_cfg = dict(max_epochs=24, val_interval=6)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, begin=0, end=100, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-5, begin=0, end=24, by_epoch=True,
         convert_to_iter_based=True),
]  # fmt: skip
