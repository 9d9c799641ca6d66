"""The shell: one file per DVC stage, and the commands around them."""
