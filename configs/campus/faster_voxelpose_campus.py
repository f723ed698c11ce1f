# Campus with the fast model: trained on synthetic people in its three cameras, tested on real
# detections.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_fast.py',
]

rig = dict(data_root='data/Campus', cameras=None)
synthetic = dict(rig_file='calibration_campus.json', image_size=(360, 288), **rig)
train_dataloader = dict(batch_size=16, dataset=synthetic)
val_dataloader = dict(dataset=synthetic)
test_dataloader = dict(dataset=dict(_delete_=True, type='CampusDataset', test_mode=True, **rig))
test_evaluator = dict(_delete_=True, type='PCPMetric', head='voxelpose_campus')
