"""What holds for all tests."""

import os
import signal

import hypothesis

# Whatever is started in the background ignores these, and so does all that it starts. Some of it is to be interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Nor is anything read that whoever runs the tests has linked to.
os.environ["ACCESS_ROLES"] = ""

# How long an example takes is no matter of a test.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("here")
