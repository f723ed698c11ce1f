"""Up axis, scale and floor of a rig, from what is known of the scene."""
