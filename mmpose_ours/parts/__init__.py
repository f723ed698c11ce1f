"""Joints beyond the body in 3D: feet, hands, faces, and whatever else a detector gives."""
