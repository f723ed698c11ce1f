"""Joints in 3D without a learned model: feet, hands and faces, and animals and objects."""
