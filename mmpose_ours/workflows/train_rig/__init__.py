"""Train for one rig and report whether it improves over the pretrained pose prior."""
