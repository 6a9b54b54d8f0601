"""What the commands have in common on the command line."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a command declares itself. Its default ``run`` takes the parsed options and returns the exit code."""
