"""What ``tools/`` adds to the launch scripts of MMPose, and the check of an environment."""
