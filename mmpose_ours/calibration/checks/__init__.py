"""What is wrong or strange about a rig, by itself, by its images and by detected people."""
