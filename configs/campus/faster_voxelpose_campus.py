# Campus with the fast model: trained on invented people in its three cameras.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/synthetic_data.py',
    '../_base_/schedule_fast.py',
]
